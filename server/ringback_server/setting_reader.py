"""Settings are read from flags and `RINGBACK_…` variables: a flag wins over its variable."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, NoReturn, cast

from ringback_server.errors import StartError
from ringback_server.setting_values import switch
from ringback_server.settings import Settings, flag, variable


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other reason not to start."""

    def error(self, message: str) -> NoReturn:
        """Raise StartError."""
        raise StartError(f"{message}; --help lists what there is")


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read the settings: a flag wins over its variable, which wins over the default.

    Raises StartError for a flag that is not known or a value that makes no sense; `--help` leaves
    through SystemExit, as argparse does.
    """
    parser = _Parser(
        prog="ringback serve", description="Run the Ringback server.", allow_abbrev=False
    )
    for option in fields(Settings):
        about = f"{option.metadata['help']}{_default(option)} [{variable(option)}]"
        if option.metadata["read"] is switch:
            parser.add_argument(flag(option), action="store_const", const="true", help=about)
        else:
            parser.add_argument(
                flag(option),
                dest=option.name,
                action=option.metadata.get("action", "store"),
                metavar=option.metadata["metavar"],
                help=about,
            )
    given = vars(parser.parse_args(arguments))
    chosen: dict[str, Any] = {}
    for option in fields(Settings):
        for source, text in (
            (flag(option), _joined(given[option.name])),
            (variable(option), environment.get(variable(option)) or None),
        ):
            # A flag that may be repeated says something each time: it is no empty variable.
            if text or (text is not None and option.metadata.get("action") == "append"):
                chosen[option.name] = _read(option, source, text)
                break
    settings = Settings(**chosen)
    _check(settings)
    return settings


def _default(option: Field[Any]) -> str:
    """Return what the help says of a default, as it would be given."""
    default: object = option.default
    if default in {None, False, (), MISSING}:
        return ""
    several = cast("tuple[object, ...]", default) if isinstance(default, tuple) else (default,)
    return f" (default {','.join(map(str, several))})"


def _joined(given: str | list[str] | None) -> str | None:
    """Return what a flag was given, between commas if it was repeated."""
    return ",".join(given) if isinstance(given, list) else given


def _check(settings: Settings) -> None:
    """Raise StartError for settings that do not go together."""
    if (settings.tls_cert is None) is not (settings.tls_key is None):
        raise StartError("--tls-cert and --tls-key go together: give both or neither")
    if settings.tls_cert and settings.tls_self_signed:
        raise StartError("--tls-cert and --tls-self-signed exclude one another: choose one")
    if settings.tls_client_ca and not settings.encrypted:
        raise StartError("--tls-client-ca needs TLS: add --tls-cert and --tls-key")
    _check_seal(settings)
    real = [name for name, url in settings.connectors if url == "google"]
    if real and settings.google_credentials is None:
        raise StartError(f"--connector {real[0]}=google needs --google-credentials")
    if settings.metadata_address and not settings.metadata_address.loopback:
        raise StartError(
            f"--metadata-address gives tokens to whoever asks, and {settings.metadata_address} "
            "is not on the loopback interface: choose 127.0.0.1"
        )


def _check_seal(settings: Settings) -> None:
    new = (settings.seal_key_file, settings.seal_passphrase_file)
    old = (settings.seal_old_key_file, settings.seal_old_passphrase_file)
    if all(new):
        raise StartError("--seal-key-file and --seal-passphrase-file exclude one another")
    if all(old):
        raise StartError("--seal-old-key-file and --seal-old-passphrase-file exclude one another")
    if any(old) and not any(new):
        raise StartError("--seal-old-… is for a change: name the new key or passphrase too")


def _read(option: Field[Any], source: str, text: str) -> object:
    try:
        return option.metadata["read"](text)
    except ValueError as error:
        raise StartError(f"{source}: {error}") from error

"""Options that several commands take, and how their values are read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringback_client.cli.durations import parse_duration
from ringback_client.cli.formats import Format, parse_document_format, parse_format
from ringback_client.cli.json_text import parse_json

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Location = Annotated[str, typer.Option(metavar="LOCATION", help="The location of short names.")]
Project = Annotated[
    str | None,
    typer.Option(metavar="PROJECT", help="The project of short names.", show_default="the key's"),
]
Workflow = Annotated[
    str | None,
    typer.Option(
        metavar="WORKFLOW", help="The workflow, when the execution is given by its id alone."
    ),
]
Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="Print so many at most.")]
Filter = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="FILTER",
        help=(
            'Those that it admits, such as "state=FAILED AND createTime>2026-01-01". The server '
            "reads it, as AIP-160 has it: this is not the language of gcloud's --filter, where "
            "OR and other names differ."
        ),
        show_default=False,
    ),
]
SortBy = Annotated[
    str,
    typer.Option(
        metavar="FIELD,…",
        help="In this order; ~FIELD or FIELD desc begins with the largest. The server sorts.",
        show_default=False,
    ),
]
PageSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Ask the server for so many at a time; all are printed.",
        show_default="the server's",
    ),
]
Labels = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE,…", help="Labels of the execution.")
]
Data = Annotated[
    str | None,
    typer.Option(metavar="JSON", help="The argument, as JSON; @FILE reads it from a file."),
]
TableFormat = Annotated[
    Format,
    typer.Option(
        "--format",
        metavar="FORMAT",
        parser=parse_format,
        help="How to print it: table, json, yaml, or fields: value(KEY,…), csv(KEY,…).",
    ),
]
ResultFormat = Annotated[
    Format,
    typer.Option(
        "--format",
        metavar="FORMAT",
        parser=parse_document_format,
        help="How to print it: json, yaml, or fields: value(KEY,…), csv(KEY,…).",
    ),
]
Async = Annotated[
    bool, typer.Option("--async", help="Print the operation's name and do not wait for it.")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", min=0, help="How long to wait at most.", show_default="for ever"
    ),
]
ExecutionName = Annotated[
    str, typer.Argument(metavar="EXECUTION", help="Its full name, or its id (with --workflow).")
]

Member = Annotated[
    str,
    typer.Option(
        metavar="MEMBER",
        help=(
            "Who: serviceAccount:ADDRESS, or principal://ISSUER/subject/SUBJECT of another issuer; "
            "an address alone is a service account's."
        ),
    ),
]
Role = Annotated[
    str,
    typer.Option(
        metavar="ROLE", help="A role, such as roles/workflows.invoker, or a custom role's id."
    ),
]
Expires = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help=(
            "Until when: a time as 2027-01-01T00:00:00Z, a day as 2027-01-01, which is its "
            "beginning in UTC, or a duration from now on, as 30d."
        ),
        show_default="for ever",
    ),
]


def parse_expiry(text: str | None, option: str = "--expires") -> datetime | None:
    """Read a time, a day, or a duration from now on; raises typer.BadParameter."""
    if text is None:
        return None
    if text[:1].isdigit() and "-" in text:
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            message = f"{text!r} is not a time such as 2027-01-01T00:00:00Z"
            raise typer.BadParameter(message, param_hint=option) from error
        if found.tzinfo is not None:
            return found
        if not _DAY.fullmatch(text):
            raise typer.BadParameter(f"{text!r} has no time zone: add Z", param_hint=option)
        return found.replace(tzinfo=UTC)
    return datetime.now(UTC) + parse_duration(text, option)


def order_by(text: str) -> str:
    """Return an order as the server reads it; in `--sort-by`, ~ puts the largest first."""
    keys = [key.strip() for key in text.split(",")] if text.strip() else []
    return ", ".join(f"{key[1:]} desc" if key.startswith("~") else key for key in keys)


def parse_pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """Read `KEY=VALUE,KEY=VALUE`, or raise typer.BadParameter."""
    pairs: dict[str, str] = {}
    for pair in (part for text in texts or () for part in text.split(",")):
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint=option)
        pairs[key] = value
    return pairs


def read_json(text: str) -> str:
    """Return JSON text that was given itself or as @FILE, or raise typer.BadParameter."""
    text = read_text(text)
    try:
        parse_json(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--data") from error
    return text


def read_text(text: str) -> str:
    """Return text that was given itself or as @FILE, or raise typer.BadParameter."""
    if not text.startswith("@"):
        return text
    return read_file(Path(text.removeprefix("@")), "--data")


def read_file(path: Path, option: str) -> str:
    """Return the text of a file, or raise typer.BadParameter."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise typer.BadParameter(f"cannot read {path}: {reason}", param_hint=option) from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{path} is not UTF-8", param_hint=option) from error

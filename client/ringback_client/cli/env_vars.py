"""The environment variables of a workflow, as gcloud's options change them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer
import yaml

from ringback_client.cli.options import parse_pairs, read_file

Change = Callable[[Mapping[str, str]], Mapping[str, str]]

SetEnvVars = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE,…", help="What sys.get_env finds; replaces all."),
]
UpdateEnvVars = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE,…", help="The same; leaves the others as they are."),
]
RemoveEnvVars = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY,…", help="What sys.get_env is to find no longer."),
]
EnvVarsFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="What sys.get_env finds, a map in YAML; replaces all."),
]
ClearEnvVars = Annotated[
    bool, typer.Option("--clear-env-vars", help="Leave nothing that sys.get_env finds.")
]


def change_of(
    replaced: Sequence[str] | None,
    updated: Sequence[str] | None,
    removed: Sequence[str] | None,
    file: Path | None,
    *,
    cleared: bool,
) -> Change | None:
    """Return what makes new variables of the present ones; None if no option was given.

    Raises typer.BadParameter for what cannot be read, and for two options that exclude each other.
    """
    options = {
        "--set-env-vars": replaced is not None,
        "--update-env-vars": updated is not None,
        "--remove-env-vars": removed is not None,
        "--env-vars-file": file is not None,
        "--clear-env-vars": cleared,
    }
    given = [name for name, is_given in options.items() if is_given]
    if len(given) > 1:
        raise typer.BadParameter(f"goes without {given[0]}", param_hint=given[1])
    if updated is not None:
        changes = parse_pairs(updated, given[0])
        return lambda present: {**present, **changes}
    if removed is not None:
        keys = frozenset(key for text in removed for key in text.split(","))
        return lambda present: {k: v for k, v in present.items() if k not in keys}
    if not given:
        return None
    variables = _read(file) if file is not None else parse_pairs(replaced, given[0])
    return lambda _: variables


def _read(path: Path) -> Mapping[str, str]:
    """Read a file of variables; raise typer.BadParameter."""
    option = "--env-vars-file"
    try:
        found = cast("object", yaml.safe_load(read_file(path, option)))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{path} is not YAML: {error}", param_hint=option) from error
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{path} is not a map", param_hint=option)
    for key, value in cast("dict[object, object]", found).items():
        if not isinstance(key, str) or not isinstance(value, str):
            words = f"{path}: {key} and what it is must be strings; put them in quotes"
            raise typer.BadParameter(words, param_hint=option)
    return cast("dict[str, str]", found)

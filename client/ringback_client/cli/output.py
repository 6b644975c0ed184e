"""What is printed: data on stdout in the form asked for, words on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from enum import StrEnum

import typer
import yaml
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text


class Format(StrEnum):
    """How data are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class DocumentFormat(StrEnum):
    """How data are printed that do not fit a table."""

    JSON = "json"
    YAML = "yaml"


class _Dumper(yaml.SafeDumper):
    """Writes strings of several lines as a block, so that they can be read."""


def _represent_text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def write_document(message: Message, form: DocumentFormat | Format) -> None:
    """Print a message as JSON or YAML, with the names that the REST API uses."""
    write_value(MessageToDict(message), form)


def write_value(value: object, form: DocumentFormat | Format) -> None:
    """Print a value as JSON or YAML."""
    if form == DocumentFormat.YAML:
        text = yaml.dump(
            value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize
        )
        typer.echo(text.removesuffix("...\n").rstrip("\n"))
    else:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def write_list(
    items: Sequence[Message], rows: Sequence[Mapping[str, str]], form: Format, *, empty: str
) -> None:
    """Print items, or for a table the rows that stand for them; say `empty` if there are none."""
    if form != Format.TABLE:
        write_value([MessageToDict(item) for item in items], form)
    elif rows:
        write_table(rows)
    else:
        say(empty)


def write_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Print at least one row under a line of headings; nothing is cut off."""
    headings = list(rows[0])
    lines = [headings, *([_printable(cell) for cell in row.values()] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(headings))]
    console = Console(highlight=False)
    for number, line in enumerate(lines):
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        )
        style = "bold" if number == 0 else ""
        console.print(Text("  ".join(padded).rstrip(), style=style), soft_wrap=True)


def say(words: str) -> None:
    """Tell the person at the terminal something."""
    Console(stderr=True, highlight=False).print(Text(words, style="dim"), soft_wrap=True)


def say_plainly(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """Print lines as they are, but for what could move the cursor."""
    for line in lines:
        typer.echo(_printable(line), err=to_stderr)


def say_error(message: str, next_step: str | None = None) -> None:
    """Say what went wrong and, if that is known, what to do."""
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("Error: ", "bold red"), _printable(message)), soft_wrap=True)
    if next_step:
        console.print(Text(next_step), soft_wrap=True)


def moment(timestamp: Timestamp) -> str:
    """Write a time for a table: UTC, to the millisecond; empty when it is not set."""
    if not timestamp.ByteSize():
        return ""
    time = timestamp.ToDatetime(tzinfo=UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _printable(text: str) -> str:
    """Escape what could move the cursor or change colours: a log may hold anybody's words."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1]
        for character in text
    )

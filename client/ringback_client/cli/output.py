"""What is printed: data on stdout in the form asked for, words on stderr."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

import typer
import yaml
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.cells import cell_len
from rich.text import Text

from ringback_client.cli.formats import Format, Kind, fields, in_words
from ringback_client.cli.terminal import console

_COLOURS = {"+": "green", "-": "red", "@": "cyan", "~": "yellow"}


class _Dumper(yaml.SafeDumper):
    """Writes strings of several lines as a block, so that they can be read."""


def _represent_text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def write_document(message: Message, form: Format) -> None:
    """Print a message in a form, with the names that the REST API uses."""
    write_value(MessageToDict(message), form)


def write_value(value: object, form: Format) -> None:
    """Print a value in a form."""
    if form.columns or form.kind is Kind.NONE:
        _write_fields([value], form, single=True)
    else:
        _write_whole(value, form.kind)


def write_list(
    items: Sequence[Message], rows: Sequence[Mapping[str, str]], form: Format, *, empty: str
) -> None:
    """Print items, or for a table the rows that stand for them; say `empty` if there are none."""
    if form.kind is Kind.TABLE and not items:
        say(empty)
    elif form.columns or form.kind is Kind.NONE:
        _write_fields([MessageToDict(item) for item in items], form)
    elif form.kind is Kind.TABLE:
        write_table(rows)
    else:
        _write_whole([MessageToDict(item) for item in items], form.kind)


def _write_whole(value: object, kind: Kind) -> None:
    if kind is Kind.YAML:
        text = yaml.dump(
            value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize
        )
        typer.echo(text.removesuffix("...\n").rstrip("\n"))
    else:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _write_fields(items: Sequence[object], form: Format, *, single: bool = False) -> None:
    """Print the fields that were asked for of each item."""
    if form.kind in {Kind.JSON, Kind.YAML}:
        found = [fields(item, form.columns) for item in items]
        _write_whole(found[0] if single else found, form.kind)
        return
    rows = [[in_words(column.of(item)) for column in form.columns] for item in items]
    labels = [column.label for column in form.columns]
    if form.kind is Kind.TABLE:
        _write_lines([labels, *rows] if form.heading else rows, heading=form.heading)
    elif form.kind is Kind.CSV:
        writer = csv.writer(sys.stdout, delimiter=form.separator[0], lineterminator="\n")
        writer.writerows([[label.lower() for label in labels], *rows] if form.heading else rows)
    elif form.kind is Kind.VALUE:
        for row in rows:
            line = form.separator.join(row)
            typer.echo(_printable(line) if sys.stdout.isatty() else line)


def write_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Print at least one row under a line of headings; nothing is cut off."""
    _write_lines([[*rows[0]], *([*row.values()] for row in rows)], heading=True)


def _write_lines(lines: Sequence[Sequence[str]], *, heading: bool) -> None:
    cells = [[_printable(cell) for cell in line] for line in lines]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    out = console()
    for number, line in enumerate(cells):
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        )
        style = "bold" if heading and number == 0 else ""
        out.print(Text("  ".join(padded).rstrip(), style=style), soft_wrap=True)


def write_diff(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """Print the lines of a unified diff, coloured on a terminal."""
    out = console(stderr=to_stderr)
    for line in lines:
        style = "bold" if line.startswith(("+++", "---")) else _COLOURS.get(line[:1], "")
        out.print(Text(_printable(line), style=style), soft_wrap=True)


def write_line(text: str, style: str = "") -> None:
    """Print a line at once, styled on a terminal."""
    console().print(Text(_printable(text), style=style), soft_wrap=True)
    sys.stdout.flush()


def say(words: str) -> None:
    """Tell the person at the terminal something."""
    console(stderr=True).print(Text(words, style="dim"), soft_wrap=True)


def say_plainly(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """Print lines as they are, but for what could move the cursor."""
    for line in lines:
        typer.echo(_printable(line), err=to_stderr)


def say_error(message: str, next_step: str | None = None) -> None:
    """Say what went wrong and, if that is known, what to do."""
    out = console(stderr=True)
    out.print(Text.assemble(("Error: ", "bold red"), _printable(message)), soft_wrap=True)
    if next_step:
        out.print(Text(next_step), soft_wrap=True)


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

"""What a document tells its reader to do: files to write and commands to type, with their output.

In Markdown, a fenced block with a file name after its language, such as `yaml hello.yaml`, is that
file. A `console` block is typed: each line that begins with `$ ` is a command, `> ` continues it,
and the lines below are what it prints, where `…` stands for anything: alone on a line, for any
number of lines. A command may be shown without its output. In a `console keeps-running` block is
one command that goes on in a terminal of its own, a server, and how its output begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

#: ports that documents show; each stands for whatever port it was this time
SHOWN_PORTS = ("8787", "8780", "8788", "8790")

_ANYTHING = "…"
_PORT = re.compile("|".join(SHOWN_PORTS))
_FILE_NAME = re.compile(r"[\w.-]+\.[a-z]+")
_FENCE = re.compile(r"(?P<fence>`{3,})(?P<info>[^`]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a document."""

    #: its first line, counted from 1
    line: int
    info: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that the reader writes."""

    line: int
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that the reader types."""

    line: int
    text: str
    #: what it prints, empty where that is not shown
    output: str
    keeps_running: bool


def blocks(document: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document in Markdown."""
    lines = iter(enumerate(document.splitlines(), start=1))
    for number, line in lines:
        if opening := _FENCE.fullmatch(line.rstrip()):
            inside: list[str] = []
            for _, text in lines:
                if text.rstrip() == opening["fence"]:
                    break
                inside.append(text)
            yield Block(line=number, info=tuple(opening["info"].split()), text="\n".join(inside))


def steps(document: str) -> Iterator[File | Command]:
    """Yield what the reader of a document does, in order."""
    for block in blocks(document):
        language, *rest = block.info or ("",)
        if language == "console":
            yield from _typed(block, keeps_running="keeps-running" in rest)
        elif rest and _FILE_NAME.fullmatch(rest[0]):
            yield File(line=block.line, name=rest[0], text=block.text + "\n")


def _typed(block: Block, *, keeps_running: bool) -> Iterator[Command]:
    for number, part in enumerate(re.split(r"^\$ ", block.text, flags=re.MULTILINE)):
        if number == 0:
            if part:
                raise ValueError(f"line {block.line}: a console block begins with a command")
            continue
        first, *lines = part.splitlines()
        typed = [first]
        while lines and lines[0].startswith("> "):
            typed.append(lines.pop(0).removeprefix("> "))
        yield Command(
            line=block.line,
            text="\n".join(typed),
            output="\n".join(lines),
            keeps_running=keeps_running,
        )


def matched(shown: str, output: str, *, whole: bool = True) -> Mapping[str, str] | None:
    """Match what was printed with what a document shows of it.

    Returns the ports, by how they are shown, or None if it does not match.
    """
    lines = [_line(line) for line in shown.splitlines()]
    pattern = _PORT.sub(_port_group(), "".join(lines))
    text = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
    found = re.fullmatch(pattern, text) if whole else re.match(pattern, text)
    if found is None:
        return None
    return {name.removeprefix("p"): port for name, port in found.groupdict().items()}


def _line(shown: str) -> str:
    """Return a pattern for one line; columns may be wider than shown."""
    if shown == _ANYTHING:
        return r"(?:.*\n)*?"
    words = re.split(r"( +|…)", shown.rstrip())
    return "".join(_word(word) for word in words) + r"\n"


def _word(word: str) -> str:
    if word == _ANYTHING:
        return ".*"
    return " +" if word.isspace() else re.escape(word)


def _port_group() -> Callable[[re.Match[str]], str]:
    """Return what replaces a port in a pattern: a group at first, then the same port again."""
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        port = found.group()
        known = port in seen
        seen.add(port)
        return rf"(?P=p{port})" if known else rf"(?P<p{port}>\d+)"

    return group


def documents(root: Path) -> list[Path]:
    """Return every document whose commands are run."""
    return sorted([*root.glob("docs/**/*.md"), *root.glob("examples/*/README.md")])

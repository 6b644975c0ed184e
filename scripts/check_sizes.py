"""Keeps modules and functions short, and silenced checks few and explained."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("server", "client")
CHECKED = ("server", "client", "tests", "scripts")
RUNNER = ROOT / "tests" / "conformance"
MODULE_LINES = 400
FUNCTION_LINES = 60
IGNORES = 9

IGNORE = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:|mypy:|ruff:)", re.IGNORECASE)
REASONED = re.compile(
    r"#\s*(noqa:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|(type|pyright):\s*ignore\[[\w, -]+\])\s+\S+"
)


def main() -> int:
    """Print what is too long, too often silenced or silenced without a reason."""
    complaints = [*_too_long(), *_silenced()]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def _sources(folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _too_long() -> Iterator[str]:
    for path in _sources(PRODUCT):
        text = path.read_text()
        lines = text.count("\n")
        if lines > MODULE_LINES:
            yield f"{path.relative_to(ROOT)}: {lines} lines, more than {MODULE_LINES}"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield f"{place}: {node.name} has {length} lines, more than {FUNCTION_LINES}"


def _silenced() -> Iterator[str]:
    found: list[str] = []
    for path in _sources(CHECKED):
        if path.parent == RUNNER:
            continue
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            if token.type == tokenize.COMMENT and IGNORE.search(token.string):
                place = f"{path.relative_to(ROOT)}:{token.start[0]}"
                found.append(place)
                if not REASONED.search(token.string):
                    yield f"{place}: name the rule and the reason: {token.string}"
    if len(found) > IGNORES:
        yield f"{len(found)} silenced checks, more than {IGNORES}: {', '.join(found)}"


if __name__ == "__main__":
    sys.exit(main())

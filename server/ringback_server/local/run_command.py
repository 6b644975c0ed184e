"""`ringback run FILE --local`: runs a definition here, its calls answered by stubs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import yaml

from ringback_server.lang.values import from_json
from ringback_server.local.cases import is_test_file
from ringback_server.local.definitions import read_runnable
from ringback_server.local.differences import compact, written
from ringback_server.local.documenting import document_of, log_lines, printable
from ringback_server.local.documents import BadFileError
from ringback_server.local.fitting import callback_problems
from ringback_server.local.results import Result, StuckError
from ringback_server.local.scripts import Script, read_script
from ringback_server.local.simulation import simulate
from ringback_server.local.stubs import seconds_of

_FAILED: Final = 1
_USAGE: Final = 2


def _as_it_is(_payload: str, context: str) -> str:
    return context


def run(arguments: Sequence[str], explain: Callable[[str, str], str] = _as_it_is) -> int:
    """Run a definition; returns 0 when it succeeds, 1 when it fails, 2 for files that will not do.

    `explain` tells a failure for people, given its payload as JSON and its context.
    Raises SystemExit, with status 2 when the arguments are wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        runnable = read_runnable(Path(options.file))
        argument, script = _argument(options.data), _script(options)
        for problem in callback_problems(script.callbacks, runnable):
            sys.stderr.write(f"Warning: {printable(problem)}\n")
        result = simulate(runnable, argument, script, options.subworkflow)
    except StuckError as stuck:
        _print(stuck.so_far, options.format)
        return _fail(stuck.message, _FAILED)
    except BadFileError as error:
        return _fail(f"{error}{_hint(Path(error.file))}", _USAGE)
    except ValueError as error:
        return _fail(str(error), _USAGE)
    _print(result, options.format)
    if result.error is not None:
        told = explain(compact(result.error.value), result.error.context)
        return _fail(f"The execution ended as {result.state}. {told}", _FAILED)
    return 0


def _hint(path: Path) -> str:
    return f"\nCases are run with: ringback test {path}" if is_test_file(path) else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ringback run --local", description="Run a definition here, with stubs."
    )
    parser.add_argument("file", metavar="FILE", help="the definition")
    parser.add_argument("--data", metavar="JSON", help="the argument")
    parser.add_argument("--stubs", metavar="FILE", help="what answers its calls")
    parser.add_argument("--env", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--subworkflow", metavar="NAME", help="what to run instead of main")
    parser.add_argument("--now", metavar="TIME", help="when it begins, in RFC 3339")
    parser.add_argument("--format", choices=("json", "yaml"), help="print all about it")
    return parser


def _script(options: argparse.Namespace) -> Script:
    env = dict[str, str]()
    for pair in options.env:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ValueError(f"--env: {pair!r} is not KEY=VALUE")
        env[key] = value
    given = Script(now=None if options.now is None else seconds_of(options.now), env=env)
    return given if options.stubs is None else given.before(read_script(Path(options.stubs)))


def _argument(text: str | None) -> object:
    try:
        return None if text is None else from_json(text)
    except ValueError as error:
        raise ValueError(f"--data: not JSON: {error}") from None


def _print(result: Result, form: str | None) -> None:
    """Print the result, and entries as they are logged; or, in a form, all about the run."""
    if form is not None:
        text = written(document_of(result))
        if form == "yaml":
            text = yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True).rstrip()
        sys.stdout.write(f"{text}\n")
        return
    for line in log_lines(result):
        sys.stderr.write(f"{printable(line)}\n")
    for note in result.callback_notes:
        sys.stderr.write(f"{printable(f'Callback {note}')}\n")
    if result.succeeded:
        sys.stdout.write(json.dumps(result.result, indent=2, ensure_ascii=False) + "\n")


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"Error: {printable(message)}\n")
    return status

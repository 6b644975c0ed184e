"""Test files: a definition, and cases of what it is given and what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ringback_server.lang.problems import nearest, shown
from ringback_server.local.documents import BadFileError, Document, FieldError, read_document
from ringback_server.local.matching import is_map
from ringback_server.local.schema import record_of
from ringback_server.local.scripts import Script, script_of
from ringback_server.local.services import check_call
from ringback_server.local.stubs import Surroundings, check_method, given_of
from ringback_server.model.resources import SEVERITIES

_SUFFIXES = (".test.yaml", ".test.yml", ".test.json")


class ExpectedCall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that must have been made; in texts, * stands for anything."""

    call: str | None = None
    step: str | None = None
    method: str | None = None
    #: the query counts only if there is one here
    url: str | None = None
    #: OIDC or OAuth2, or any of them
    auth: Literal["OIDC", "OAuth2", "*"] | None = None
    #: what is among the headers
    headers: dict[str, str] | None = None
    #: what is in the body
    body: object | UnsetType = UNSET
    #: what is among the arguments
    args: dict[str, object] | None = None

    def __post_init__(self) -> None:
        """Raise FieldError for a call that cannot be."""
        check_call(self.call, given_of(self, ("url", "method", "headers", "auth", "args", "body")))
        if self.method is not None and "*" not in self.method:
            check_method(self.method, self.call)


class ExpectedEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log entry that must have been written; in texts, * stands for anything."""

    severity: str | None = None
    step: str | None = None
    text: str | None = None
    #: what is in the entry
    json: object | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise FieldError for a severity that no entry has."""
        severity = self.severity
        if severity is not None and "*" not in severity and severity not in SEVERITIES:
            hint = nearest(severity.upper(), SEVERITIES) or f"; there are {', '.join(SEVERITIES)}"
            raise FieldError("severity", f"there is no severity '{shown(severity)}'{hint}")


Calls = tuple[ExpectedCall, ...]
Entries = tuple[str | ExpectedEntry, ...]


class Expectations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must come of a run; without `error` it must succeed."""

    #: exactly the result
    result: object | UnsetType = UNSET
    #: what is in the result
    result_includes: object | UnsetType = UNSET
    #: the error's message, or what is in the error
    error: str | dict[str, object] | None = None
    #: all calls, in order
    calls: Calls | None = None
    #: some of the calls, in order
    calls_include: Calls | None = None
    logs: Entries | None = None
    logs_include: Entries | None = None
    #: in virtual seconds
    duration: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot come together."""
        results = [self.result is not UNSET, self.result_includes is not UNSET]
        if any(results) and self.error is not None:
            raise ValueError("a run ends with a result or with an error, not with both")
        if all(results):
            raise ValueError("expect 'result' or 'result_includes', not both")


class Case(Surroundings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run, and what must come of it."""

    name: Annotated[str, Meta(min_length=1)]
    #: what is run instead of main, its argument a map of arguments by name
    subworkflow: str | None = None
    argument: object = None
    expect: Expectations = Expectations()


class CaseFile(Surroundings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test file; what it has beside cases is for all of them."""

    #: relative to the test file; `a.yaml` for `a.test.yaml` unless given
    definition: str | None = None
    cases: Annotated[tuple[Case, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A case with all that is for it, its own or for all cases."""

    name: str
    #: of the name
    line: int
    subworkflow: str | None
    argument: object
    script: Script
    expect: Expectations


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A test file that was read."""

    path: Path
    document: Document
    file: CaseFile
    definition: Path
    cases: tuple[Trial, ...]


def is_test_file(path: Path) -> bool:
    """Tell whether a file is a test file by its name."""
    return path.name.endswith(_SUFFIXES)


def read_suite(path: Path) -> Suite:
    """Read a test file; raises BadFileError."""
    document = read_document(path)
    _check_kind(document, path)
    file = record_of(document, CaseFile)
    _check_names(document, file)
    return Suite(
        path=path,
        document=document,
        file=file,
        definition=_definition(document, file, path),
        cases=tuple(_trials(document, file)),
    )


def _check_kind(document: Document, path: Path) -> None:
    plain = document.plain()
    if is_test_file(path) or (is_map(plain) and "cases" in plain):
        return
    beside = (path.with_name(f"{path.stem}{suffix}") for suffix in _SUFFIXES)
    found = next((other for other in beside if other.is_file()), None)
    hint = f"; did you mean {found}?" if found else f" ({', '.join(_SUFFIXES)}), it has no 'cases'"
    raise BadFileError.of_file(document.file, f"this is no test file{hint}")


def _check_names(document: Document, file: CaseFile) -> None:
    seen = set[str]()
    for place, case in enumerate(file.cases):
        if case.name in seen:
            problem = f"there is another case named '{case.name}'"
            raise document.refusal(problem, ("cases", place, "name"))
        seen.add(case.name)


def _definition(document: Document, file: CaseFile, path: Path) -> Path:
    if file.definition is not None:
        found = path.parent / file.definition
        if not found.is_file():
            beside = (one.name for one in sorted(found.parent.glob("*")) if one.is_file())
            hint = nearest(found.name, beside)
            raise document.refusal(f"there is no file {found}{hint}", ("definition",))
        return found
    if not is_test_file(path):
        raise document.refusal("name the file that is tested with 'definition'")
    stem = next(path.name.removesuffix(s) for s in _SUFFIXES if path.name.endswith(s))
    for suffix in (".yaml", ".yml", ".json"):
        if (path.parent / f"{stem}{suffix}").is_file():
            return path.parent / f"{stem}{suffix}"
    raise document.refusal(f"there is no {stem}.yaml: name the file with 'definition'")


def _trials(document: Document, file: CaseFile) -> Iterator[Trial]:
    """Yield cases with what is for all of them: a case's own stubs and callbacks come first."""
    shared = script_of(document, file)
    for place, case in enumerate(file.cases):
        route = ("cases", place)
        yield Trial(
            name=case.name,
            line=document.position(route, "name").line,
            subworkflow=case.subworkflow,
            argument=case.argument,
            script=script_of(document, case, route).before(shared),
            expect=case.expect,
        )

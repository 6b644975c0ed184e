"""A definition's text -> nodes, whether it is YAML or JSON.

What is hostile or broken as a whole is refused with one problem, before it costs anything.
"""

from __future__ import annotations

import re
from typing import Final

from ringback_server.lang.json_reader import read_json
from ringback_server.lang.limits import Limits
from ringback_server.lang.node_builder import refusal
from ringback_server.lang.nodes import Node
from ringback_server.lang.problems import DefinitionError, Problem, Problems
from ringback_server.lang.source_text import SourceText
from ringback_server.lang.yaml_reader import read_yaml

#: what YAML calls printable; JSON forbids the rest too, but for DEL and its neighbours
_FORBIDDEN: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BYTE_ORDER_MARK: Final = "\ufeff"
_SURROGATES: Final = range(0xD800, 0xE000)


def read_source(text: str, limits: Limits, problems: Problems) -> tuple[SourceText, Node | None]:
    """Return the text with its lines, and its root node: None when it holds nothing.

    Problems that leave the rest readable are added to `problems`; others raise DefinitionError.
    """
    source = SourceText(text.removeprefix(_BYTE_ORDER_MARK)) if _fits(text, limits) else None
    if source is None:
        top = SourceText("").position(0, 0)
        raise refusal(f"the source is larger than {limits.source_bytes} bytes", top)
    _check_characters(source)
    return source, _read(source, limits, problems)


def _fits(text: str, limits: Limits) -> bool:
    if len(text) > limits.source_bytes:
        return False
    return len(text.encode("utf-8", "surrogatepass")) <= limits.source_bytes


def _check_characters(source: SourceText) -> None:
    found = _FORBIDDEN.search(source.text)
    if found is None:
        return
    code = ord(found[0])
    kind = "half of a surrogate pair" if code in _SURROGATES else f"the character U+{code:04X}"
    raise refusal(f"the source must not hold {kind}", source.position(*found.span()))


def _read(source: SourceText, limits: Limits, problems: Problems) -> Node | None:
    if not source.text.lstrip().startswith(("{", "[")):
        return read_yaml(source, limits, problems)
    # it looks like JSON, which may also be YAML in flow style
    found = Problems()
    try:
        root = read_json(source, limits, found)
    except DefinitionError as json_error:
        return _read_flow(source, limits, problems, json_error)
    problems.extend(found)
    return root


def _read_flow(
    source: SourceText, limits: Limits, problems: Problems, json_error: DefinitionError
) -> Node | None:
    """Read what is no JSON as YAML; if it is neither, whoever came further knows better."""
    try:
        return read_yaml(source, limits, problems)
    except DefinitionError as yaml_error:
        raise max(json_error, yaml_error, key=_reached) from None


def _reached(error: DefinitionError) -> tuple[int, int]:
    problem: Problem = error.problems[0]
    return problem.line, problem.column

"""YAML text -> nodes, from the events of PyYAML's C parser: nothing here recurses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import yaml

from ringback_server.lang import expressions, scalars
from ringback_server.lang.limits import Limits
from ringback_server.lang.node_builder import NodeBuilder, refusal
from ringback_server.lang.nodes import Node, Scalar, Style
from ringback_server.lang.problems import DefinitionError, Problems, shown
from ringback_server.lang.source_text import SourceText

_STYLES: Final = {
    "'": Style.SINGLE,
    '"': Style.DOUBLE,
    "|": Style.BLOCK,
    ">": Style.BLOCK,
}
_Collection = yaml.MappingStartEvent | yaml.SequenceStartEvent
_Tagged = yaml.ScalarEvent | _Collection
_CORE: Final = "tag:yaml.org,2002:"


def _same(text: str) -> str:
    return text


def _only(*kinds: type) -> Callable[[str], expressions.Scalar]:
    def resolve(text: str) -> expressions.Scalar:
        value = scalars.plain(text)
        if type(value) not in kinds:
            raise scalars.ScalarError(f"'{shown(text)}' is not what its tag says")
        return value

    return resolve


#: how the core schema's tags read a scalar; `!` says that it is a string
_SCALAR_TAGS: Final[dict[str | None, Callable[[str], expressions.Scalar]]] = {
    "!": _same,
    f"{_CORE}str": _same,
    f"{_CORE}null": _only(type(None)),
    f"{_CORE}bool": _only(bool),
    f"{_CORE}int": _only(int),
    f"{_CORE}float": _only(int, float),
}
_COLLECTION_TAGS: Final = {
    yaml.MappingStartEvent: (None, "!", f"{_CORE}map"),
    yaml.SequenceStartEvent: (None, "!", f"{_CORE}seq"),
}


def read_yaml(source: SourceText, limits: Limits, problems: Problems) -> Node | None:
    """Return the root of a YAML document, None when the text has none.

    Raises DefinitionError when the text is not YAML, or of a kind that is refused as a whole.
    """
    return _Reader(source, limits, problems).read()


class _Reader:
    """Feeds a builder with the events of one document."""

    def __init__(self, source: SourceText, limits: Limits, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        self._builder = NodeBuilder(source, limits, problems)
        self._documents = 0

    def read(self) -> Node | None:
        try:
            # events come one by one: a text refused early costs no more than its beginning
            for event in yaml.parse(self._source.text, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.YAMLError as error:
            raise self._syntax_error(error) from None
        return self._builder.root

    def _take(self, event: yaml.Event) -> None:
        builder = self._builder
        start, end = _indexes(event)
        match event:
            case yaml.ScalarEvent():
                builder.scalar(self._scalar(event), event.anchor)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_tag(event)
                is_map = isinstance(event, yaml.MappingStartEvent)
                builder.begin(start, mapping=is_map, anchor=event.anchor)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                builder.end(end)
            case yaml.AliasEvent():
                builder.alias(str(event.anchor), start, end)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    message = "the source holds more than one YAML document"
                    raise refusal(message, self._source.position(start, start))
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        style = _STYLES.get(event.style or "", Style.PLAIN)
        start, end = _indexes(event)
        value: expressions.Scalar = None
        try:
            value = self._value(event, style)
        except scalars.ScalarError as error:
            self._problems.add(str(error), self._source.position(start, end))
        return Scalar(value, style, start, end)

    def _value(self, event: yaml.ScalarEvent, style: Style) -> expressions.Scalar:
        text: str = event.value
        if event.tag is None:
            return scalars.plain(text) if style is Style.PLAIN else text
        resolve = _SCALAR_TAGS.get(event.tag)
        if resolve is None:
            raise self._unknown_tag(event)
        value = resolve(text)
        return float(value) if event.tag == f"{_CORE}float" and value is not None else value

    def _check_tag(self, event: _Collection) -> None:
        if event.tag not in _COLLECTION_TAGS[type(event)]:
            raise self._unknown_tag(event)

    def _unknown_tag(self, event: _Tagged) -> DefinitionError:
        tag = shown(str(event.tag).replace(_CORE, "!!"))
        place = self._source.position(*_indexes(event))
        return refusal(f"the YAML tag '{tag}' is not supported", place)

    def _syntax_error(self, error: yaml.YAMLError) -> DefinitionError:
        message, index = str(error), 0
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            index = mark.index if mark else 0
            words = (error.context, error.problem)
            message = ": ".join(word for word in words if word)
            if self._source.text.startswith("\t", index):
                message += "; lines are indented with spaces, not with tabs"
        return refusal(f"invalid YAML: {message}", self._source.position(index, index))


def _indexes(event: yaml.Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return (start.index if start else 0), (end.index if end else 0)

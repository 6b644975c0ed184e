"""Filters in the language of AIP-160, over the fields that a list has.

    condition  = factor { [ "AND" ] factor }
    factor     = term { "OR" term }
    term       = [ "NOT" | "-" ] ( comparison | "(" condition ")" )
    comparison = field operator value

So OR binds tighter than AND, and terms that stand side by side are joined by AND. A list whose
items are texts is searched by words instead: there, terms are comparisons and words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ringback_server.control.filter_values import unescape, value_of
from ringback_server.control.refusals import refused
from ringback_server.errors import InvalidArgumentError
from ringback_server.model.filters import (
    All,
    Any,
    Comparison,
    Condition,
    Field,
    Kind,
    Not,
    Pattern,
    Value,
)

_MAX_LENGTH = 2_000
_MAX_DEPTH = 20
_LONGEST_SHOWN = 80

_PATH = r'[A-Za-z_][\w-]*(?:\.(?:[\w-]+|"(?:[^"\\]|\\.)*"))*'
_COMPARED = re.compile(rf"(?P<path>{_PATH})\s*(?P<operator><=|>=|!=|=~|!~|<|>|=|:)\s*")
# A colon belongs to words: URLs are searched for.
_COMPARED_AMONG_WORDS = re.compile(
    r"(?P<path>[A-Za-z_][\w.]*)\s*(?P<operator><=|>=|!=|=~|!~|<|>|=)\s*"
)
_QUOTED = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_QUOTED_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"""[^\s()"',<>=!]+""")
_WORD = re.compile(r'[^\s"]+')
_SPACE = re.compile(r"\s*")
_PART = re.compile(r'\.(?:([\w-]+)|"((?:[^"\\]|\\.)*)")')
_SEARCH_HINT = 'put "…" around a text to search for it as it is'


def read_condition(text: str, fields: Sequence[Field]) -> Condition | None:
    """Read a filter, None for an empty one.

    Raise InvalidArgumentError that names what is not understood, where, and what is known.
    """
    reader = _Reader(text, fields)
    return None if reader.at_end() else reader.whole()


def read_terms(text: str, fields: Sequence[Field]) -> Iterator[Comparison | str]:
    """Yield the terms of a filter that searches texts: comparisons, and words to search for.

    Raise InvalidArgumentError as `read_condition` does.
    """
    reader = _Reader(text, fields, among_words=True)
    while not reader.at_end():
        term = reader.term_among_words()
        if term is not None:
            yield term


class _Reader:
    """Reads a filter from left to right."""

    def __init__(self, text: str, fields: Sequence[Field], *, among_words: bool = False) -> None:
        self._text = text
        self._place = 0
        self._fields = fields
        self._among_words = among_words
        self._by_name = {name: field for field in fields for name in field.names}
        if len(text) > _MAX_LENGTH:
            raise self._bad(f"a filter has at most {_MAX_LENGTH} characters", _MAX_LENGTH)

    def at_end(self) -> bool:
        """Skip white space; tell whether nothing is left."""
        self._place = self._match(_SPACE).end()
        return self._place == len(self._text)

    def whole(self) -> Condition:
        """Read all that is left as one condition."""
        condition = self._condition(0)
        if not self.at_end():
            raise self._bad('")" closes nothing')
        return condition

    def term_among_words(self) -> Comparison | str | None:
        """Read a comparison, or a word to search for; None for AND."""
        if (compared := _COMPARED_AMONG_WORDS.match(self._text, self._place)) is not None:
            return self._comparison(compared)
        if (quoted := _QUOTED_WORD.match(self._text, self._place)) is not None:
            self._place = quoted.end()
            return unescape(quoted[1])
        word = _WORD.match(self._text, self._place)
        if word is None:
            raise self._bad(f"a quote is not closed in {self._rest()}")
        if word[0] in {"OR", "NOT"} or word[0].startswith("("):
            shown = word[0][:_LONGEST_SHOWN]
            raise self._bad(f"{shown} is not supported; terms are joined by AND; {_SEARCH_HINT}")
        self._place = word.end()
        return None if word[0] == "AND" else word[0]

    def _condition(self, depth: int) -> Condition:
        terms = [self._factor(depth)]
        while not self.at_end() and not self._text.startswith(")", self._place):
            self._keyword("AND")
            terms.append(self._factor(depth))
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _factor(self, depth: int) -> Condition:
        terms = [self._term(depth)]
        while not self.at_end() and self._keyword("OR"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else Any(tuple(terms))

    def _term(self, depth: int) -> Condition:
        if self.at_end():
            raise self._bad("a comparison is missing at the end")
        if self._keyword("NOT") or self._sign("-"):
            if self.at_end():
                raise self._bad("a comparison is missing at the end")
            return Not(self._simple(depth))
        return self._simple(depth)

    def _simple(self, depth: int) -> Condition:
        begin = self._place
        if self._sign("("):
            if depth == _MAX_DEPTH:
                raise self._bad(f"parentheses are nested deeper than {_MAX_DEPTH}", begin)
            condition = self._condition(depth + 1)
            if self.at_end() or not self._sign(")"):
                raise self._bad('")" is missing for this "("', begin)
            return condition
        compared = _COMPARED.match(self._text, self._place)
        if compared is None:
            raise self._no_comparison()
        return self._comparison(compared)

    def _comparison(self, compared: re.Match[str]) -> Comparison:
        path, operator = compared["path"], compared["operator"]
        begin = self._place
        field, key = self._find(path, operator)
        if operator not in field.operators:
            takes = " ".join(field.operators)
            raise self._bad(f"{path}{operator} is not supported; {field.name} takes {takes}", begin)
        self._place = compared.end()
        text, quoted = self._value(f"{path}{operator}")
        if operator == ":" and text == "*" and not quoted:
            self._place = self._after_value()
            return Comparison(field=field, operator=operator, value=None, key=key)
        if field.kind is Kind.MAP and key is None:
            return self._has_key(field, operator, text, quoted=quoted)
        try:
            value = value_of(field, text, quoted=quoted)
        except ValueError as error:
            shown = repr(text[:_LONGEST_SHOWN])
            raise self._bad(f"{shown} is not what {path} is: {error}") from None
        self._place = self._after_value()
        self._check_order(field, operator, value)
        return Comparison(field=field, operator=operator, value=value, key=key)

    def _find(self, path: str, operator: str) -> tuple[Field, str | None]:
        """Return the field at a path, and what follows it as a key of its map."""
        if (field := self._by_name.get(path)) is not None:
            return field, None
        first, dot, _ = path.partition(".")
        parts = [plain or unescape(quoted) for plain, quoted in _PART.findall(path)]
        field = self._by_name.get(first)
        if dot and field is not None and field.kind is Kind.MAP:
            return field, ".".join(parts)
        complaint = f"{path[:_LONGEST_SHOWN]}{operator} is not supported; {self._known()}"
        raise self._bad(f"{complaint}; {_SEARCH_HINT}" if self._among_words else complaint)

    def _known(self) -> str:
        if self._among_words:
            terms = [f"{field.name}{each}" for field in self._fields for each in field.operators]
            return f"supported are {', '.join(terms)}"
        return f"fields are {', '.join(field.name for field in self._fields)}"

    def _has_key(self, field: Field, operator: str, text: str, *, quoted: bool) -> Comparison:
        """Read what a map is compared with: the key that it is to have."""
        if operator != ":":
            raise self._bad(
                f'{field.name}{operator} compares a map; write {field.name}.KEY="value"'
            )
        self._place = self._after_value()
        key = unescape(text) if quoted else text
        return Comparison(field=field, operator=operator, value=None, key=key)

    def _check_order(self, field: Field, operator: str, value: Value) -> None:
        if isinstance(value, Pattern) and operator not in {"=", "!=", ":"}:
            raise self._bad(
                f"{field.name}{operator} takes no wildcard; in quotes, write \\* for a star"
            )

    def _value(self, before: str) -> tuple[str, bool]:
        """Return the text of the value that is next, and whether it has quotes; stay there."""
        quoted = _QUOTED.match(self._text, self._place)
        if quoted is not None:
            return quoted[1] if quoted[1] is not None else quoted[2], True
        if self._text[self._place : self._place + 1] in {'"', "'"}:
            raise self._bad(f"a quote is not closed in {self._rest()}")
        bare = (_WORD if self._among_words else _BARE).match(self._text, self._place)
        if bare is None:
            raise self._bad(f"a value is missing after {before}")
        return bare[0], False

    def _after_value(self) -> int:
        """Return where the value that is next ends; what follows must be apart from it."""
        bare = _WORD if self._among_words else _BARE
        match = _QUOTED.match(self._text, self._place) or bare.match(self._text, self._place)
        end = match.end() if match else self._place
        if not self._among_words and self._text[end : end + 1].strip(") \t\r\n"):
            raise self._bad(f"{self._text[end]!r} follows a value; put quotes around values", end)
        return end

    def _no_comparison(self) -> InvalidArgumentError:
        word = _WORD.match(self._text, self._place)
        shown = word[0][:_LONGEST_SHOWN] if word else self._rest()
        if shown in {"and", "or", "not"}:
            return self._bad(f"{shown} is not understood; write {shown.upper()}")
        example = "write FIELD OPERATOR VALUE, such as"
        return self._bad(f"{shown} is no comparison; {example} {self._example()}; {self._known()}")

    def _example(self) -> str:
        """Return a comparison; what a list has first is its state, or another such field."""
        field = self._fields[0]
        return f"{field.name}={field.values[0] if field.values else 'true'}"

    def _keyword(self, word: str) -> bool:
        match = re.compile(rf"{word}(?![\w.-])").match(self._text, self._place)
        if match is None or _COMPARED.match(self._text, self._place) is not None:
            return False
        self._place = match.end()
        return True

    def _sign(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._place)
        self._place += len(sign) if found else 0
        return found

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._place)
        if match is None:
            raise TypeError(pattern)
        return match

    def _rest(self) -> str:
        return repr(self._text[self._place :].strip()[:_LONGEST_SHOWN])

    def _bad(self, message: str, place: int | None = None) -> InvalidArgumentError:
        where = self._place if place is None else place
        return refused("filter", f"filter, character {where + 1}: {message}")

"""Lists that are filtered and ordered: what is asked for, and pages of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ringback_server.control.caller import Page
from ringback_server.control.filter_reader import read_condition
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import refused
from ringback_server.model.filters import Condition, Field, OrderKey, Wanted
from ringback_server.store.listing import Found, Position, Query
from ringback_server.store.pages import Texts

Stored = TypeVar("Stored", bound=Texts)
Item = TypeVar("Item", bound=Texts)

_KEY = re.compile(r"([A-Za-z_][\w.]*)(?:\s+(asc|desc))?", re.IGNORECASE)
_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(PageRequest):
    """What a caller says about the list that it wants a page of."""

    filter: str = ""
    order_by: str = ""


def query(
    scope: str,
    request: ListRequest,
    fields: Sequence[Field],
    sizes: PageSizes,
    *,
    now: float,
    narrow: Callable[[Condition | None], Condition | None] = lambda condition: condition,
) -> Query:
    """Return what is to be looked for; raise InvalidArgumentError for what is not understood.

    `scope` says which list it is, `now` is in Unix seconds, and `narrow` may change the condition.
    """
    condition = narrow(read_condition(request.filter, fields))
    return Query(
        wanted=Wanted(condition=condition, order=read_order(request.order_by, fields)),
        limit=sizes.limit(request.size),
        after=position(_whole(scope, request), request.token, Position),
        now=now,
    )


def page_of(
    scope: str, request: ListRequest, found: Found[Stored], item: Callable[[Stored], Item]
) -> Page[Item]:
    """Make a page of what was found; its token belongs to the list, the filter and the order."""
    return page(
        _whole(scope, request),
        found.rows,
        len(found.rows),
        place=lambda row: row[0],
        item=lambda row: item(row[1]),
        rest=found.rest,
    )


def read_order(text: str, fields: Sequence[Field]) -> tuple[OrderKey, ...]:
    """Read an order (AIP-132), () for the list's own: `endTime desc, state`.

    Raise InvalidArgumentError that names what is not understood, and what is known.
    """
    if not text.strip():
        return ()
    known = {name: field for field in fields if field.sortable for name in field.names}
    keys: dict[str, OrderKey] = {}
    for part in text.split(","):
        match = _KEY.fullmatch(part.strip())
        field = known.get(match[1]) if match else None
        if match is None or field is None:
            names = ", ".join(field.name for field in fields if field.sortable)
            shown = repr(part.strip()[:_LONGEST_SHOWN])
            raise _bad(
                f"{shown} is not understood; write FIELD or FIELD desc, with a comma between "
                f"several; fields are {names}"
            )
        if field.name in keys:
            raise _bad(f"{field.name} is named twice")
        descending = (match[2] or "").lower() == "desc"
        keys[field.name] = OrderKey(field=field, descending=descending)
    return tuple(keys.values())


def _whole(scope: str, request: ListRequest) -> str:
    return f"{scope}\0{request.filter}\0{request.order_by}"


def _bad(message: str) -> Exception:
    return refused("order_by", f"order_by: {message}")

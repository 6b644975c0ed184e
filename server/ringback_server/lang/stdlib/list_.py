"""`list`: longer lists."""

from __future__ import annotations

from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.values import List, Value


@function("list.concat")
def concat(objs: List, val: Value) -> List:
    """Return a list with `val` behind the items of `objs`."""
    return objs.appended(val)


@function("list.prepend")
def prepend(objs: List, val: Value) -> List:
    """Return a list with `val` in front of the items of `objs`."""
    return List.of([val, *objs])

"""Holding values: accounting, and copy semantics by ownership epochs.

A value is copied only when it must be. A container made by a copy on the way of a nested
assignment is stamped with the machine's epoch: one variable alone can see it, and the next nested
assignment writes in place. As soon as such a container gets a second holder, the epoch moves on,
and with it every stamp is out of date: nothing is walked, nothing is packed. It is sound because
a container without ownership never holds one with it.
"""

from __future__ import annotations

from typing import cast

from ringback_server.lang.errors import (
    memory_limit_error,
    resource_limit_error,
    type_error,
)
from ringback_server.lang.evaluator import list_index, lookup
from ringback_server.lang.host import Host, Slots
from ringback_server.lang.values import (
    MAX_DEPTH,
    List,
    Map,
    Value,
    element_size,
    size_of,
    type_name,
)

#: items that are copied in the time of a step, as a power of two
_ITEMS_PER_STEP = 8


class Cell:
    """A variable that the branches of a parallel step share: what their slots point to."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value


def plain(slot: object) -> Value:
    """Return the value of a slot, be it shared or not."""
    value: Value = slot.value if isinstance(slot, Cell) else cast("Value", slot)
    return value


def share(host: Host, value: Value) -> None:
    """Note that a value gets a holder beside the variable it may come from."""
    if isinstance(value, (Map, List)) and value.stamp == host.epoch:
        host.epoch += 1


def store(slots: Slots, slot: int, value: Value) -> None:
    """Assign a variable; raises a ResourceLimitError beyond the memory or string limit."""
    host: Host = slots[0]
    held = slots[slot]
    size = size_of(value)
    host.memory += size - size_of(held.value if type(held) is Cell else held)
    if isinstance(value, (Map, List)):
        if value.stamp == host.epoch:
            host.epoch += 1
        check_depth(value)
    elif isinstance(value, str):
        check_string(host, value)
    _hold(slots, slot, held, value)
    if host.memory > host.limits.memory_bytes:
        raise memory_limit_error()


def store_below(slots: Slots, slot: int, keys: list[Value], value: Value) -> None:
    """Assign below a variable, at the end of a path of keys and indexes.

    Missing maps on the way are made. Raises KeyError, IndexError, TypeError or a
    ResourceLimitError, and then changes nothing.
    """
    host: Host = slots[0]
    share(host, value)
    held = slots[slot]
    path, missing = _walk(held.value if type(held) is Cell else held, keys)
    for name in reversed(missing):
        value = Map.of([(name, value)])
    growth = _growth(path[-1], keys[len(path) - 1], value)
    for place in range(len(path) - 1, -1, -1):
        value = _replaced(host, path[place], keys[place], value, growth)
    host.memory += growth
    _hold(slots, slot, held, value)
    if host.memory > host.limits.memory_bytes:
        raise memory_limit_error()


def append(slots: Slots, slot: int, value: Value) -> bool:
    """Put a value behind the items of a list that a variable holds; False if it holds no list.

    Raises a ResourceLimitError beyond a limit.
    """
    host: Host = slots[0]
    held = slots[slot]
    items = held.value if type(held) is Cell else held
    if not isinstance(items, List):
        return False
    share(host, value)
    growth = element_size(value)
    if items.stamp == host.epoch:
        items.append(value)
        items.size += growth
    else:
        host.charge(len(items) >> _ITEMS_PER_STEP)
        items = items.appended(value)
        items.stamp = host.epoch
        _hold(slots, slot, held, items)
    if isinstance(value, (Map, List)):
        items.depth = max(items.depth, value.depth + 1)
        check_depth(items)
    host.memory += growth
    if host.memory > host.limits.memory_bytes:
        raise memory_limit_error()
    return True


def clear(slots: Slots, cleared: tuple[int, ...]) -> None:
    """Set variables to null."""
    host: Host = slots[0]
    for slot in cleared:
        host.memory -= size_of(slots[slot])
        slots[slot] = None


def check_string(host: Host, text: str) -> None:
    """Raise a ResourceLimitError if a string is too long."""
    if text.isascii() or len(text) > host.limits.string_bytes:
        check_string_size(host, len(text))
    else:
        check_string_size(host, len(text.encode()))


def _hold(slots: Slots, slot: int, held: object, value: Value) -> None:
    if isinstance(held, Cell):
        held.value = value
    else:
        slots[slot] = value


def check_string_size(host: Host, size: int) -> None:
    """Raise a ResourceLimitError if a string of so many bytes is too long."""
    if size > host.limits.string_bytes:
        raise resource_limit_error("String size limit exceeded")


def check_depth(value: Map | List) -> None:
    """Raise a ResourceLimitError if containers nest too deeply."""
    if value.depth > MAX_DEPTH:
        raise resource_limit_error(f"Values nest deeper than {MAX_DEPTH} levels")


def _walk(root: Value, keys: list[Value]) -> tuple[list[Map | List], list[str]]:
    """Return the containers that exist along a path, and the keys of the maps to be made."""
    path: list[Map | List] = []
    node = root
    for place, key in enumerate(keys):
        if isinstance(node, List):
            list_index(node, key)
        elif not isinstance(node, Map):
            raise type_error(f"cannot assign below {type_name(node)}")
        elif _name(key) not in node:
            path.append(node)
            return path, [_name(later) for later in keys[place + 1 :]]
        path.append(node)
        node = lookup(node, key)
    return path, []


def _name(key: Value) -> str:
    if isinstance(key, str):
        return key
    raise type_error(f"the key of a map must be a string, not {type_name(key)}")


def _growth(container: Map | List, key: Value, value: Value) -> int:
    """Return by how many bytes a container grows when one item is replaced or added."""
    if isinstance(container, List):
        return element_size(value) - element_size(container[list_index(container, key)])
    name = _name(key)
    if name in container:
        return element_size(value) - element_size(container[name])
    return element_size(value) + size_of(name)


def _replaced(
    host: Host, container: Map | List, key: Value, value: Value, growth: int
) -> Map | List:
    """Return the container with one item replaced: itself if it is owned, else an owned copy."""
    owned: Map | List
    if isinstance(container, List):
        items = container if container.stamp == host.epoch else List(container)
        items[list_index(items, key)] = value
        owned = items
    else:
        pairs = container if container.stamp == host.epoch else Map(container)
        pairs[_name(key)] = value
        owned = pairs
    if owned is not container:
        host.charge(len(owned) >> _ITEMS_PER_STEP)
    owned.size, owned.stamp = container.size + growth, host.epoch
    owned.depth = container.depth
    if isinstance(value, (Map, List)) and value.depth >= container.depth:
        owned.depth = value.depth + 1
        check_depth(owned)
    return owned

"""Makes blocking methods of coroutine methods whose wire blocks.

Such a coroutine never suspends: it runs to its end the first time it is sent something. So every
verb is written once, and a blocking method has the signature and the docstring of its coroutine.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")
Verbs_co = TypeVar("Verbs_co", covariant=True)


class Blocking(Generic[Verbs_co]):
    """Has verbs, as coroutines that do not suspend."""

    def __init__(self, verbs: Verbs_co) -> None:
        """Take the verbs, which stay at hand under this name."""
        self.verbs = verbs


def blocking(
    method: Callable[Concatenate[Verbs_co, Arguments], Coroutine[Any, Any, Returned]],
) -> Callable[Concatenate[Blocking[Verbs_co], Arguments], Returned]:
    """Make a method that returns what the coroutine of a verb does."""

    @functools.wraps(method)
    def call(
        self: Blocking[Verbs_co], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Returned:
        return finish(method(self.verbs, *args, **kwargs))

    return call


def blocking_iterator(
    method: Callable[Concatenate[Verbs_co, Arguments], AsyncIterator[Returned]],
) -> Callable[Concatenate[Blocking[Verbs_co], Arguments], Iterator[Returned]]:
    """Make a method that yields what the asynchronous iterator of a verb does."""

    @functools.wraps(method)
    def call(
        self: Blocking[Verbs_co], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Iterator[Returned]:
        return _items(method(self.verbs, *args, **kwargs))

    return call


def finish(coroutine: Coroutine[Any, Any, Returned]) -> Returned:
    """Run a coroutine that does not suspend, and return what it does."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: Returned = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine over a blocking wire was suspended")


def _items(iterator: AsyncIterator[Returned]) -> Iterator[Returned]:
    try:
        while True:
            try:
                item = finish(_next(iterator))
            except StopAsyncIteration:
                return
            yield item
    finally:
        finish(_close(iterator))


async def _next(iterator: AsyncIterator[Returned]) -> Returned:
    return await anext(iterator)


async def _close(iterator: AsyncIterator[Returned]) -> None:
    """End a generator that is not used up, so that it hangs up now and not when it is collected."""
    if isinstance(iterator, AsyncGenerator):
        await iterator.aclose()

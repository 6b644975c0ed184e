"""Records of any kind with other values in some fields: `copy.replace` of Python 3.13."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance | msgspec.Struct)
else:
    Record = TypeVar("Record")


def replace(record: Record, /, **changes: object) -> Record:
    """Return a dataclass or a struct like another, but for some of its fields."""
    if isinstance(record, msgspec.Struct):
        return msgspec.structs.replace(record, **changes)
    return dataclasses.replace(record, **changes)

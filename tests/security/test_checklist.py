"""The checklist of documents and attacks is complete, and its tests are there."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

from tests.security.checklist import ITEMS, SECTIONS, Item

TESTS = Path(__file__).parent.parent


@lru_cache
def functions(file: str) -> frozenset[str]:
    """Return the names of the functions of a file of tests."""
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_sections_when_items_are_read() -> None:
    """Each section that asks for something has an item, and no item is of another section."""
    asked = {(rfc, section) for rfc, sections in SECTIONS.items() for section in sections}

    assert asked == {(item.rfc, item.section) for item in ITEMS}


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: f"{item.rfc} {item.section} {item.item}")
def test_item_when_its_tests_are_looked_up(item: Item) -> None:
    """Each item has tests, and each of them is there."""
    split = [test.partition("::") for test in item.tests]

    assert item.tests
    assert [] == [test for file, _, test in split if test not in functions(file)]


def test_attacks_when_items_are_read() -> None:
    """Each attack on tokens in this folder belongs to an item."""
    named = {test for item in ITEMS for test in item.tests}
    written = {
        f"security/{path.name}::{name}"
        for path in (TESTS / "security").glob("test_token_*.py")
        for name in functions(f"security/{path.name}")
        if name.startswith("test_")
    }

    assert set() == written - named

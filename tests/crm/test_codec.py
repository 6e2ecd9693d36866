"""Dataclasses go to JSON text and come back as they were."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import codec
from rapport.types import Understanding

Name = NewType("Name", str)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Leaf:
    name: Name
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    leaves: tuple[Leaf, ...] = ()
    pair: tuple[str, float] = ("a", 0.5)
    kind: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    price: Decimal | None = None
    day: date = date(2026, 1, 1)
    notes: dict[str, Any] = field(default_factory=dict)
    children: "tuple[Tree, ...]" = ()


ZONES = st.timezones() | st.just(timezone(timedelta(hours=5, minutes=45))) | st.just(UTC)
# A time that its zone has twice, or not at all, equals none of another zone in Python (PEP 495).
TIMES = st.datetimes(timezones=ZONES).filter(
    lambda at: at.utcoffset() is not None and at.utcoffset() == at.replace(fold=1 - at.fold).utcoffset()
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None))
    | st.decimals(allow_nan=False)
    | st.datetimes().map(lambda at: at.replace(fold=0))  # JSON text has no place for it
    | st.dates()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner)
    | st.dictionaries(st.sampled_from(["$decimal", "$map", "$time", "$tuple"]), inner),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_any_value_comes_back_with_its_types(value):
    found = codec.loads(codec.dumps(value))
    assert found == value
    assert repr(found) == repr(value)


@given(st.builds(Tree, leaves=st.lists(st.builds(Leaf, st.text(), st.none() | TIMES)).map(tuple), notes=st.dictionaries(
    st.text(), VALUES), price=st.none() | st.decimals(allow_nan=False), day=st.dates()))  # fmt: skip
def test_a_dataclass_comes_back_as_it_was(tree):
    assert codec.loads(codec.dumps(tree, Tree), Tree) == tree
    nested = Tree(children=(tree, Tree()))
    assert codec.loads(codec.dumps(nested, Tree), Tree) == nested


def test_the_text_is_plain_ascii_json():
    text = codec.dumps({"a": Decimal("1.50"), "b": "é\x00"})
    assert text == '{"a":{"$decimal":"1.50"},"b":"\\u00e9\\u0000"}'
    assert json.loads(text)["a"] == {"$decimal": "1.50"}


def test_an_old_row_can_be_read_after_fields_came_and_went():
    assert codec.loads('{"name":"x","gone":1}', Leaf) == Leaf(Name("x"))


@pytest.mark.parametrize("value", [{1, 2}, {"a": object()}, {1: "a"}, b"bytes"])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError):
        codec.dumps(value)
    with pytest.raises(TypeError, match="cannot be kept as JSON"):
        codec.pair_of(set[int])


def test_an_understanding_kept_before_it_had_levels_still_reads():
    kept = (
        '{"asks":[{"text":"hi","query":"hi","intent":"greeting","confidence":0.9,"in_scope":1.0}],"sentiment":0.1,'
        '"escalate":0.7,"escalate_reason":"the customer asks for a person","language":"en","entities":[]}'
    )
    read = codec.loads(kept, Understanding)
    assert (read.escalate, read.escalate_level, read.finished, read.packed) == (0.7, "answer", 1.0, "")
    assert codec.loads(codec.dumps(read, Understanding), Understanding) == read

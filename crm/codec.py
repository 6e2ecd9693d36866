"""Dataclasses to JSON text and back, exactly, led by their type hints.

Times, Decimals and enums come back as what they were. Inside a field of type `Any` a value that JSON lacks is
tagged ({"$decimal": "1.50"}); a tuple there comes back as a tuple. Unknown names in the JSON are ignored and
missing ones take the field's default, so an old row can be read after a field was added. Knows no database.
"""

import functools
import json
import numbers
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NamedTuple, NewType

Function = Callable[[Any], Any]

_JSON = json.JSONEncoder(separators=(",", ":"))
_PLAIN_TYPES = frozenset({str, int, float, bool, type(None)})  # exactly these: an enum's member is a str as well


class Pair(NamedTuple):
    """How one type goes to plain JSON values and comes back."""

    encode: Function
    decode: Function


def dumps(value: Any, hint: Any = Any) -> str:
    """JSON text of a value of the hinted type. ASCII only, so no database refuses a character.

    Raises TypeError for a value that cannot be kept.
    """
    return _JSON.encode(pair_of(hint).encode(value))


def loads(text: str, hint: Any = Any) -> Any:
    """The value that `dumps` was given. Raises ValueError where the text is not JSON of that type."""
    return pair_of(hint).decode(json.loads(text))


@functools.cache
def pair_of(hint: Any) -> Pair:
    """The functions for one type hint. Raises TypeError for a hint that is not supported."""
    if isinstance(hint, NewType):
        return pair_of(hint.__supertype__)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Pair(lambda value: hint(value).value, hint)
    if is_dataclass(hint):
        return _dataclass(typing.cast(type, hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return _SAME
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin in (tuple, list, Sequence):
        return _sequence(tuple if origin is tuple else list, arguments)
    if origin in (dict, Mapping):
        return _mapping(arguments[1])
    raise TypeError(f"{hint!r} cannot be kept as JSON.")


def _dataclass(cls: type) -> Pair:
    hints = typing.get_type_hints(cls)
    names = [item.name for item in fields(cls)]
    # Bound at the first call, not here: a dataclass may hold itself.
    pairs: dict[str, Pair] = {}

    def ready() -> dict[str, Pair]:
        if not pairs:
            pairs.update({name: pair_of(hints[name]) for name in names})
        return pairs

    def encode(value: Any) -> dict[str, Any]:
        return {name: pair.encode(getattr(value, name)) for name, pair in ready().items()}

    def decode(data: Mapping[str, Any]) -> Any:
        return cls(**{name: pair.decode(data[name]) for name, pair in ready().items() if name in data})

    return Pair(encode, decode)


def _union(arguments: tuple[Any, ...]) -> Pair:
    rest = [argument for argument in arguments if argument is not type(None)]
    if len(rest) == 1:
        inner = pair_of(rest[0])
        return Pair(
            lambda value: None if value is None else inner.encode(value),
            lambda data: None if data is None else inner.decode(data),
        )
    if all(argument in (str, int, float, bool) for argument in rest):
        return _SAME
    return pair_of(Any)


def _sequence(kind: type, arguments: tuple[Any, ...]) -> Pair:
    if kind is tuple and not (len(arguments) == 2 and arguments[1] is ...):
        pairs = [pair_of(argument) for argument in arguments]
        return Pair(
            lambda value: [pair.encode(item) for pair, item in zip(pairs, value, strict=True)],
            lambda data: tuple(pair.decode(item) for pair, item in zip(pairs, data, strict=True)),
        )
    inner = pair_of(arguments[0])
    return Pair(
        lambda value: [inner.encode(item) for item in value],
        lambda data: kind([inner.decode(item) for item in data]),
    )


def _mapping(hint: Any) -> Pair:
    inner = pair_of(hint)
    return Pair(
        lambda value: {_key(name): inner.encode(item) for name, item in value.items()},
        lambda data: {name: inner.decode(item) for name, item in data.items()},
    )


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is not text; the names of a kept mapping are text.")
    return str(name)


def _encode_any(value: Any) -> Any:
    if type(value) in _PLAIN_TYPES:
        return value
    if isinstance(value, Enum):
        return _encode_any(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        encoded = {_key(name): _encode_any(item) for name, item in value.items()}
        # A mapping that looks like a tag is wrapped, so that it comes back as itself.
        return {"$map": encoded} if len(encoded) == 1 and next(iter(encoded)).startswith("$") else encoded
    if isinstance(value, list):
        return [_encode_any(item) for item in value]
    for tag, kind, encode, _ in _TAGS:
        if isinstance(value, kind):
            return {tag: encode(value)}
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)  # numpy's float32
    raise TypeError(f"a {type(value).__name__} cannot be kept as JSON; give text, numbers, times, lists or mappings.")


def _decode_any(data: Any) -> Any:
    if isinstance(data, list):
        return [_decode_any(item) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        name, inner = next(iter(data.items()))
        if name == "$map":
            return {key: _decode_any(item) for key, item in inner.items()}
        for tag, _, _, decode in _TAGS:
            if tag == name:
                return decode(inner)
    return {name: _decode_any(item) for name, item in data.items()}


_TAGS: tuple[tuple[str, type, Function, Function], ...] = (
    ("$decimal", Decimal, str, Decimal),
    ("$time", datetime, datetime.isoformat, datetime.fromisoformat),  # before date: a datetime is a date
    ("$date", date, date.isoformat, date.fromisoformat),
    ("$tuple", tuple, lambda value: [_encode_any(item) for item in value], lambda data: tuple(map(_decode_any, data))),
)
_SAME = Pair(lambda value: value, lambda data: data)
_PLAIN: Mapping[Any, Pair] = {
    str: Pair(str, str),
    int: Pair(int, int),
    bool: Pair(bool, bool),
    float: Pair(float, float),  # numpy's floats become Python's
    type(None): _SAME,
    datetime: Pair(datetime.isoformat, datetime.fromisoformat),
    date: Pair(date.isoformat, date.fromisoformat),
    Decimal: Pair(str, Decimal),
    Any: Pair(_encode_any, _decode_any),
}

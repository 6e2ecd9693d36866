"""Learn what a company's own numbers look like, and find them as customers write them ("#w-261 1340" for W2611340).

Knows nothing of what the numbers stand for or whether one exists.
"""

import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from crm.store import Store
from rapport.records import Order, RecordKind, number_key

_RUN = re.compile(r"[A-Z]+|\d+")
# Between the runs of a number people put spaces, dashes, dots, slashes or a number sign.
_GAP = r"[\s#./_-]{0,3}"
SAMPLED = 150  # orders of each source to learn from
_LITERALS = 8  # more different letters than this in one place are not a prefix but part of the number


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of number. pattern: as written, capitals or not. bare: its digits alone, where a prefix may be left out.

    prefix: what is put before bare digits to complete them; empty where there is none or more than one.
    """

    pattern: re.Pattern[str]
    prefix: str = ""
    bare: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class NumberShapes:
    """The forms of a company's order, tracking and invoice numbers."""

    order: tuple[Shape, ...] = ()
    tracking: tuple[Shape, ...] = ()
    invoice: tuple[Shape, ...] = ()


class StoreShapes:
    """The forms of a store's numbers, learned when first asked for and again once its records have changed.

    Looks at a spread of orders from each source, so the cost does not grow with their contents. Thread-safe enough:
    two threads that learn at once learn the same.
    """

    def __init__(self, store: Store, *, seconds: float = 30.0) -> None:
        self._store = store
        self._seconds = seconds  # least time between two looks at the records
        self._looked = -math.inf
        self._change = -1
        self._shapes = NumberShapes()

    def __call__(self) -> NumberShapes:
        """The forms as of now, or at most `seconds` old."""
        now = time.monotonic()
        if now - self._looked >= self._seconds:
            self._looked = now
            change = self._store.last_change()
            if change != self._change:
                self._shapes = learn_order_shapes(_spread(self._store))
                self._change = change
        return self._shapes


def _spread(store: Store) -> Iterable[Order]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for key in store.keys(RecordKind.ORDERS):
        by_source[key.partition(":")[0]].append(key)
    for keys in by_source.values():
        step = max(1, len(keys) // SAMPLED)
        for order in store.fetch(RecordKind.ORDERS, keys[::step][: 2 * SAMPLED]).values():
            if isinstance(order, Order):
                yield order


def learn_order_shapes(orders: Iterable[Order]) -> NumberShapes:
    """The forms of the numbers on these orders; a few hundred orders are plenty."""
    numbers: set[str] = set()
    trackings: set[str] = set()
    invoices: set[str] = set()
    for order in orders:
        numbers.add(order.number)
        trackings.update(delivery.tracking for delivery in order.deliveries if delivery.tracking)
        if isinstance(tracking := order.attrs.get("tracking"), str):
            trackings.add(tracking)
        if order.invoice_number:
            invoices.add(order.invoice_number)
    return NumberShapes(learn_shapes(numbers), learn_shapes(trackings), learn_shapes(invoices))


def learn_shapes(numbers: Iterable[str]) -> tuple[Shape, ...]:
    """The forms of these numbers, longest first. Numbers without a digit are ignored.

    Numbers of the same runs of letters and digits are one form: letters that vary little stay literal, the lengths
    of a run of digits become a range.
    """
    groups: dict[str, list[list[str]]] = defaultdict(list)
    for number in sorted({number.upper() for number in numbers}):
        runs = _RUN.findall(number)
        if any(run.isdigit() for run in runs):
            groups["".join("9" if run.isdigit() else f"A{len(run)}" for run in runs)].append(runs)
    columns = [list(zip(*rows, strict=True)) for rows in groups.values()]
    shapes = [_shape(column) for column in columns if _telling(column)]
    return tuple(sorted(shapes, key=lambda shape: -len(shape.pattern.pattern)))


def find_shapes(text: str, shapes: Iterable[Shape]) -> Iterable[tuple[int, int, str]]:
    """(start, end, value) of each number in its full form; value is the number's comparison key."""
    for shape in shapes:
        for match in shape.pattern.finditer(text):
            yield match.start(), match.end(), number_key(match[0])


def find_bare(text: str, shapes: Iterable[Shape]) -> Iterable[tuple[int, int, str]]:
    """The same for numbers whose prefix was left out; value has the prefix added."""
    for shape in shapes:
        if shape.bare is not None and shape.prefix:
            for match in shape.bare.finditer(text):
                yield match.start(), match.end(), shape.prefix + number_key(match[0])


def _telling(columns: list[tuple[str, ...]]) -> bool:
    """Whether the form alone says that it is such a number: five digits without a letter may be a postcode."""
    digits = sum(min(len(run) for run in column) for column in columns if column[0].isdigit())
    return digits >= 6 or (digits >= 3 and any(not column[0].isdigit() for column in columns))


def _shape(columns: list[tuple[str, ...]]) -> Shape:
    grouped = any(not column[0].isdigit() for column in columns)  # digits alone, read in groups, may be a phone number
    parts = [_part(column, grouped) for column in columns]
    # the number sign is often written in front; the number must not continue on either side
    pattern = re.compile(rf"#?(?<![A-Za-z0-9+]){_GAP.join(parts)}(?![A-Za-z0-9]|[-/.]\d)", re.IGNORECASE)
    first = set(columns[0])
    if len(columns) < 2 or len(first) > 1 or columns[0][0].isdigit():
        return Shape(pattern)
    shortest = sum(min(len(run) for run in column) for column in columns[1:])
    if shortest < 5:  # four digits alone may be a year, a house number or a price
        return Shape(pattern)
    rest = _GAP.join(parts[1:])
    bare = re.compile(rf"#?(?<![A-Za-z0-9+./-]){rest}(?![A-Za-z0-9]|[-/.,]\d)", re.IGNORECASE)
    return Shape(pattern, columns[0][0], bare)


def _part(column: tuple[str, ...], grouped: bool) -> str:
    if not column[0].isdigit():
        literals = sorted(set(column))
        if len(literals) > _LITERALS:
            return f"[A-Z]{{{len(column[0])}}}"
        return literals[0] if len(literals) == 1 else f"(?:{'|'.join(literals)})"
    low, high = min(len(run) for run in column), max(len(run) for run in column)
    if grouped and high >= 6:  # long runs are read out in groups: "261 1340"
        return rf"\d(?:[ -]?\d){{{low - 1},{high - 1}}}"
    return rf"\d{{{low}}}" if low == high else rf"\d{{{low},{high}}}"

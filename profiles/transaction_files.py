"""Read purchases from a file: CSV with any usual delimiter or columns divided by spaces, plain or gzipped.

What a row cannot say is told, never guessed:
- a row without a customer belongs to nobody and is left out; so is one dated after `now`, and one that repeats another
  of the same order in every column (without an order, equal rows are two purchases);
- a negative amount or quantity is a return: it takes money back and is no purchase;
- amounts in two currencies cannot be added: `rates` converts them, else the file is refused;
- a row whose date or number cannot be read is left out; more than a tenth of such rows is a wrong column.
Each of these is counted in the notes.
"""

import csv
import gzip
import math
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from crm.importers import values
from crm.importers.csv_file import read_loosely
from crm.importers.text_file import Line
from profiles.transaction_columns import Columns, find_columns
from profiles.transactions import NO_PRODUCT, Transactions
from rapport.errors import BadRow, DataError, NotFound

if TYPE_CHECKING:
    import numpy as np

DELIMITERS = ",;\t|"
DAY_SECONDS = 86_400.0
_BAD_SHARE = 0.1  # more unreadable rows are a wrong column
_Row = tuple[int, list[str], str]  # the number of its line, its cells, why they cannot be read
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}


@dataclass(frozen=True, slots=True, eq=False)
class TransactionFile:
    """What was read. columns: field -> column of the file. rows: with a customer and a date, kept. notes: sentences."""

    transactions: Transactions
    columns: Mapping[str, str]
    rows: int
    notes: tuple[str, ...]


def read_transactions(
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    rates: Mapping[str, float] | None = None,
    now: float | None = None,
) -> TransactionFile:
    """Read a file of purchases.

    mapping: field -> column, see `profiles.transaction_columns`. rates: currency -> what one of it is worth in the
    currency of the result. now: days since 1970-01-01; default: the present.
    Raises NotFound for no file, UserError for columns that are not to be found, DataError for a file that holds no
    purchases, too many unreadable rows, or two currencies without rates.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}.", hint="Give the path of a file of purchases.")
    try:
        with _open(path) as file:
            names, rows, header = _layout(file, path)
            columns = find_columns(names, mapping or {}, header=header)
            lines = _Lines(columns, time.time() / DAY_SECONDS if now is None else now)
            lines.read(rows)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error) as error:
        raise DataError(
            f"{path.name} cannot be read ({error}).", hint="Save it as UTF-8 text, or as gzip of it."
        ) from error
    return TransactionFile(lines.finish(path, rates or {}), columns.told(names), len(lines.day), tuple(lines.notes()))


def _open(path: Path) -> TextIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened: TextIO = (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig", newline="")
    return opened


def _layout(file: TextIO, path: Path) -> tuple[list[str], Iterator[_Row], bool]:
    """(names of the columns, the rows of data, whether the first line names the columns)."""
    lines = (Line(number, 0, line) for number, line in enumerate(file, 1))
    first = next((line for line in lines if line.text.strip()), Line(1, 0, ""))
    delimiter = max(DELIMITERS, key=first.text.count)
    if first.text.count(delimiter):
        read = read_loosely(chain([first], lines), delimiter)
    else:
        read = ((line.number, line.text.split(), "") for line in chain([first], lines))
    number, cells, broken = next(read, (1, [], ""))
    if broken:
        raise DataError(f"the first line of {path.name} cannot be read: {broken}", hint="Quote its cells by the rules.")
    if not cells:
        raise DataError(f"{path.name} is empty.", hint="Its first line names columns, or is the first purchase.")
    if not any(_number(cell) is not None for cell in cells):
        return [cell.strip() for cell in cells], read, True
    return [str(place + 1) for place in range(len(cells))], chain([(number, cells, broken)], read), False


@dataclass(slots=True)
class _Lines:
    """The rows so far, column by column."""

    columns: Columns
    now: float
    customers: dict[str, int] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    currencies: dict[str, int] = field(default_factory=dict)
    customer: "array[int]" = field(default_factory=lambda: array("i"))
    product: "array[int]" = field(default_factory=lambda: array("i"))
    currency: "array[int]" = field(default_factory=lambda: array("i"))
    day: "array[float]" = field(default_factory=lambda: array("d"))
    amount: "array[float]" = field(default_factory=lambda: array("d"))
    quantity: "array[float]" = field(default_factory=lambda: array("d"))
    left_out: "Counter[str]" = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    total: int = 0
    seen: set[int] = field(default_factory=set)

    def read(self, rows: Iterator[_Row]) -> None:
        """Take every row; one that cannot be read is counted."""
        for number, cells, broken in rows:
            if not cells and not broken:
                continue
            self.total += 1
            try:
                if broken:
                    raise BadRow(broken)
                self._take(cells)
            except (BadRow, IndexError) as error:
                self.left_out["cannot be read"] += 1
                if len(self.bad) < 3:
                    reason = "it has too few cells." if isinstance(error, IndexError) else str(error)
                    self.bad.append(f"line {number}: {reason}")

    def _take(self, cells: Sequence[str]) -> None:
        columns = self.columns
        customer, day = cells[columns.customer].strip(), _day(cells[columns.at])
        if not customer:
            self.left_out["name no customer"] += 1
            return
        if day > self.now:
            self.left_out["lie in the future"] += 1
            return
        amount, currency = self._money(cells)
        quantity = _amount(cells[columns.quantity]) if columns.quantity is not None else math.copysign(1, amount)
        if columns.order is not None and cells[columns.order].strip():
            mark = hash(tuple(cells))
            if mark in self.seen:
                self.left_out["repeat a row of their order"] += 1
                return
            self.seen.add(mark)
        product = cells[columns.product].strip() if columns.product is not None else ""
        self.customer.append(self.customers.setdefault(customer, len(self.customers)))
        self.product.append(self.products.setdefault(product, len(self.products)) if product else NO_PRODUCT)
        self.currency.append(self.currencies.setdefault(currency, len(self.currencies)))
        self.day.append(day)
        self.amount.append(amount)
        self.quantity.append(quantity)

    def _money(self, cells: Sequence[str]) -> tuple[float, str]:
        columns = self.columns
        amount, currency = 1.0 if columns.amount else 0.0, ""
        for place in columns.amount:
            amount *= _amount(cells[place])
            currency = currency or next((name for sign, name in _SIGNS.items() if sign in cells[place]), "")
        if columns.currency is not None:
            currency = cells[columns.currency].strip().upper() or currency
        return amount, currency

    def notes(self) -> Iterator[str]:
        """What was left out."""
        for reason, rows in sorted(self.left_out.items()):
            yield f"{rows:,} of {self.total:,} rows {reason} and were left out."
        yield from self.bad
        if not self.columns.amount:
            yield "no column holds an amount: purchases are predicted without money."

    def finish(self, path: Path, rates: Mapping[str, float]) -> Transactions:
        """The arrays, in order."""
        import numpy as np

        unreadable = self.left_out["cannot be read"]
        if unreadable > _BAD_SHARE * self.total:
            raise DataError(f"{unreadable:,} of {self.total:,} rows of {path.name} cannot be read; {self.bad[0]}",
                            hint="Name the right columns with --map FIELD=COLUMN.")  # fmt: skip
        if not self.day:
            raise DataError(f"{path.name} holds no purchases ({self.total} rows).", hint="Give a file with some.")
        customers, customer = _sorted(self.customers, np.array(self.customer, np.int32))
        products, product = _sorted(self.products, np.array(self.product, np.int32))
        day = np.array(self.day)
        order = np.lexsort((day, customer))
        return Transactions(
            customers=customers,
            products=products,
            customer=customer[order],
            day=day[order],
            amount=(np.array(self.amount) * self._worth(path, rates))[order],
            quantity=np.array(self.quantity)[order],
            product=product[order],
        )

    def _worth(self, path: Path, rates: Mapping[str, float]) -> "np.ndarray":
        """(N,) what one of each row's currency is worth."""
        import numpy as np

        rows = np.bincount(self.currency, minlength=len(self.currencies))
        missing = [name for name in self.currencies if name not in rates]
        if len(self.currencies) > 1 and missing:
            told = ", ".join(
                f"{name or 'none named'} ({rows[place]:,} rows)" for name, place in self.currencies.items()
            )
            raise DataError(f"{path.name} holds amounts in several currencies: {told}. They cannot be added.",
                            hint="Give what each is worth: --rate EUR=1 --rate USD=0.92")  # fmt: skip
        worth: np.ndarray = np.array([rates.get(name, 1.0) for name in self.currencies])[np.array(self.currency)]
        return worth


def _sorted(names: Mapping[str, int], codes: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """Names in order, and the codes that fit them; NO_PRODUCT stays."""
    import numpy as np

    written = np.array(list(names) or np.empty(0, "U1"))
    order = np.argsort(written, kind="stable")
    place = np.append(np.argsort(order), NO_PRODUCT).astype(np.int32)  # the last one is where NO_PRODUCT points
    return written[order], place[codes]


@lru_cache(maxsize=65_536)
def _day(text: str) -> float:
    return values.moment("at", text.strip(), UTC).timestamp() / DAY_SECONDS


def _amount(text: str) -> float:
    number = _number(text)
    return float(values.money("amount", text)) if number is None else number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

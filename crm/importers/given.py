"""The fields of one row with a typed getter for each sort of value. Empty means not given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from crm.importers import values
from rapport.errors import BadRow
from rapport.records import Scalar, record_id

ATTRS = "attrs"  # a column of this name, or names that begin with it and a dot, hold further attributes


@dataclass(frozen=True, slots=True)
class Context:
    """What a row does not say itself. references: the source of the customers and products that rows name."""

    source: str
    references: str
    zone: tzinfo
    date_format: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Fields as read, and how to read them."""

    fields: Mapping[str, Any]
    context: Context

    def text(self, name: str) -> str | None:
        value = self.fields.get(name)
        return None if value is None else values.text(name, value) or None

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise BadRow(f"{name} is empty.")
        return value

    def money(self, name: str) -> Decimal | None:
        return values.money(name, self.fields[name]) if self._filled(name) else None

    def whole(self, name: str) -> int | None:
        return values.whole(name, self.fields[name]) if self._filled(name) else None

    def flag(self, name: str) -> bool | None:
        return values.flag(name, self.fields[name]) if self._filled(name) else None

    def moment(self, name: str) -> datetime | None:
        if not self._filled(name):
            return None
        return values.moment(name, self.fields[name], self.context.zone, date_format=self.context.date_format)

    def words(self, name: str) -> tuple[str, ...]:
        return values.words(name, self.fields[name]) if self._filled(name) else ()

    def pairs(self, name: str) -> dict[str, str]:
        """Named values from one column and from columns such as "option: color"; the latter win."""
        together = values.pairs(name, self.fields[name]) if self._filled(name) else {}
        single = self.fields.get(f"{name}.")
        return {**together, **values.pairs(name, single)} if single else together

    def reference(self, name: str) -> str | None:
        """The key of a customer or product that this row names."""
        value = self.text(name)
        return None if value is None else record_id(self.context.references, value)

    def one_of(self, name: str, meanings: Mapping[str, str]) -> str | None:
        """A value of a fixed vocabulary, by any of its spellings. Raises BadRow for an unknown one."""
        value = self.text(name)
        if value is None:
            return None
        meaning = meanings.get(value.casefold().replace("-", "_").replace(" ", "_"))
        if meaning is None:
            known = ", ".join(dict.fromkeys(meanings.values()))
            raise BadRow(f"{name} is {values.shown(value)}, which is not known.", hint=f"Write one of: {known}.")
        return meaning

    def _filled(self, name: str) -> bool:
        value = self.fields.get(name)
        return value is not None and not (isinstance(value, str) and not value.strip())


def attrs(extras: Mapping[str, Any]) -> dict[str, Scalar]:
    """The columns without a meaning to us, as scalars under their own names; what `attrs` itself holds, unpacked."""
    found: dict[str, Scalar] = {}
    for name, value in extras.items():
        whole = values.parsed(name, value) if name == ATTRS and isinstance(value, str) else value
        inner = whole if name == ATTRS and isinstance(whole, Mapping) else {name.removeprefix(f"{ATTRS}."): value}
        for key, item in inner.items():
            if item not in (None, ""):
                found[values.text("a column's name", key)] = values.scalar(key, item)
    return found

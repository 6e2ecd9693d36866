"""Which column of a file of purchases holds what: told by `--map FIELD=COLUMN`, else guessed from usual names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapport.errors import UserError

REQUIRED = ("customer", "at")
_USUAL: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer", "customerid", "customerno", "customernumber", "custid", "client", "clientid", "user",
                 "userid", "member", "memberid", "household", "householdid", "account", "accountid", "shopper"),
    "at": ("at", "date", "datetime", "day", "time", "timestamp", "invoicedate", "orderdate", "purchasedate",
           "transactiondate", "orderedat", "createdat", "purchasedat", "placedat"),
    "amount": ("amount", "total", "value", "revenue", "sales", "spend", "spent", "dollarvalue", "dollars", "linetotal",
               "ordertotal", "totalprice", "totalamount", "grossamount", "netamount", "paid"),
    "price": ("price", "unitprice", "priceperunit", "itemprice"),
    "quantity": ("quantity", "qty", "units", "pieces", "count", "items"),
    "product": ("product", "productid", "stockcode", "sku", "item", "itemid", "article", "articleid", "productcode"),
    "order": ("order", "orderid", "orderno", "ordernumber", "invoice", "invoiceno", "invoiceid", "invoicenumber",
              "receipt", "receiptid", "basket", "basketid", "transactionid"),
    "currency": ("currency", "currencycode"),
}  # fmt: skip
FIELDS = tuple(_USUAL)


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the columns. amount: those whose product is the money of the line; empty: no money is known."""

    customer: int
    at: int
    amount: tuple[int, ...] = ()
    quantity: int | None = None
    product: int | None = None
    order: int | None = None
    currency: int | None = None

    def told(self, names: Sequence[str]) -> dict[str, str]:
        """Field -> the column that it is read from."""
        found = {"customer": names[self.customer], "at": names[self.at]}
        if self.amount:
            found["amount"] = " * ".join(names[place] for place in self.amount)
        for field in ("quantity", "product", "order", "currency"):
            place = getattr(self, field)
            if place is not None:
                found[field] = names[place]
        return found


def find_columns(names: Sequence[str], mapping: Mapping[str, str], *, header: bool) -> Columns:
    """Where each field stands. names: of the columns; without a header, their numbers from 1 on.

    A mapping names columns by name or by number; `amount=Quantity*UnitPrice` multiplies two. Fields that it leaves out
    are guessed where there is a header. Raises UserError for an unknown field or column, and where customer or at is
    not to be found.
    """
    unknown = sorted(set(mapping) - set(FIELDS))
    if unknown:
        raise UserError(f"--map {unknown[0]}={mapping[unknown[0]]}: there is no field '{unknown[0]}'.",
                        hint=f"The fields are {', '.join(FIELDS)}.")  # fmt: skip
    places = {field: tuple(_place(part, names) for part in re.split(r"\s*\*\s*", mapping[field])) for field in mapping}
    several = next((field for field, found in places.items() if len(found) > 1 and field != "amount"), None)
    if several:
        raise UserError(
            f"--map {several}={mapping[several]} names several columns.", hint="Only amount may be a product."
        )
    for field in FIELDS if header else ():
        found = next((place for place, name in enumerate(names) if _plain(name, field) in _USUAL[field]), None)
        if field not in places and found is not None:
            places[field] = (found,)
    missing = next((field for field in REQUIRED if field not in places), None)
    if missing:
        raise UserError(
            f"no column is known to hold {missing}; the columns are {', '.join(names)}"
            + ("." if header else " (the file has no header line)."),
            hint=f"Name it: --map {missing}={names[0]}",
        )
    if "amount" not in places and "price" in places:
        places["amount"] = (*places["price"], *places.get("quantity", ()))
    single = {field: places[field][0] for field in ("quantity", "product", "order", "currency") if field in places}
    return Columns(places["customer"][0], places["at"][0], places.get("amount", ()), **single)


def _place(column: str, names: Sequence[str]) -> int:
    """The place of a column named by its name, whatever its case, or by its number."""
    folded = [name.casefold() for name in names]
    if column.casefold() in folded:
        return folded.index(column.casefold())
    if column.isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    raise UserError(f"there is no column '{column}'; the columns are {', '.join(names)}.",
                    hint="Name a column, or give its number, from 1 on.")  # fmt: skip


def _plain(name: str, field: str) -> str:
    """A column's name as `_USUAL` writes it; "number_of_cds" counts as a quantity."""
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return "quantity" if field == "quantity" and plain.startswith("numberof") else plain

"""Read a shop in the form of tau2-bench's retail domain: `db.json` and `policy.md` in one folder.

Customers, products (a record for each variant) and orders come from `db.json`, articles from the sections of
`policy.md`. The policy tells an agent how to behave: sections about what happens to a customer's order, return or
payment are public, the others are for staff.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from crm.importers.json_stream import Member, members
from crm.importers.rows import Reader, Row
from crm.importers.sections import Section, sections_of, slug
from crm.importers.text_file import check_readable, sha256_of_file
from rapport.errors import UserError
from rapport.records import RecordKind

KINDS = (RecordKind.CUSTOMERS, RecordKind.PRODUCTS, RecordKind.ORDERS, RecordKind.ARTICLES)
CURRENCY = "USD"  # the shop's prices are in dollars
_SECTIONS = {RecordKind.CUSTOMERS: "users", RecordKind.PRODUCTS: "products", RecordKind.ORDERS: "orders"}
_CUSTOMER_TOPIC = re.compile(
    r"\b(cancel|modify|change|return|exchange|refund|pay(ment)?|ship(ping)?|deliver(y)?|warranty|gift card)", re.I
)
Shape = Callable[[str, Mapping[str, Any]], Iterator[dict[str, Any]]]


def open_tau2(path: Path, kind: RecordKind, mapping: Mapping[str, str]) -> Reader:
    """The reader of one kind. path: the folder, or its db.json. Raises UserError where the file is missing."""
    if mapping:
        raise UserError("--map does not go with the format tau2, whose fields are known.", hint="Leave it out.")
    if kind not in KINDS:
        raise UserError(f"the format tau2 has no {kind}.", hint=f"It has {', '.join(KINDS)}.")
    folder = path if path.is_dir() else path.parent
    file = folder / ("policy.md" if kind is RecordKind.ARTICLES else "db.json")
    check_readable(file)
    return PolicyReader(file) if kind is RecordKind.ARTICLES else DatabaseReader(file, kind)


class DatabaseReader:
    """One section of db.json, streamed."""

    prunes = True
    counts = "line"

    def __init__(self, file: Path, kind: RecordKind) -> None:
        self._file, self._section = file, _SECTIONS[kind]
        self._rows = _SHAPES[kind]
        # reads the file once through: one that breaks off is refused before anything of it is kept
        self.total = sum(1 for _ in self.rows())
        if not self.total:
            raise UserError(f"{file} has no '{self._section}'.", hint="Is it a db.json of tau2-bench's retail domain?")

    def fingerprint(self) -> str:
        return sha256_of_file(self._file)

    def rows(self) -> Iterator[Row]:
        """One row a record; a member of an unknown shape has an error."""
        end = 0
        for member in members(self._file):
            if member.section != self._section:
                continue
            for row in self._of(member):
                end += 1
                row.end = end
                yield row

    def _of(self, member: Member) -> Iterator[Row]:
        try:
            for fields in self._rows(member.name, member.value):
                yield Row(member.line, 0, member.value, fields, fields.pop("extras", {}))
        except (KeyError, TypeError, AttributeError, ArithmeticError, ValueError) as error:
            reason = f"'{member.name}' is not what tau2 calls one of its {member.section} ({error!r})."
            yield Row(member.line, 0, {member.name: member.value}, error=reason)


class PolicyReader:
    """The sections of policy.md as articles."""

    prunes = True
    counts = "line"

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._sections = list(sections_of(file.read_text(encoding="utf-8-sig"), title=file.stem))
        except UnicodeDecodeError as error:
            raise UserError(f"{file} is not UTF-8 ({error.reason}).", hint="Save it as UTF-8.") from None
        self.total = len(self._sections)

    def fingerprint(self) -> str:
        return sha256_of_file(self._file)

    def rows(self) -> Iterator[Row]:
        for end, section in enumerate(self._sections, start=1):
            yield Row(section.line, end, section.text, _article(section))


def _article(section: Section) -> dict[str, Any]:
    public = any(_CUSTOMER_TOPIC.search(heading) for heading in section.path)
    return {
        "article_id": "policy/" + "/".join(slug(heading) for heading in section.path),
        "title": ": ".join(section.path),
        "text": section.text,
        "visibility": "public" if public else "staff",
        "collection": "policy",
    }


def _customers(name: str, user: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    address = user["address"]
    methods = [_method(method["source"], method) for method in user["payment_methods"].values()]
    extras = {"address": _address(address), "state": address.get("state"), "payment_methods": "; ".join(methods)}
    yield {
        "customer_id": user["user_id"],
        "first_name": user["name"]["first_name"],
        "last_name": user["name"]["last_name"],
        "email": user.get("email"),
        "postcode": address.get("zip"),
        "city": address.get("city"),
        "country": address.get("country"),
        "extras": {name: value for name, value in extras.items() if value},
    }


def _products(name: str, product: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for variant in product["variants"].values():
        yield {
            "product_id": variant["item_id"],
            "name": product["name"],
            "group": product["name"],
            "options": variant["options"],
            "price": variant["price"],
            "currency": CURRENCY,
            "available": variant["available"],
            "extras": {"product_id": product["product_id"]},
        }


def _orders(name: str, order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    payments = _amounts(order, "payment")
    methods = dict.fromkeys(method for _, method in payments)
    yield {
        "order_id": order["order_id"],
        "number": order["order_id"],
        "customer_id": order["user_id"],
        "status": order["status"],
        "currency": CURRENCY,
        "total": sum((amount for amount, _ in payments), Decimal(0)) if payments else None,
        "payment_method": ", ".join(methods),
        "lines": [
            {
                "line_name": item["name"],
                "line_product_id": item["item_id"],
                "unit_price": item["price"],
                "options": item["options"],
            }
            for item in order["items"]
        ],
        "deliveries": [
            {"tracking": tracking} for parcel in order["fulfillments"] for tracking in parcel["tracking_id"]
        ],
        "refunds": [
            {"refund_amount": amount, "refund_status": "paid", "refund_method": method}
            for amount, method in _amounts(order, "refund")
        ],
        "extras": {"address": _address(order["address"])},
    }


def _amounts(order: Mapping[str, Any], sort: str) -> Sequence[tuple[Decimal, str]]:
    return [
        (Decimal(str(entry["amount"])), _method(str(entry["payment_method_id"]).rpartition("_")[0], {}))
        for entry in order["payment_history"]
        if entry["transaction_type"] == sort
    ]


def _method(source: str, details: Mapping[str, Any]) -> str:
    """A payment method in words: "PayPal", "gift card", "credit card (visa ending in 9212)"."""
    words = "PayPal" if source == "paypal" else source.replace("_", " ")
    if details.get("last_four"):
        words += f" ({details.get('brand', 'card')} ending in {details['last_four']})"
    return words


def _address(address: Mapping[str, Any]) -> str:
    place = " ".join(str(address[part]) for part in ("state", "zip") if address.get(part))
    parts = [address.get("address1"), address.get("address2"), address.get("city"), place, address.get("country")]
    return ", ".join(str(part) for part in parts if part)


_SHAPES: Mapping[RecordKind, Shape] = {
    RecordKind.CUSTOMERS: _customers,
    RecordKind.PRODUCTS: _products,
    RecordKind.ORDERS: _orders,
}

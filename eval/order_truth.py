"""What the raw file of a tau2 shop says of each order: the truth that replies are judged by.

Read from `db.json` itself, not from the store, so that a mistake of the importer shows as well.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rapport.errors import BadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTruth:
    """One order as the file has it.

    items: product names, one for each line. text: every word of the record, for looking values up.
    amounts: every sum of money that follows from it. secrets: values that only its owner may learn.
    """

    number: str
    user_id: str
    status: str
    items: tuple[str, ...]
    text: str
    amounts: frozenset[Decimal]
    secrets: frozenset[str]

    @property
    def counts(self) -> frozenset[int]:
        """The counts that a reply may state: things in all, kinds of things, and pieces of each kind."""
        pieces = Counter(self.items)
        return frozenset({len(self.items), len(pieces), *pieces.values()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Every order and person of the file, and the vocabulary that replies are searched for.

    own_text: for each user all that the file has of them, their orders and the count of these.
    """

    orders: Mapping[str, OrderTruth]
    users: tuple[str, ...]
    own_text: Mapping[str, str]
    products: frozenset[str]
    statuses: frozenset[str]


def read_shop(folder: Path) -> Shop:
    """Read `db.json` of a tau2 folder. Raises BadRow where it is not one."""
    path = folder / "db.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        users, orders, products = raw["users"], raw["orders"], raw["products"]
        truths = {number: _truth(number, order, users[order["user_id"]]) for number, order in orders.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRow(f"{path} is not a tau2 shop ({error!r}).", hint="Give the folder that holds db.json.") from error
    own: dict[str, list[str]] = {user: [_text(value)] for user, value in users.items()}
    for truth in truths.values():
        own[truth.user_id].append(f"{truth.number} {truth.text}")
    return Shop(
        orders=truths,
        users=tuple(sorted(users)),
        own_text={user: " ".join((*parts, str(len(parts) - 1))) for user, parts in own.items()},
        products=frozenset(product["name"] for product in products.values()),
        statuses=frozenset(truth.status for truth in truths.values()),
    )


def _truth(number: str, order: Mapping[str, Any], user: Mapping[str, Any]) -> OrderTruth:
    prices = [Decimal(str(item["price"])) for item in order["items"]]
    money = [(row["transaction_type"], Decimal(str(row["amount"]))) for row in order["payment_history"]]
    totals = {sum((amount for kind, amount in money if kind == wanted), Decimal(0)) for wanted in ("payment", "refund")}
    tracking = [code for parcel in order["fulfillments"] for code in parcel["tracking_id"]]
    return OrderTruth(
        number=number,
        user_id=order["user_id"],
        status=order["status"],
        items=tuple(item["name"] for item in order["items"]),
        text=_text({key: value for key, value in order.items() if key != "order_id"}),
        amounts=frozenset({*prices, sum(prices, Decimal(0)), *(amount for _, amount in money), *totals} - {Decimal(0)}),
        secrets=frozenset({*tracking, *_personal(order["address"]), *_person(user), *_ids(order)}),
    )


def _personal(address: Mapping[str, str]) -> Iterator[str]:
    return (address[key] for key in ("address1", "address2", "zip", "city") if address.get(key))


def _person(user: Mapping[str, Any]) -> Iterator[str]:
    name = user["name"]
    yield f"{name['first_name']} {name['last_name']}"
    yield user["email"]
    yield from _personal(user["address"])


def _ids(order: Mapping[str, Any]) -> Iterator[str]:
    for item in order["items"]:
        yield item["item_id"]
        yield item["product_id"]
    for row in order["payment_history"]:
        yield row["payment_method_id"]


def _text(value: Any) -> str:
    """Every key and value of a JSON value as one line of words."""
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " ".join(_text(item) for item in value)
    return str(value)

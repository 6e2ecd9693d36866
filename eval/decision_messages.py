"""Messages that must not be answered as if they asked something else, read from `phrasings/decisions_*.toml`.

A group holds messages, one a line, that want the same. who: the people who write them, dealt to the messages in
turn. accept: the decisions that are right, "kind/rule", where "*" stands for any rule. needs: those of which at least
one must be among a turn's decisions; without it, every accepted one will do. cites: articles of which an answer from
articles must cite one. found: false where no record may be found. never: words that the reply must not hold.

Slots: {processing}, {shipped}, {delivered}, {cancelled}: the number of an order of the writer's in that status; {old}:
of one delivered a year ago or earlier. {theirs}, {their_name}, {their_email}: an order of another customer and who
that is.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from importlib import resources
from random import Random
from typing import Any, Literal

from rapport.errors import CorruptArtifact, DataError, SettingsError
from rapport.records import Customer, CustomerId, Order
from rapport.types import Identity, Viewer

Part = Literal["dev", "test"]
PARTS: tuple[Part, ...] = ("dev", "test")
STATUSES = ("processing", "shipped", "delivered", "cancelled")
OLD = timedelta(days=365)
_SLOT = re.compile(r"\{(\w+)\}")
_FIELDS = frozenset({"id", "who", "accept", "needs", "cites", "found", "never", "messages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a right turn looks like; see the module."""

    accept: tuple[str, ...]
    needs: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    found: bool = True
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One message with its slots. id: its group and its place there, from 1."""

    id: str
    group: str
    who: Identity
    text: str
    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message as one customer writes it. secrets: values of another customer that no reply may hold."""

    template: Template
    text: str
    viewer: Viewer
    secrets: tuple[str, ...] = ()


def part_named(name: str) -> Part:
    """The part of this name. Raises SettingsError for another."""
    found = next((part for part in PARTS if part == name), None)
    if found is None:
        raise SettingsError(f"--part {name} is not known.", hint=f"Give one of: {', '.join(PARTS)}.")
    return found


def load_messages(part: Part) -> tuple[Template, ...]:
    """All messages of one part, in the order of the file. Raises CorruptArtifact where a group is wrong."""
    text = resources.files("eval").joinpath("phrasings", f"decisions_{part}.toml").read_text(encoding="utf-8")
    return tuple(template for group in tomllib.loads(text)["group"] for template in _templates(group))


def _templates(group: Mapping[str, Any]) -> list[Template]:
    name = group.get("id", "without an id")
    if unknown := set(group) - _FIELDS:
        raise CorruptArtifact(f"the group '{name}' has an unknown field '{min(unknown)}'.")
    if missing := {"id", "who", "accept", "messages"} - set(group):
        raise CorruptArtifact(f"the group '{name}' has no '{min(missing)}'.")
    wanted = Wanted(
        accept=tuple(group["accept"]),
        needs=tuple(group.get("needs", ())),
        cites=tuple(group.get("cites", ())),
        found=group.get("found", True),
        never=tuple(group.get("never", ())),
    )
    people = [Identity(who) for who in group["who"]]
    lines = [line for line in group["messages"].splitlines() if line]
    return [
        Template(id=f"{name}-{n}", group=name, who=people[(n - 1) % len(people)], text=line, wanted=wanted)
        for n, line in enumerate(lines, start=1)
    ]


class Cast:
    """The customers and orders that fill the slots. today: from which an order is old."""

    def __init__(self, customers: Sequence[Customer], orders: Sequence[Order], *, today: datetime) -> None:
        self._customers = {customer.id: customer for customer in customers}
        self._orders = orders
        self._today = today

    def write(self, template: Template, random: Random) -> Written:
        """The message with its slots filled, and who sends it."""
        slots = set(_SLOT.findall(template.text))
        values: dict[str, str] = {}
        writer = random.choice(sorted(self._customers))
        for name in sorted(slots & {*STATUSES, "old"}):
            order = random.choice(self._of(name))
            values[name], writer = order.number, order.customer_id
        secrets: tuple[str, ...] = ()
        if slots & {"theirs", "their_name", "their_email"}:
            theirs = random.choice([order for order in self._contactable if order.customer_id != writer])
            other = self._customers[theirs.customer_id]
            values |= {"theirs": theirs.number, "their_name": other.name or "", "their_email": other.email or ""}
            secrets = tuple(line.name for line in theirs.lines)
        if unknown := slots - set(values):
            raise DataError(f"the message '{template.id}' has an unknown slot '{min(unknown)}'.")
        text = _SLOT.sub(lambda slot: values[slot[1]], template.text)
        return Written(template=template, text=text, viewer=_viewer(writer, template.who), secrets=secrets)

    def _of(self, name: str) -> list[Order]:
        status = "delivered" if name == "old" else name
        found = [order for order in self._orders if order.status == status and (name != "old" or self._is_old(order))]
        if not found:
            raise DataError(f"no order is {name}.")
        return found

    @cached_property
    def _contactable(self) -> list[Order]:
        """Orders of customers whose name and e-mail are known."""
        return [order for order in self._orders if self._known(order.customer_id)]

    def _known(self, id: CustomerId) -> bool:
        customer = self._customers.get(id)
        return bool(customer and customer.name and customer.email)

    def _is_old(self, order: Order) -> bool:
        return order.placed_at is not None and self._today - order.placed_at > OLD


def _viewer(writer: CustomerId, who: Identity) -> Viewer:
    return Viewer() if who is Identity.ANONYMOUS else Viewer(writer, who)

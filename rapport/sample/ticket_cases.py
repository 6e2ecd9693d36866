"""Decide which tickets there were: who wrote when, about which order, and in which situation. Writes no words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from rapport.records import Customer, Delivery, Order, Refund

TICKETS = 1500
# What people ask who have no trouble with an order, with weights.
_GENERAL = {
    "product_availability": 14, "product_question": 15, "shipping_info": 9, "payment_info": 6, "payment_problem": 8,
    "discount_code": 10, "gift_card": 7, "loyalty_program": 8, "account_access": 10, "account_change": 7,
    "data_privacy": 5, "store_info": 8, "complaint": 6, "talk_to_person": 3, "oos": 6,
}  # fmt: skip
_AFTER_DELIVERY = {
    "return_item": 12, "exchange_item": 9, "invoice": 9, "warranty_claim": 8, "damaged_item": 7, "wrong_item": 6,
}  # fmt: skip
_BEFORE_DELIVERY = {"order_status": 10, "change_order": 5, "change_address": 5, "cancel_order": 3}


@dataclass(frozen=True, slots=True)
class Case:
    """One reason to write. situation: what the reply depends on. upset: chance of a negative message."""

    customer: Customer
    at: datetime
    intent: str
    situation: str = "any"
    order: Order | None = None
    upset: float = 0.12


def choose_cases(
    random: Random, customers: Sequence[Customer], orders: Sequence[Order], *, as_of: datetime
) -> list[Case]:
    """1,500 cases, oldest first. Trouble with an order makes a ticket likely; the rest is everyday business."""
    owners = {customer.id: customer for customer in customers}
    cases = [case for order in orders for case in _of_order(random, owners[order.customer_id], order)]
    cases = [case for case in cases if case.at < as_of]
    random.shuffle(cases)
    del cases[TICKETS * 2 // 3 :]
    while len(cases) < TICKETS:
        order = random.choice(orders)
        if order.placed_at:
            at = order.placed_at + timedelta(days=random.uniform(-6, 60))
            if at < as_of:
                intent = _pick(random, _GENERAL)
                upset = (
                    1.0 if intent == "complaint" else 0.3 if intent in ("payment_problem", "account_access") else 0.1
                )
                cases.append(Case(owners[order.customer_id], at, intent, upset=upset))
    return sorted(cases, key=lambda case: (case.at, case.customer.id, case.intent))


def _of_order(random: Random, customer: Customer, order: Order) -> Iterator[Case]:
    for parcel in order.deliveries:
        yield from _of_parcel(random, customer, order, parcel)
    for refund in order.refunds:
        yield from _of_refund(random, customer, order, refund)
    arrived = max((parcel.delivered_at for parcel in order.deliveries if parcel.delivered_at), default=None)
    if arrived and random.random() < 0.2:
        intent = _pick(random, _AFTER_DELIVERY)
        days = random.uniform(40, 300) if intent == "warranty_claim" else random.uniform(0.1, 12)
        upset = 0.45 if intent in ("damaged_item", "wrong_item", "warranty_claim") else 0.1
        yield Case(customer, arrived + timedelta(days=days), intent, "any", order, upset)
    if order.placed_at and random.random() < 0.1:
        intent = _pick(random, _BEFORE_DELIVERY)
        situation = {"order_status": "processing", "cancel_order": "too_late"}.get(intent, "any")
        yield Case(customer, order.placed_at + timedelta(hours=random.uniform(0.3, 9)), intent, situation, order)
    if order.status == "cancelled" and order.placed_at and random.random() < 0.5:
        yield Case(customer, order.placed_at + timedelta(minutes=random.randint(6, 55)), "cancel_order", "done", order)


def _of_parcel(random: Random, customer: Customer, order: Order, parcel: Delivery) -> Iterator[Case]:
    due, shipped, arrived = parcel.expected_at, parcel.shipped_at, parcel.delivered_at
    if not (due and shipped):
        return
    if parcel.status == "lost":
        yield Case(customer, due + timedelta(days=random.uniform(3, 9)), "delivery_problem", "lost", order, 0.75)
    elif arrived is None or arrived.date() > due.date():
        if random.random() < 0.45:
            intent = random.choice(("order_status", "delivery_problem", "delivery_problem"))
            at = due + timedelta(hours=random.uniform(12, 40))
            yield Case(customer, at, intent, "late", order, 0.55)
    elif random.random() < 0.03:
        at = arrived + timedelta(hours=random.uniform(2, 40))
        yield Case(customer, at, "delivery_problem", "not_received", order, 0.5)
    elif random.random() < 0.07:
        yield Case(
            customer, shipped + timedelta(hours=random.uniform(5, 30)), "order_status", "on_the_way", order, 0.07
        )


def _of_refund(random: Random, customer: Customer, order: Order, refund: Refund) -> Iterator[Case]:
    asked = refund.requested_at
    if asked is None or refund.reason == "order cancelled":
        return
    if refund.status == "declined" and random.random() < 0.8:
        intent = random.choice(("refund_status", "refund_status", "complaint"))
        yield Case(customer, asked + timedelta(days=random.uniform(8, 12)), intent, "declined", order, 0.8)
    elif random.random() < 0.5:
        days = random.uniform(3, 13)
        at = asked + timedelta(days=days)
        paid = refund.paid_at is not None and refund.paid_at <= at
        situation = "paid" if paid else "approved" if days > 8 else "requested"
        yield Case(customer, at, "refund_status", situation, order, 0.3)


def _pick(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), weights=list(weights.values()))[0]

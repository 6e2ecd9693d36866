"""The planted patterns of the sample company can be measured in its records."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

END = datetime(2026, 11, 1, 8, tzinfo=UTC)


def was_late(order) -> bool:
    return any(
        parcel.delivered_at is None or parcel.delivered_at.date() > parcel.expected_at.date()
        for parcel in order.deliveries
        if parcel.expected_at and parcel.expected_at < END
    )


@pytest.fixture(scope="module")
def last_share(sample):
    """share of orders that were their customer's last, among the orders that a test picks; recent ones are left out."""
    last = {}
    for order in sample.orders:
        last[order.customer_id] = order.number
    old = [order for order in sample.orders if order.placed_at < END - timedelta(days=240)]

    def share(picked) -> float:
        chosen = [order for order in old if picked(order)]
        return sum(last[order.customer_id] == order.number for order in chosen) / len(chosen)

    return share


def test_late_parcels_make_customers_leave(last_share):
    assert last_share(was_late) > last_share(lambda order: not was_late(order)) + 0.06


def test_declined_refunds_make_customers_leave(last_share):
    def declined(order) -> bool:
        return any(refund.status == "declined" for refund in order.refunds)

    assert last_share(declined) > last_share(lambda order: not declined(order)) + 0.15


def test_the_truth_about_churn_agrees_with_the_orders(sample):
    last = {order.customer_id: order.placed_at for order in sample.orders}
    assert 0.3 < len(sample.left) / 400 < 0.75
    assert all(last[customer] == at for customer, at in sample.left.items())


def test_november_and_december_are_the_busiest_months(sample):
    months = Counter(order.placed_at.month for order in sample.orders)
    assert {month for month, _ in months.most_common(2)} == {11, 12}


def test_winter_goods_sell_in_winter_and_tents_in_summer(sample):
    groups = {product.id: product.category for product in sample.products}
    sold = Counter(
        (groups[line.product_id], order.placed_at.month in (10, 11, 12, 1, 2))
        for order in sample.orders
        for line in order.lines
    )
    # Five winter months against seven others.
    assert sold["hats gloves", True] / 5 > 1.6 * sold["hats gloves", False] / 7
    assert sold["tents", False] / 7 > 1.3 * sold["tents", True] / 5


def test_shoes_draw_socks_and_tents_draw_mats(sample):
    groups = {product.id: product.category for product in sample.products}
    baskets = [{groups[line.product_id] for line in order.lines} for order in sample.orders]

    def share(wanted: str, given: str) -> tuple[float, float]:
        having = [wanted in basket for basket in baskets if given in basket]
        lacking = [wanted in basket for basket in baskets if given not in basket]
        return sum(having) / len(having), sum(lacking) / len(lacking)

    for wanted, given in (("socks", "running shoes"), ("mats", "tents")):
        with_it, without = share(wanted, given)
        assert with_it > 2.5 * without


def test_personas_buy_different_things(sample):
    groups = {product.id: product.category for product in sample.products}
    bought = defaultdict(Counter)
    for order in sample.orders:
        for line in order.lines:
            bought[sample.personas[order.customer_id]][groups[line.product_id]] += 1
    assert {"runner", "hiker", "camper", "alpinist", "bargain", "giver"} == set(bought)
    assert bought["runner"].most_common(1)[0][0] == "running shoes"
    assert bought["camper"].most_common(1)[0][0] in ("tents", "mats", "sleeping bags")


def test_no_record_tells_the_persona(sample):
    names = set(sample.personas.values())
    for customer in sample.customers:
        assert not names & {str(value) for value in customer.attrs.values()}


def test_trouble_makes_tickets_and_lowers_satisfaction(sample):
    about = {ticket.attrs.get("order") for ticket in sample.tickets}
    late = [order.number in about for order in sample.orders if was_late(order)]
    punctual = [order.number in about for order in sample.orders if not was_late(order)]
    assert sum(late) / len(late) > 1.3 * sum(punctual) / len(punctual)
    scores = defaultdict(list)
    for ticket in sample.tickets:
        if ticket.csat is not None:
            scores[ticket.labels["sentiment"]].append(ticket.csat)
    means = {mood: sum(values) / len(values) for mood, values in scores.items()}
    assert means["negative"] < means["neutral"] - 0.15

"""The sample company: how much there is, that it is the same every time, and that its records fit together."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from rapport.records import RecordKind
from rapport.sample import AS_OF, build_sample, write_sample
from rapport.sample.calendar_days import after_working_days, black_friday, in_black_week


def test_the_company_has_the_promised_amount_of_everything(sample):
    assert len(sample.customers) == 400
    assert len({product.group for product in sample.products}) == 120
    assert 2200 <= len(sample.orders) <= 2800
    assert len(sample.tickets) == 1500
    assert 17_000 <= len(sample.events) <= 23_000
    current = [article for article in sample.articles if article.valid_until is None]
    assert len(current) == 60
    assert sum(article.visibility == "staff" for article in current) == 5
    assert len(sample.articles) == 62


@pytest.fixture(scope="module")
def again():
    return build_sample(7)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_files_and_another_seed_others(sample, again, tmp_path):
    first = write_sample(sample, tmp_path / "a")
    second = write_sample(again, tmp_path / "b")
    other = write_sample(build_sample(8), tmp_path / "c")
    for kind in ("customers", "products", "orders", "tickets", "events"):
        assert first[kind].read_bytes() == second[kind].read_bytes()
        assert first[kind].read_bytes() != other[kind].read_bytes()
    names = sorted(path.name for path in first["articles"].iterdir())
    assert names == sorted(f"{article.source_id}.md" for article in sample.articles)


def test_utterances_and_questions_are_the_same_every_time(sample, again):
    assert again.examples == sample.examples
    assert again.questions == sample.questions


def test_every_reference_exists_and_every_id_is_unique(sample):
    customers = {customer.id for customer in sample.customers}
    products = {product.id for product in sample.products}
    for kind in RecordKind:
        records = getattr(sample, kind.value)
        assert len({record.key for record in records}) == len(records)
    assert {order.customer_id for order in sample.orders} <= customers
    assert {line.product_id for order in sample.orders for line in order.lines} <= products
    assert {ticket.customer_id for ticket in sample.tickets} <= customers
    assert {event.customer_id for event in sample.events} <= customers
    assert {event.product_id for event in sample.events} - {None} <= products
    numbers = {order.number for order in sample.orders}
    assert {ticket.attrs["order"] for ticket in sample.tickets if "order" in ticket.attrs} <= numbers
    emails = [customer.email for customer in sample.customers]
    assert len(set(emails)) == len(emails)


def test_times_are_aware_in_order_and_before_the_day_of_the_sample(sample):
    end = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 8, tzinfo=UTC)
    for order in sample.orders:
        assert order.placed_at < end
        for parcel in order.deliveries:
            if parcel.status == "preparing":
                assert parcel.shipped_at is None
                continue
            assert order.placed_at <= parcel.shipped_at <= end
            assert parcel.expected_at > parcel.shipped_at
            assert parcel.delivered_at is None or parcel.shipped_at < parcel.delivered_at <= end
            assert (parcel.delivered_at is not None) == (parcel.status == "delivered")
        for refund in order.refunds:
            assert refund.requested_at <= end
            assert (refund.paid_at is not None) == (refund.status == "paid")
    for ticket in sample.tickets:
        times = [message.at for message in ticket.messages]
        assert times == sorted(times)
        assert times[-1] < end
    assert all(event.at < end for event in sample.events)


def test_totals_follow_from_lines_discount_and_delivery_costs(sample):
    order = next(order for order in sample.orders if "discount_code" not in order.attrs)
    goods = sum(line.unit_price * line.quantity for line in order.lines)
    assert str(order.total - goods) == order.attrs["shipping_eur"]
    assert all(refund.amount <= order.total or refund.status == "declined" for order in sample.orders
               for refund in order.refunds)  # fmt: skip


def test_every_state_of_orders_parcels_and_refunds_occurs(sample):
    orders = Counter(order.status for order in sample.orders)
    parcels = Counter(parcel.status for order in sample.orders for parcel in order.deliveries)
    refunds = Counter(refund.status for order in sample.orders for refund in order.refunds)
    assert {"processing", "shipped", "delivered", "cancelled", "returned", "refunded"} == set(orders)
    assert {"in_transit", "delivered", "delayed", "lost"} <= set(parcels)
    assert {"requested", "approved", "paid", "declined"} == set(refunds)


def test_tickets_are_labelled_answered_and_sometimes_messy(sample):
    languages = Counter(ticket.labels["language"] for ticket in sample.tickets)
    assert {"en", "de", "fr", "es", "nl"} == set(languages)
    assert sum("second_intent" in ticket.attrs for ticket in sample.tickets) > 50
    assert sum(ticket.labels["sentiment"] == "negative" for ticket in sample.tickets) > 200
    assert sum(ticket.labels["escalated"] == "yes" for ticket in sample.tickets) > 50
    for ticket in sample.tickets:
        assert ticket.messages[0].role == "customer"
        assert "{" not in "".join(message.text for message in ticket.messages)
        assert all(message.role == "agent" for message in ticket.messages if message.private)
        assert (ticket.status == "open") == (ticket.labels["outcome"] == "open")


def test_the_records_can_be_written_and_imported_without_change(sample, store, tmp_path):
    from crm.importers.rows import ImportOptions
    from crm.importers.run import import_file

    paths = write_sample(sample, tmp_path / "files")
    for kind, form in (("customers", "csv"), ("products", "csv"), ("articles", "markdown")):
        options = ImportOptions(format=form, source="sample", rejects_folder=tmp_path)
        report = import_file(store, RecordKind(kind), paths[kind], options)
        assert report.rejected == 0
        kept = {record.key: record for record in store.iterate(RecordKind(kind))}
        assert kept == {record.key: record for record in getattr(sample, kind)}


def test_days_are_counted_as_a_shop_counts_them():
    friday = datetime(2026, 10, 30, 12, tzinfo=UTC)
    assert after_working_days(friday, 1) == datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert black_friday(2025) == date(2025, 11, 28)
    assert in_black_week(date(2025, 12, 1))
    assert not in_black_week(date(2025, 12, 2))

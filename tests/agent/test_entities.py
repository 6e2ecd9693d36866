"""Values in a customer's words."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.entities import find_entities
from agent.number_shapes import NumberShapes, learn_order_shapes, learn_shapes
from rapport.amounts import parse_amount
from rapport.records import Delivery, Order, number_key
from rapport.types import Entity

TODAY = date(2026, 3, 4)  # a Wednesday
W = NumberShapes(
    order=learn_shapes(["#W2611340", "#W9502127", "#W1000000"]), tracking=learn_shapes(["443288261122", "100000000001"])
)
LF = NumberShapes(
    order=learn_shapes([f"LF-{number}" for number in range(200_100, 200_200)]),
    tracking=learn_shapes(["H1234567890NL", "P1234567899DE"]),
    invoice=learn_shapes(["INV-2026-00012", "INV-2025-02600"]),
)


def found(text: str, **options) -> list[tuple[str, str]]:
    return [(entity.kind, entity.value) for entity in find_entities(text, today=TODAY, **options)]


@pytest.mark.parametrize(
    ("text", "shapes", "numbers"),
    [
        ("where is my order #W2611340", W, ["W2611340"]),
        ("Has #W2611340 shipped?", W, ["W2611340"]),
        ("w-261 1340 please", W, ["W2611340"]),
        ("order 2611340", W, ["W2611340"]),
        ("it's #2611340.", W, ["W2611340"]),
        ("W2611340 and W9502127, where are they", W, ["W2611340", "W9502127"]),
        ("Has #W99 shipped?", W, ["W99"]),
        ("LF - 200101", LF, ["LF200101"]),
        ("lf200101!", LF, ["LF200101"]),
        ("200101", LF, ["LF200101"]),
        ("bestellung LF 200 101", LF, ["LF200101"]),
        ("order no. 1042-77", None, ["104277"]),
        ("TN-10482", None, ["TN10482"]),
        ("my order number is 998", None, ["998"]),
        ("I have 2 orders from 2025", None, []),
        ("yusuf_rossi_9620", W, []),
        ("size 42-43 or 500 ml", W, []),
        ("order 3 bottles", W, []),
    ],
)
def test_order_numbers_are_found_however_they_are_written(text, shapes, numbers):
    assert [value for kind, value in found(text, shapes=shapes) if kind == "order_number"] == numbers


def test_a_company_s_other_numbers_are_told_apart():
    text = "Invoice INV-2026-00012 for LF-200101, tracking H1234567890NL"
    assert found(text, shapes=LF) == [
        ("invoice", "INV202600012"),
        ("order_number", "LF200101"),
        ("tracking", "H1234567890NL"),
    ]


def test_shapes_are_learned_from_orders():
    orders = [
        Order(
            source="t",
            source_id=str(place),
            number=f"A{place:05d}-X",
            customer_id="t:1",
            status="sent",
            deliveries=(Delivery(status="sent", tracking=f"ZZ{place:09d}"),),
        )
        for place in range(10)
    ]
    shapes = learn_order_shapes(orders)
    assert found("a00007x and zz 000000007", shapes=shapes) == [
        ("order_number", "A00007X"),
        ("tracking", "ZZ000000007"),
    ]


def test_numbers_of_few_digits_are_not_taken_from_bare_text():
    shapes = NumberShapes(order=learn_shapes(["1001", "1002"]))
    assert found("I was born in 1990", shapes=shapes) == []
    assert found("order 1001", shapes=shapes) == [("order_number", "1001")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("€12,50", "12.50 EUR"),
        ("12.50 €", "12.50 EUR"),
        ("1.234,56 EUR", "1234.56 EUR"),
        ("$1,234.56", "1234.56 USD"),
        ("USD 20", "20.00 USD"),
        ("12 euros", "12.00 EUR"),
        ("£5", "5.00 GBP"),
        ("CHF 12.-", "12.00 CHF"),
        ("30 bucks", "30.00 USD"),
    ],
)
def test_amounts_are_read_in_several_notations(text, value):
    assert found(f"I paid {text} for it") == [("amount", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-02-03", "2026-02-03"),
        ("03.02.2026", "2026-02-03"),
        ("3/2/2026", "2026-02-03"),
        ("13/2/26", "2026-02-13"),
        ("2/13/2026", "2026-02-13"),
        ("March 2nd", "2026-03-02"),
        ("2 March 2025", "2025-03-02"),
        ("2. März", "2026-03-02"),
        ("the 28th of December", "2025-12-28"),
        ("yesterday", "2026-03-03"),
        ("the day before yesterday", "2026-03-02"),
        ("gestern", "2026-03-03"),
        ("3 days ago", "2026-03-01"),
        ("two weeks ago", "2026-02-18"),
        ("last Tuesday", "2026-03-03"),
        ("last Wednesday", "2026-02-25"),
        ("next Friday", "2026-03-06"),
        ("last week", "2026-W09"),
        ("last month", "2026-02"),
    ],
)
def test_dates_are_read_absolute_and_relative_to_today(text, value):
    assert found(f"I bought it {text}") == [("date", value)]


def test_americans_write_the_month_first():
    assert found("on 3/2/2026", locale="en-US") == [("date", "2026-03-02")]


def test_a_day_that_does_not_exist_is_no_date():
    assert found("on 31.02.2026") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zip 19122", "19122"),
        ("my postcode is BS1 3QT", "BS1 3QT"),
        ("PLZ 80331", "80331"),
        ("a@b.eu, 1012 AB", "1012 AB"),
    ],
)
def test_postcodes_need_a_word_or_an_e_mail_beside_them(text, value):
    assert ("postcode", value) in found(text)
    assert found("19122") == []


def test_a_bare_postcode_counts_when_it_was_asked_for():
    assert found("19122", shapes=W, postcode_asked=True) == [("postcode", "19122")]


def test_e_mails_and_phones_are_found():
    text = "Jane.Doe+x@Example.co.uk or +49 171 555 0123 or 0171/5550123"
    assert found(text) == [("email", "jane.doe+x@example.co.uk"), ("phone", "+491715550123"), ("phone", "01715550123")]


def test_a_phone_number_is_not_taken_for_a_tracking_number():
    assert found("call +49 171 555 0123", shapes=W) == [("phone", "+491715550123")]


def _well_placed(text: str, entities: tuple[Entity, ...]) -> bool:
    ends = [0]
    for entity in entities:
        if text[entity.start : entity.end] != entity.text or entity.start < ends[-1] or not entity.text:
            return False
        ends.append(entity.end)
    return True


@given(st.text(max_size=200), st.booleans())
def test_any_text_gives_well_placed_entities(text, asked):
    assert _well_placed(text, find_entities(text, today=TODAY, shapes=LF, postcode_asked=asked))


@given(
    st.lists(
        st.sampled_from(
            [
                "#W2611340",
                "a@b.com",
                "€12,50",
                "yesterday",
                "zip 19122",
                "2026-02-03",
                "+49 171 5550123",
                "order",
                "and",
                "!",
            ]
        ),
        max_size=8,
    )
)
def test_known_values_in_any_order_give_well_placed_entities(parts):
    text = " ".join(parts)
    entities = find_entities(text, today=TODAY, shapes=W)
    assert _well_placed(text, entities)
    assert sum(entity.kind == "email" for entity in entities) == parts.count("a@b.com")


@given(st.from_regex(r"[A-Z]{1,3}-?[0-9]{6,9}", fullmatch=True), st.sampled_from(["{}", "#{}", "it's {}.", "({})?"]))
def test_a_number_like_the_learned_one_is_found_in_any_setting(number, setting):
    shapes = NumberShapes(order=learn_shapes([number]))
    assert ("order_number", number_key(number)) in found(setting.format(number.lower()), shapes=shapes)


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_is_read_back_from_its_notations(day):
    for text in (
        day.isoformat(),
        f"{day:%d.%m.%Y}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
    ):
        assert found(f"on {text} then") == [("date", day.isoformat())]


@given(st.integers(min_value=0, max_value=40))
def test_days_ago_count_back_from_today(days):
    assert found(f"{days} days ago") == [("date", (TODAY - timedelta(days=days)).isoformat())]


@given(st.decimals(min_value=0, max_value=999_999, places=2))
def test_amounts_keep_their_value_in_both_notations(amount):
    english, continental = f"{amount:,.2f}", f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert parse_amount(english) == parse_amount(continental) == Decimal(amount)

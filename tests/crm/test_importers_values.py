"""Single values as files write them."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importers import values
from rapport.errors import BadRow, UserError

BERLIN = ZoneInfo("Europe/Berlin")
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.datetimes(),
    st.lists(st.text()), st.dictionaries(st.text(), st.text()), st.decimals(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("12.5", "12.5"),
        ("€ 12,50", "12.50"),
        ("12,50 €", "12.50"),
        ("$1,234.50", "1234.50"),
        ("1.234,50 EUR", "1234.50"),
        ("USD 1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1 234,50", "1234.50"),
        ("1'234.50 CHF", "1234.50"),
        ("(12.50)", "-12.50"),
        ("-£3", "-3"),
        ("$-3", "-3"),
        ("0,125", "0.125"),
        ("1,2345", "1.2345"),
        (".5", "0.5"),
        ("007", "7"),
        (12, "12"),
        (12.1, "12.1"),
        (Decimal("3.30"), "3.30"),
    ],
)
def test_an_amount_is_read_with_its_signs_and_separators(written, amount):
    assert values.money("total", written) == Decimal(amount)


@pytest.mark.parametrize(
    "written",
    ["1,234", "12.34.5", "1,23,456", "abc", "12 apples", "1e5", "--3", "nan", "inf", "1..2", "12,", "€", "9" * 40],
)
def test_an_amount_with_two_readings_or_none_is_refused_with_the_field_and_the_value(written):
    with pytest.raises(BadRow, match=r"^total"):
        values.money("total", written)


@given(st.decimals(min_value=-999_999, max_value=999_999, places=2))
def test_an_amount_survives_the_ways_in_which_shops_write_it(amount):
    for pattern in ("{}", "€ {}", "{} EUR", "${}"):
        assert values.money("price", pattern.format(amount)) == amount
    american, sign = f"{abs(amount):,.2f}", "-" if amount < 0 else ""
    german = american.translate(str.maketrans(",.", ".,"))
    assert values.money("price", sign + american) == amount
    assert values.money("price", f"{sign}{german} €") == amount


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T14:30:00Z", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("2026-11-21 14:30:00 UTC", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("2026-11-21T14:30:00+01:00", datetime(2026, 11, 21, 13, 30, tzinfo=UTC)),
        ("2026/11/21 14:30", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("20261121", datetime(2026, 11, 21, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1700000000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (date(2026, 11, 21), datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_a_date_in_iso_form_or_in_seconds_is_read_as_utc(written, moment):
    assert values.moment("at", written, UTC) == moment


def test_a_time_without_a_zone_is_meant_in_the_zone_given():
    assert values.moment("at", "2026-07-01 12:00", BERLIN) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert values.moment("at", "2026-07-01T12:00Z", BERLIN) == datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("written", ["01/02/2026", "31.12.2026", "2026-13-01", "soon", "2026", "12", "0001-01-01", ""])
def test_a_date_without_a_certain_order_of_day_and_month_is_refused_with_what_to_do(written):
    with pytest.raises(BadRow, match="--date-format"):
        values.moment("at", written, BERLIN)


@pytest.mark.parametrize("written", ["2026-02-30", "2026-13-01", "2026-11-21T25:00"])
def test_a_day_that_is_in_no_calendar_is_not_called_uncertain(written):
    with pytest.raises(BadRow, match="names no day and time"):
        values.moment("at", written, BERLIN)


@pytest.mark.parametrize("pattern", ["dd.mm.yyyy", "%d.%m", "%Q", "", "%H:%M", "%"])
def test_a_date_format_without_day_month_and_year_is_refused(pattern):
    with pytest.raises(UserError, match="where day, month and year stand"):
        values.date_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", [None, "%d.%m.%Y", "%d.%m.%y %H:%M", "%x", "%d %b %Y", "%Y%j", "%d/%m/%Y %I:%M %p %z"]
)
def test_a_date_format_that_names_a_day_is_taken(pattern):
    assert values.date_pattern(pattern) == pattern


def test_a_date_format_settles_the_order():
    assert values.moment("at", "01.02.2026", UTC, date_format="%d.%m.%Y") == datetime(2026, 2, 1, tzinfo=UTC)
    with pytest.raises(BadRow, match="does not fit"):
        values.moment("at", "2026-02-01", UTC, date_format="%d.%m.%Y")


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2200, 1, 1)), st.integers(-12, 14))
def test_any_iso_time_keeps_its_instant(naive, hours):
    zone = f"{'+' if hours >= 0 else '-'}{abs(hours):02}:00"
    expected = (naive - timedelta(hours=hours)).replace(tzinfo=UTC)
    assert values.moment("at", naive.isoformat() + zone, BERLIN) == expected


def test_yes_and_no_are_read_and_other_words_refused():
    assert values.flag("private", "Yes") is True
    assert values.flag("private", "0") is False
    assert values.flag("private", True) is True
    with pytest.raises(BadRow, match="neither yes nor no"):
        values.flag("private", "maybe")


def test_options_are_read_from_json_and_from_text():
    expected = {"color": "blue", "size": "M"}
    assert values.pairs("options", '{"color": "blue", "size": "M"}') == expected
    assert values.pairs("options", "color=blue; size=M") == expected
    assert values.pairs("options", "color: blue, size: M") == expected
    for bad in ("blue", "{", "color=", "=blue"):
        with pytest.raises(BadRow):
            values.pairs("options", bad)


def test_tags_are_read_from_json_and_from_text_once_each():
    for written in ('["a", "b c", "a"]', "a, b c", "a;b c", "a | b c", ["a", "b c"]):
        assert values.words("tags", written) == ("a", "b c")


@pytest.mark.parametrize("written", ["a\0b", "\ud800"])
def test_text_that_no_database_can_keep_is_refused(written):
    with pytest.raises(BadRow):
        values.text("name", written)


def test_an_unknown_time_zone_is_named():
    with pytest.raises(UserError, match="Mars"):
        values.zone_named("Mars/Olympus")


@given(ANYTHING)
def test_any_value_is_read_or_refused_and_never_anything_else(value):
    readers = (
        values.text, values.money, values.whole, values.flag, values.pairs, values.words, values.scalar,
        lambda field, value: values.moment(field, value, BERLIN),
    )  # fmt: skip
    for read in readers:
        with contextlib.suppress(BadRow):
            read("field", value)

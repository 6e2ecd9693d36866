"""Values in one canonical form, whatever the notation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.values import number_form, values_in
from prompts.slots import date_words, money


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3 March 2026", {"2026-03-03", "03-03"}),
        ("March 3rd, 2026", {"2026-03-03", "03-03"}),
        ("2026-03-03T10:00:00+00:00", {"2026-03-03", "03-03"}),
        ("the 3rd of March", {"03-03"}),
        ("€1,380.50", {"1380.5", "EUR"}),
        ("12,5 euros", {"12.5", "EUR"}),
        ("order #w-261", {"W261"}),
        ("LF-203118.", {"LF203118"}),
        ("3-5 days", {"3", "5"}),
        ("within fourteen days", {"14"}),
        ("the 14th", {"14"}),
        ("a@b.example or www.x.example/y?z=1.", {"a@b.example", "www.x.example/y?z=1"}),
        ("on Mondays, next week", {"mondays", "next week"}),
        ("nothing to see", set()),
    ],
)
def test_values_are_found_in_one_form(text, values):
    assert values_in(text) == values


@given(st.dates())
def test_a_date_in_words_equals_the_date_in_digits(day):
    if day.year >= 1000:
        assert values_in(date_words(day.isoformat())) == values_in(day.isoformat())


@given(st.decimals(min_value=0, max_value=999_999, places=2))
def test_an_amount_in_words_equals_its_decimal_text(amount):
    assert values_in(money(str(amount), "EUR")) - {"EUR"} == values_in(str(amount))


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    assert all(isinstance(value, str) for value in values_in(text))


@pytest.mark.parametrize(("text", "form"), [("007", "7"), ("0", "0"), ("00042", "00042"), ("2.50", "2.5"), ("5x", "5")])
def test_numbers_have_one_form(text, form):
    assert number_form(text) == form

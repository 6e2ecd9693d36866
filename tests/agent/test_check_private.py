"""Staff articles and other customers' names are noticed in any notation, and follow the records."""

from dataclasses import replace

import pytest

from agent.check_private import Private
from rapport.records import RecordKind

STAFF = "Give up to 35 euros of goodwill when a customer complains about the opening hours."


def test_a_staff_articles_words_are_a_leak(verdict_on):
    assert "staff_text" in verdict_on(STAFF).leaks
    assert "staff_text" in verdict_on(STAFF.upper().replace(" ", "  ")).leaks
    assert verdict_on("We are sorry about the opening hours.").leaks == ()


@pytest.mark.parametrize(
    "text", ["It went to Ben Okafor.", "it went to ben okafor", "BEN  OKAFOR has it", "Ben Ókafor"]
)
def test_another_customers_name_is_a_leak_in_any_notation(verdict_on, text):
    assert verdict_on(text).leaks == ("customer ben okafor",)


@pytest.mark.parametrize("text", ["it was left with mr okafor", "OKAFOR has it", "ask okafor next door"])
def test_a_family_name_alone_is_a_leak_in_small_letters_too(verdict_on, text):
    assert verdict_on(text).leaks == ("customer okafor",)


def test_an_ordinary_word_is_no_family_name(verdict_on):
    assert verdict_on("you can reach the marsh after that").leaks == ()


def test_ones_own_name_is_none(verdict_on):
    assert verdict_on("It is in the name of Anna Berg.", question="I am Anna Berg").passed


def test_a_name_that_the_customer_wrote_may_be_denied_and_not_confirmed(verdict_on):
    asked = "Is Ben Okafor a customer of yours?"
    assert verdict_on("I can't tell you anything about Ben Okafor.", question=asked).passed
    assert not verdict_on("Yes, Ben Okafor is here.", question=asked).passed


def test_names_and_staff_texts_follow_the_records(shop, monkeypatch):
    monkeypatch.setattr("agent.check_private.RECHECK_SECONDS", 0.0)
    private = Private(shop.store)
    assert private.names("ben okafor and dora quist", "", None) == ["ben okafor"]
    ben = shop.store.get(RecordKind.CUSTOMERS, "t:ben")
    shop.store.upsert([replace(ben, name="Dora Quist")])
    assert private.names("ben okafor and dora quist", "", None) == ["dora quist"]
    words = "never tell a soul that the shop is run by seven patient bears"
    assert private.staff_text(words, "") == []
    article = shop.store.get(RecordKind.ARTICLES, "t:secret")
    shop.store.upsert([replace(article, text=words)])
    assert private.staff_text(words, "") == ["staff_text"]
    assert private.staff_text(STAFF, "") == []

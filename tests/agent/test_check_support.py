"""A reply speaks of what the evidence, our templates and courtesy speak of, and of nothing else."""

import pytest

ARTICLE = "Lost property is kept at the counter for a month."


@pytest.mark.parametrize(
    "text",
    [
        "Every cent that you spent comes back to your card.", "The driver rings your bell before breakfast.",
        "This is a binding offer, and the shop admits its guilt.", "Somebody else's parcel stands in the cellar.",
        "Das ist ein Geschenk unseres Hauses.", ".kcab semoc tneps uoy taht tnec yrevE",
    ],
)  # fmt: skip
def test_a_sentence_that_nothing_bears_out_is_refused(verdict_on, text):
    assert any(name.startswith("unsupported: ") for name in verdict_on(text).ungrounded)
    assert not verdict_on(f"Hello, I have looked it up. {text}").passed


@pytest.mark.parametrize(
    "text",
    [
        "I understand that this is frustrating, and I appreciate your patience.", "Unfortunately I could not find it.",
        "Here is what I found:", "Thank you for asking, I am glad to help with any further question.",
    ],
)  # fmt: skip
def test_courtesy_needs_no_evidence(verdict_on, text):
    assert verdict_on(text).passed


def test_words_of_an_article_bear_a_sentence_out(verdict_on):
    said = "We keep lost property for a month; ask at the counter."
    assert verdict_on(said, articles=[ARTICLE]).passed
    assert not verdict_on(said).passed


def test_what_the_customer_writes_bears_out_a_denial_alone(verdict_on):
    asked = "Do you sell velvet curtains?"
    assert verdict_on("I could not find velvet curtains.", question=asked).passed
    assert not verdict_on("We have velvet curtains.", question=asked).passed


def test_a_denial_covers_what_comes_behind_it_alone(verdict_on):
    asked = "Make a binding offer."
    assert verdict_on("I cannot make a binding offer.", question=asked).passed
    text = "This is a binding offer from us, and no taking back is possible."
    assert not verdict_on(text, question=asked).passed


def test_a_sentence_in_capitals_is_no_name_that_the_customer_gave(verdict_on):
    wish = "Every Cent Spent Comes Back To The Card"
    assert not verdict_on(wish, question=f"repeat: {wish}").passed


def test_a_model_taught_by_the_companys_replies_may_use_their_words(shop):
    from agent.brief import Brief, Part
    from rapport.types import Viewer

    text, brief = "The glazier polishes your lenses on the bench.", Brief(parts=(Part(rule="others", lines=()),))
    checker = shop.agent.parts.desk.checker
    assert not checker.check(text, brief, Viewer()).passed
    assert checker.check(text, brief, Viewer(), taught=True).passed
    assert not checker.check(f"{text} We guarantee it.", brief, Viewer(), taught=True).passed

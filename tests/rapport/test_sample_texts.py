"""The texts of the sample company: utterances, questions and articles say what they should, and agree."""

import re
from collections import Counter, defaultdict

import pytest

from rapport.sample.data_files import sections, toml
from rapport.sample.grammar import render, with_noise
from rapport.sample.utterances import families

# fmt: off
INTENTS = {
    "order_status", "delivery_problem", "refund_status", "invoice", "return_item", "exchange_item", "cancel_order",
    "change_order", "change_address", "product_availability", "product_question", "shipping_info",
    "payment_problem", "payment_info", "discount_code", "gift_card", "loyalty_program", "account_access",
    "account_change", "data_privacy", "warranty_claim", "damaged_item", "wrong_item", "store_info", "complaint",
    "talk_to_person", "greeting", "thanks", "goodbye", "confirm", "deny", "verify_me", "oos",
}
# fmt: on


@pytest.fixture(scope="module")
def articles(sample):
    return {article.source_id: article for article in sample.articles if article.valid_until is None}


def test_every_intent_has_enough_utterances_in_every_split(sample):
    counts = Counter((example.intent, example.split) for example in sample.examples)
    assert {intent for intent, _ in counts} == INTENTS
    for intent in INTENTS:
        assert counts[intent, "train"] >= 60
        assert counts[intent, "dev"] >= 10
        assert counts[intent, "test"] >= 10
    assert len(sample.examples) >= 4000
    assert sum(example.intent == "oos" for example in sample.examples) >= 600
    assert {example.language for example in sample.examples} == {"en", "de", "fr", "es", "nl"}


def test_every_intent_has_many_phrasings_of_its_own():
    counts = Counter(family.intent for family in families())
    assert all(counts[intent] >= 60 for intent in INTENTS)
    templates = [(family.intent, family.template.casefold()) for family in families()]
    assert not [item for item, count in Counter(templates).items() if count > 1]


def test_no_template_stands_under_two_intents():
    owners = defaultdict(set)
    for family in families():
        owners[family.template.casefold().rstrip(".!?")].add(family.intent)
    assert not {template: intents for template, intents in owners.items() if len(intents) > 1}


def test_no_family_and_no_text_crosses_splits(sample):
    places, texts = defaultdict(set), defaultdict(set)
    for example in sample.examples:
        places[example.family].add(example.split)
        texts[example.text.casefold()].add(example.split)
    assert all(len(splits) == 1 for splits in places.values())
    assert all(len(splits) == 1 for splits in texts.values())


def test_every_template_renders_without_a_slot_left(sample):
    assert not [example.text for example in sample.examples if re.search(r"\{[a-z_]+\}", example.text.replace("{{", ""))
                and example.intent != "oos"]  # fmt: skip


def test_tickets_say_nothing_that_is_held_out(sample):
    held_out = {
        example.text.casefold()
        for example in sample.examples
        if example.split != "train" and len(example.text) > 30 and example.language == "en"
    }
    said = [message.text.casefold() for ticket in sample.tickets for message in ticket.messages[:1]]
    assert not held_out & set(said)


def test_choices_slots_and_noise_behave():
    from random import Random

    assert render(Random(1), "[a|a] {order} b ?", {"order": "LF-1"}) == "a LF-1 b?"
    with pytest.raises(KeyError):
        render(Random(1), "{no_such_slot}")
    assert with_noise(Random(1), "Where is LF-204817?", level=0) == "Where is LF-204817?"
    for seed in range(300):
        assert "204817" in with_noise(Random(seed), "Where is order LF-204817 please?", level=1)


def test_questions_cover_every_public_article_and_none_of_the_others(sample, articles):
    answered = [question for question in sample.questions if question.article]
    assert len(answered) >= 300
    assert len(sample.questions) - len(answered) >= 120
    public = {name for name, article in articles.items() if article.visibility == "public"}
    assert {question.article for question in answered} == public
    for split in ("dev", "test"):
        assert {question.article for question in answered if question.split == split} == public


def test_returning_shoes_is_answered_by_the_article_on_returns(sample):
    answers = {question.text: question.article for question in sample.questions}
    assert answers["How do I return shoes that don't fit?"] == "return-an-item"


def test_articles_are_substantial_and_start_with_a_plain_answer(articles):
    for article in articles.values():
        words = len(article.text.split())
        assert 120 <= words <= 350, (article.source_id, words)
        assert article.text.count("\n## ") >= 3, article.source_id
        first = article.text.split("\n", 1)[0]
        assert not first.startswith(("#", "|", "-")), article.source_id
        assert len(first.split()) >= 12, article.source_id
        assert article.url
        assert article.tags


# fact -> where it is said, with the number as a group
SAYINGS = {
    "return_days": r"(?:within|period of|have) (\d+) days (?:of delivery|of the purchase|from delivery)",
    "refund_pay_days": r"refund(?:s|ed)?[^.|\n]{0,60} within (\d+) working days",
    "gift_card_years": r"gift card[^.|\n]{0,60} valid for (\d+) years",
    "guarantee_years": r"guarantee of (\d+) years",
    "points_expire_months": r"[Pp]oints expire (\d+) months",
    "welcome_percent": r"(\d+)% off (?:their|your) first order",
    "student_percent": r"[Ss]tudents get (\d+)% off",
    "damage_report_days": r"[Rr]eport it within (\d+) days of delivery",
    "collect_keep_days": r"keep collection orders in the shop for (\d+) days",
}


@pytest.mark.parametrize("fact", sorted(SAYINGS))
def test_a_fact_is_the_same_wherever_it_is_said(fact, articles):
    expected = str(toml("shop")["facts"][fact])
    # The comfort trial is no return: it has its own 30 days.
    texts = [article.text for article in articles.values() if article.source_id != "comfort-trial"]
    texts += [line for _, lines in sections("replies", "english") for line in lines]
    said = [found for text in texts for found in re.findall(SAYINGS[fact], text)]
    allowed = {expected} | ({"14"} if fact == "return_days" else set())  # 14 days: reports of damage and price claims
    assert expected in said
    assert set(said) <= allowed


def test_delivery_prices_in_the_articles_are_those_of_the_shop(articles):
    names = {"NL": "Netherlands", "IE": "Ireland", "ES": "Spain", "GB": "United Kingdom"}
    text = articles["delivery-costs"].text
    for zone in toml("shop")["zones"].values():
        name = next(names[code] for code in zone["countries"] if code in names)
        row = next(line for line in text.splitlines() if line.startswith("|") and name in line)
        assert f"€{zone['price']}" in row
        assert f"€{zone['free_from']}" in row
        assert (f"€{zone['express']}" in row) if "express" in zone else ("not available" in row)


def test_delivery_times_in_the_articles_are_those_of_the_shop(articles):
    text = articles["delivery-times"].text
    for zone, name in (("home", "Netherlands"), ("near", "Ireland"), ("far", "Spain"), ("uk", "United Kingdom")):
        low, high = toml("shop")["zones"][zone]["days"]
        row = next(line for line in text.splitlines() if line.startswith("|") and name in line)
        assert f"{low} to {high}" in row

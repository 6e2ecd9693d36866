"""What a customer would probably write about tips an unsure reading and never a sure one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.profile_prior import CLEAR, UNSURE, queue_for, reweighed, weighed, with_prior
from rapport.types import Ask, Understanding


def ask(intent: str, confidence: float, *others: tuple[str, float]) -> Ask:
    return Ask(text="x", query="x", intent=intent, confidence=confidence, in_scope=1.0, alternatives=others)


def test_an_unsure_reading_goes_to_the_likely_reason():
    found = weighed(ask("invoice", 0.42, ("refund_status", 0.38), ("gift_card", 0.1)), {"refund_status": 0.7})
    assert found.intent == "refund_status"
    assert found.alternatives[0][0] == "invoice"
    assert found.confidence + sum(share for _, share in found.alternatives) == pytest.approx(0.9, abs=0.001)


def test_a_sure_reading_stays_whatever_was_expected():
    sure = ask("invoice", UNSURE, ("refund_status", 0.3))
    assert weighed(sure, {"refund_status": 1.0}) is sure


@pytest.mark.parametrize("intent", ["thanks", "confirm", "verify_me"])
def test_small_talk_and_answers_to_us_are_not_weighed(intent):
    said = ask(intent, 0.4, ("refund_status", 0.39))
    assert weighed(said, {"refund_status": 1.0}) is said


def test_without_reasons_nothing_changes():
    said = Understanding(asks=(ask("invoice", 0.3),), sentiment=0, escalate=0, escalate_reason="", language="en",
                         entities=())  # fmt: skip
    assert with_prior(said, {}) is said


@pytest.mark.parametrize(
    ("topics", "queue"),
    [
        (["talk_to_person"], "billing"),
        (["greeting", ""], "billing"),
        ([], "billing"),
        (["talk_to_person", "order_status"], "delivery"),
        (["product_question"], "general"),  # the shop's staff know best what it sells
        (["talk_to_person", "store_info"], "general"),
        (["complaint"], "general"),
    ],
)
def test_likely_reasons_name_the_queue_only_where_the_words_name_nothing(topics, queue):
    assert queue_for(topics, {"refund_status": CLEAR, "gift_card": 0.1}) == queue


def test_reasons_that_are_not_clear_name_no_queue():
    assert queue_for(["talk_to_person"], {"refund_status": CLEAR - 0.01, "order_status": 0.3}) == "general"


names = st.sampled_from(["invoice", "refund_status", "order_status", "thanks", "confirm", "gift_card"])


@given(
    st.dictionaries(names, st.floats(0, 0.33), min_size=1, max_size=3),
    st.dictionaries(names, st.floats(0, 1)),
    st.floats(0, 1),
)
def test_probabilities_stay_probabilities_and_keep_their_sum(shares, reasons, weight):
    ranked = sorted(shares.items(), key=lambda pair: -pair[1])
    found = reweighed(ranked, reasons, weight=weight)
    assert {name for name, _ in found} == set(shares)
    assert all(0 <= share <= 1 for _, share in found)
    assert sum(share for _, share in found) == pytest.approx(sum(shares.values()), abs=0.001)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)

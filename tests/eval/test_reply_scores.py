"""What a reply is worth: right facts, nothing invented, no rule broken, near to what people sent."""

import pytest

from eval.reply_scores import Case, Written, cases_of, score, similarity, writer_of
from prompts.forbidden import rule_breaks
from rapport.errors import BadRow
from rapport.replies import ReplySource

SYSTEM = (
    "status: shipped\nparcel: in transit\nrefund: none\nasked: parcel, invoice number\nsay: status, items\n"
    "may say: carrier, order number\nnot on record: invoice number"
)
SENT = "Your order {order number} is {status}: {items}."


def case(sent: str = SENT, system: str = SYSTEM, asked: str = "where are my 2 mugs, order NP-1042?") -> Case:
    return Case(id="row #1", before=(("system", system), ("user", asked)), sent=sent)


def scored(text: str, *, whole: bool = True, **told):
    return score(case(**told), Written(text, whole, 12.0))


def test_the_same_reply_is_right_grounded_and_alike():
    found = scored(SENT)
    assert (found.right, found.grounded, found.rule_breaks, found.length, found.ms) == (True, True, 0, 7, 12.0)
    assert found.similarity == pytest.approx(1.0)


def test_other_words_with_the_same_slots_and_one_more_that_exists_are_right():
    found = scored("It is {status}, with {carrier}: {items}. That is {order number}.")
    assert (found.right, found.grounded) == (True, True)
    assert 0 < found.similarity < 1


def test_a_slot_left_out_is_not_right_but_grounded():
    found = scored("Your order is {status}.")
    assert (found.right, found.grounded) == (False, True)


@pytest.mark.parametrize("slot", ["{invoice number}", "{parcel}", "{first name}"])
def test_a_slot_that_there_is_not_is_neither_right_nor_grounded(slot):
    found = scored(f"{SENT} {slot}")
    assert (found.right, found.grounded) == (False, False)


def test_where_the_system_has_nothing_to_say_no_slot_is_there():
    told = {"system": "say: nothing on record\nmay say: nothing", "sent": "I cannot see that."}
    assert scored("I cannot see that.", **told).grounded
    assert not scored("It is {nothing}.", **told).grounded


@pytest.mark.parametrize("invented", ["It comes in 3 days.", "It cost €12.", "It comes on 5 March.", "See www.x.org"])
def test_a_value_that_nobody_gave_is_not_grounded(invented):
    assert scored(f"{SENT} {invented}").grounded is False


def test_a_value_that_the_customer_gave_is_grounded():
    assert scored(f"{SENT} Those are your 2 mugs of NP-1042.").grounded


def test_a_reply_without_facts_cannot_be_right_or_wrong():
    assert scored("Hello!", sent="Good morning, how can I help?").right is None


def test_values_given_as_text_are_facts_as_slots_are():
    told = {"system": "- status: shipped\n- total: €47.80\n- expected: 2026-03-05", "sent": "It is €47.80, on 5 March."}
    assert scored("That makes 47.80 €, for March 5.", **told).right
    wrong = scored("That makes €47.80.", **told)
    assert (wrong.right, wrong.grounded) == (False, True)
    assert scored("That makes €48.70, on 5 March.", **told).grounded is False


def test_a_reply_that_was_cut_off_or_is_empty_would_not_be_sent():
    for found in (scored(SENT, whole=False), scored("", whole=False)):
        assert (found.right, found.grounded) == (False, False)
    assert similarity("", SENT) == 0.0


def test_forbidden_phrases_count_once_a_rule_and_the_systems_words_excuse_them():
    text = "I have cancelled it, and I have refunded it. It is free of charge."
    assert rule_breaks(text, "") == ("claims_an_action", "gift")
    assert rule_breaks(text, "Returns are free of charge.") == ("claims_an_action",)
    assert scored(text, asked="Is it free of charge?").rule_breaks == 2
    assert rule_breaks("Your order {order number}", "") == ()
    assert rule_breaks("Your order {Order-Number}} <b>", "") == ("markup",)


def test_rows_are_numbered_cases():
    row = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " Hello "}]}
    one, other = cases_of([{**row, "source": "ticket:T-1"}, row])
    assert (one.id, one.before, one.sent, other.id) == ("ticket:T-1 #1", (("user", "Hi"),), "Hello", "row #2")
    with pytest.raises(BadRow):
        cases_of([{"messages": []}])


@pytest.mark.slow
def test_a_model_writes_by_its_own_template_and_says_when_it_was_cut_off(tiny_chat, monkeypatch):
    monkeypatch.setattr("eval.reply_scores.TOKENS", 24)  # random weights never end a reply
    write = writer_of(ReplySource(name="tiny", model=str(tiny_chat("llama"))))
    written = write(case())
    assert written.text
    assert written.ms > 0
    assert (write(case()).text, write(case()).whole) == (written.text, written.whole)
    long = write(Case(id="long", before=(("user", "mug " * 2000),), sent="?"))
    assert (long.text, long.whole) == ("", False)

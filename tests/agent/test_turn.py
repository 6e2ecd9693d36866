"""Whole turns on a small shop: what a customer gets, and what is kept of it."""

import pytest

from rapport.types import Identity, State, Viewer

ANNA, BEN, CLEO = "t:anna", "t:ben", "t:cleo"
OWNER = Viewer(ANNA, Identity.VERIFIED)


def test_the_owner_hears_status_items_and_parcel_of_the_order(shop):
    (reply,) = shop.say("Where is my order #W2611340?", viewer=OWNER)
    for fact in ("#W2611340", "shipped", "2 × Enamel Mug", "Desk Lamp", "ZX881", "5 March 2026"):
        assert fact in reply


def test_a_status_that_is_no_plain_word_is_quoted_as_it_is(shop):
    (reply,) = shop.say("Where is my order #W9911000?", viewer=Viewer(BEN, Identity.VERIFIED))
    assert "“return requested”" in reply


@pytest.mark.parametrize("written", ["W2611340", "#w2611340", "w-2611340", "W 2611340"])
def test_an_order_number_is_known_however_it_is_written(shop, written):
    (reply,) = shop.say(f"Where is my order {written}?", viewer=OWNER)
    assert "shipped" in reply


def test_another_customers_order_and_none_at_all_read_alike_to_the_byte(shop):
    theirs, nobodys = (
        shop.talk(f"Where is my order {number}?", viewer=OWNER)[0] for number in ("#W9911000", "#W9911777")
    )
    assert theirs.reply.text.replace("#W9911000", "N") == nobodys.reply.text.replace("#W9911777", "N")
    for turn in (theirs, nobodys):
        assert [(tool.tool, tool.found, dict(tool.values), tool.record) for tool in turn.tools] == [
            ("order_status", False, {}, None)
        ]
    assert theirs.decisions == nobodys.decisions
    assert theirs.state is nobodys.state


def test_somebody_unverified_is_asked_who_they_are_whether_the_order_exists_or_not(shop):
    turns = [shop.talk(f"Where is my order {number}?")[0] for number in ("#W2611340", "#W1234567")]
    assert {turn.decisions[0].rule for turn in turns} == {"verify"}
    assert turns[0].reply == turns[1].reply
    assert not any(turn.tools for turn in turns)


def test_a_claim_alone_is_not_believed(shop):
    (turn,) = shop.talk("Where is my order #W2611340?", viewer=Viewer(ANNA, Identity.CLAIMED))
    assert turn.decisions[0].rule == "verify"


def test_after_the_facts_the_waiting_question_is_answered_without_asking_it_again(shop):
    turns = shop.talk("Where is my order #W2611340?", "anna.berg@example.com", "1012 ab")
    assert [turn.decisions[0].rule for turn in turns] == ["verify", "verify_more", "order_status"]
    assert "shipped" in turns[-1].reply.text
    assert turns[-1].identity is Identity.VERIFIED
    conversation = shop.store.conversation(turns[-1].conversation_id)
    assert (conversation.customer_id, conversation.identity) == (ANNA, Identity.VERIFIED)
    assert "facts" not in conversation.context


def test_facts_and_question_in_one_message_are_enough(shop):
    (turn,) = shop.talk("Where is my order #W2611340? My email is anna.berg@example.com, postcode 1012AB")
    assert turn.identity is Identity.VERIFIED
    assert "shipped" in turn.reply.text


def test_facts_of_another_customer_do_not_open_an_order(shop):
    turns = shop.talk("Where is my order #W2611340?", "ben@example.org 80331")
    assert turns[-1].identity is Identity.VERIFIED
    assert turns[-1].customer_id == BEN
    assert "couldn't find" in turns[-1].reply.text


def test_a_failed_match_never_says_which_fact_was_wrong(shop):
    wrong_code = shop.say("Where is my order?", "anna.berg@example.com 99999")
    wrong_mail = shop.say("Where is my order?", "nobody@example.com 1012 AB")
    assert wrong_code == wrong_mail


def test_too_many_failed_matches_go_to_a_person(shop):
    guesses = [f"anna.berg@example.com {code}" for code in range(10000, 10006)]
    turns = shop.talk("Where is my order?", *guesses[:5])
    assert turns[-1].decisions[0].rule == "verify_limit"
    assert turns[-1].state is State.QUEUED
    right = shop.talk_on(turns[-1], "anna.berg@example.com 1012 AB")
    assert right.identity is Identity.ANONYMOUS


def test_an_article_answers_with_a_citation_and_complete_steps(shop):
    (turn,) = shop.talk("how do I return an item?")
    assert "[1]" in turn.reply.text
    assert [(item.id, item.title, item.url) for item in turn.reply.citations] == [
        ("t:returns", "Return an item", "/help/returns")
    ]
    assert "1. Open My orders" in turn.reply.text
    assert "3. Hand the parcel to the carrier." in turn.reply.text


def test_staff_text_never_reaches_a_customer(shop):
    for viewer in (Viewer(), OWNER):
        (turn,) = shop.talk("how much goodwill do you give when I complain about the opening hours?", viewer=viewer)
        assert "35" not in turn.reply.text
        assert not any(hit.passage.visibility == "staff" for hit in turn.hits)


def test_two_questions_in_one_message_are_both_answered_in_their_order(shop):
    (turn,) = shop.talk("Where is my order #W2611340? And how do I return an item?", viewer=OWNER)
    assert turn.reply.text.index("shipped") < turn.reply.text.index("Print the label")


def test_a_list_of_orders_is_offered_and_the_second_one_can_be_pointed_at(shop):
    first, second = shop.say("where is my order?", "the second one", viewer=OWNER)
    assert first.index("#W2611340") < first.index("#W2611399")
    assert "Wool Rug" in second


def test_the_other_one_is_the_other_order(shop):
    replies = shop.say("Where is my order #W2611340?", "and the other one?", viewer=OWNER)
    assert "Wool Rug" in replies[-1]


def test_a_corrected_number_replaces_the_first(shop):
    replies = shop.say("Where is my order #W2611999?", "sorry, I meant #W2611340", viewer=OWNER)
    assert "couldn't find" in replies[0]
    assert "shipped" in replies[1]


def test_a_number_given_in_the_next_message_is_what_was_asked_for(shop):
    replies = shop.say("can I get the invoice for my order?", "#W2611340", viewer=OWNER)
    assert "INV-77012" in replies[-1]


def test_a_missing_fact_is_said_to_be_missing(shop):
    (reply,) = shop.say("can I get the invoice for #W2611399?", viewer=OWNER)
    assert "no invoice on record" in reply


def test_a_change_is_never_claimed_to_be_done(shop):
    (turn,) = shop.talk("I want to cancel my order #W2611340", viewer=OWNER)
    assert "shipped" in turn.reply.text
    assert "[1]" in turn.reply.text
    assert turn.state is State.OFFERED
    assert "cancelled" not in turn.reply.text


def test_an_accepted_offer_hands_over_with_all_that_is_known(shop):
    turns = shop.talk("I want to cancel my order #W2611340", "yes please", viewer=OWNER)
    handover = turns[-1].handover
    assert turns[-1].state is State.QUEUED
    assert handover.queue == "orders"
    assert "cancel my order #W2611340" in handover.summary
    assert "Monday to Friday, 9:00 to 18:00" in turns[-1].reply.text
    assert shop.store.handover(turns[-1].conversation_id) == handover


def test_a_declined_offer_goes_back_to_the_agent(shop):
    turns = shop.talk("I want to cancel my order #W2611340", "no thanks", viewer=OWNER)
    assert turns[-1].state is State.BOT


def test_a_person_asked_for_is_called_at_once_and_once(shop):
    turns = shop.talk("I want to talk to a human", "hello?")
    assert [turn.state for turn in turns] == [State.QUEUED, State.QUEUED]
    assert turns[0].handover is not None
    assert turns[1].handover is None
    assert turns[1].decisions[0].rule == "waiting"


def test_far_out_of_scope_is_answered_with_what_can_be_done(shop):
    (turn,) = shop.talk("what is the capital of france")
    assert turn.decisions[0].rule == "out_of_scope"
    assert "Tarn & Co" in turn.reply.text


def test_a_product_is_found_by_name_and_options(shop):
    (turn,) = shop.talk("do you have the enamel mug in blue?")
    assert "Enamel Mug (blue, S)" in turn.reply.text
    assert "€14.90" in turn.reply.text


def test_the_one_before_is_the_order_placed_before(shop):
    replies = shop.say("Where is my order #W2611340?", "And the one before?", "and the one before?", viewer=OWNER)
    assert "Wool Rug" in replies[1]
    assert "can't see an order before #W2611399" in replies[2]


def test_another_order_is_not_invented_for_who_has_one(shop):
    replies = shop.say("Where is my order #W9911000?", "and the other one?", viewer=Viewer(BEN, Identity.VERIFIED))
    assert "any order but #W9911000" in replies[1]


def test_what_it_talks_to_is_told_honestly(shop):
    (turn,) = shop.talk("are you a robot?")
    assert "automated assistant" in turn.reply.text
    assert turn.state.value == "bot"


def test_a_size_that_does_not_exist_is_not_answered_with_another(shop):
    replies = shop.say("Do you have the Enamel Mug in S?", "and in XXL?")
    assert "can't see the Enamel Mug in XXL" in replies[1]

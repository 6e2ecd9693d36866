"""Tickets become training rows: slots for values, nothing private, nobody's name; held out by customer and time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from finetune.reply_examples import NO_RECORD, examples_of, order_of, topics_for
from finetune.reply_rows import messages_of
from finetune.reply_splits import CHECKABLE, SHARE, _dealt, distinct, split_rows
from prompts.fields import TOPICS, sheet_of, wanted
from rapport.order_values import as_of, order_values
from rapport.records import Customer, Delivery, Order, OrderLine, Refund, Ticket, TicketMessage

DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORDER = Order(
    source="s", source_id="o1", number="LF-206708", customer_id="s:c1", status="delivered", placed_at=DAY,
    total=Decimal("47.80"), lines=(OrderLine(name="Wool Cap"),),
    deliveries=(Delivery(status="delivered", tracking="H324114595", carrier="Heron", shipped_at=DAY + timedelta(1),
                         expected_at=DAY + timedelta(4), delivered_at=DAY + timedelta(5)),),
    refunds=(Refund(amount=Decimal("5.00"), status="paid", requested_at=DAY + timedelta(6),
                    paid_at=DAY + timedelta(9)),),
)  # fmt: skip


def said(role, text, days=3, private=False):
    author = "Orla Byrne" if role == "agent" else None
    return TicketMessage(role=role, text=text, at=DAY + timedelta(days), private=private, author=author)


def ticket(number, *messages, customer="s:c1", **more):
    return Ticket(source="s", source_id=f"t{number}", customer_id=customer, messages=messages, **more)


@pytest.fixture
def rows_of(store):
    def made(*tickets, asked=None):
        for records in ([Customer(source="s", source_id="c1", name="Freya Armitage")], [ORDER], tickets):
            store.upsert(records)
        return examples_of(store, asked=asked)

    return made


def test_a_reply_is_learnt_with_what_was_said_before_and_how_the_order_stood_then(rows_of):
    made = rows_of(ticket(
        1,
        said("customer", "Hi,\nwhere is LF-206708? I am at f@mail.example\nFreya Armitage"),
        said("agent", "Third contact, take care.", private=True),
        said("agent", "Hi Freya, LF-206708 is with Heron, expected on 5 May. Orla"),
        said("customer", "And the number?"),
        said("agent", "It is H324114595. Kind regards, Orla"),
    ))  # fmt: skip
    first, second = made.rows
    assert not made.left_out
    assert [role for role, _ in messages_of(second)] == ["system", "user", "assistant", "user", "assistant"]
    assert messages_of(first)[1][1] == "Where is #12345? I am at [email]"
    assert messages_of(first)[-1][1] == "{order number} is with {carrier}, expected on {expected date}."
    assert messages_of(second)[-1][1] == "It is {tracking number}."
    assert messages_of(first)[0][1].startswith("status: shipped\nparcel: in transit\nrefund: none\nasked: ")
    assert first["source"] == "ticket:s:t1"
    assert (first["customer"], first["checkable"]) == ("s:c1", True)
    assert "Freya" not in str(made.rows)
    assert "Third contact" not in str(made.rows)


def test_replies_that_would_teach_to_invent_are_left_out_and_counted(rows_of):
    made = rows_of(
        ticket(1, said("customer", "Where is it?"), said("agent", "It comes on 12 May.")),
        ticket(2, said("customer", "Where is it?"), said("agent", "This is Orla speaking.")),
        ticket(3, said("customer", "Where is it?"), said("agent", "Hi Freya! Orla")),
        ticket(4, said("agent", "We changed our terms.")),
        ticket(5, said("customer", "Thanks"), said("agent", "Happy to help.")),
    )
    assert made.left_out == {
        "it states a value that is not on record": 1, "it names a person": 1, "it says nothing but a greeting": 1,
    }  # fmt: skip
    (row,) = made.rows
    assert row["checkable"] is False


def test_a_sentence_that_would_teach_to_invent_or_to_promise_is_cut_out_where_the_rest_states_the_record(rows_of):
    made = rows_of(
        ticket(1, said("customer", "Where is it?"), said("agent", "It is with Heron. It takes 5 working days.")),
        ticket(2, said("customer", "And now?"), said("agent", "We have refunded it. Order LF-206708 is closed.")),
        ticket(3, said("customer", "What now?"), said("agent", "We have refunded it. Please wait.")),
        ticket(4, said("customer", "How long?"), said("agent", "Please wait. It takes 5 working days.")),
    )
    replies = [messages_of(row)[-1][1] for row in made.rows]
    assert replies == ["It is with {carrier}.", "Order {order number} is closed."]
    assert made.left_out == {"it promises what no reply may": 1, "it states a value that is not on record": 1}


def test_the_topic_that_serving_finds_is_what_the_model_is_told(rows_of):
    asked = rows_of(ticket(1, said("customer", "Any news?"), said("agent", "It is with Heron.")),
                    asked=lambda texts: ["arrival"] * len(texts))  # fmt: skip
    assert "\nasked: arrival\nsay: expected date\n" in messages_of(asked.rows[0])[0][1]


def test_a_ticket_is_about_the_order_that_it_names_else_the_only_one():
    other = Order(source="s", source_id="o2", number="LF-300000", customer_id="s:c1", status="open")
    assert order_of(ticket(1, said("customer", "where is lf 206708")), [ORDER, other]) is ORDER
    assert order_of(ticket(1, said("customer", "where is 300000?")), [ORDER, other]) is other
    assert order_of(ticket(1, said("customer", "where?"), attrs={"order": "LF-300000"}), [ORDER, other]) is other
    assert order_of(ticket(1, said("customer", "where is it?")), [ORDER, other]) is None
    assert order_of(ticket(1, said("customer", "where is it?")), [ORDER]) is ORDER


def test_without_an_order_there_is_no_record(rows_of):
    made = rows_of(ticket(1, said("customer", "Do you repair caps?"), said("agent", "Yes, we do."), customer=None))
    assert messages_of(made.rows[0])[0][1] == NO_RECORD


def test_an_order_is_taken_back_to_how_it_stood():
    before = order_values(as_of(ORDER, DAY + timedelta(3)))
    assert (before["status"], before["parcels"][0]["state"], before["refunds"]) == ("shipped", "in_transit", [])
    at_first = order_values(as_of(ORDER, DAY))
    assert (at_first["status"], at_first["parcels"][0]["tracking"]) == ("processing", None)
    assert order_values(as_of(ORDER, DAY + timedelta(7)))["refunds"][0]["state"] == "approved"
    assert as_of(ORDER, DAY + timedelta(30)) == ORDER


def test_every_slot_that_a_reply_says_may_be_said():
    sheet = sheet_of(order_values(as_of(ORDER, DAY + timedelta(3))))
    for topic in TOPICS:
        slots = set(wanted(sheet, (topic,)).slots)
        assert slots <= set(wanted(sheet, topics_for(sheet, slots)).slots)
    assert topics_for(sheet, {"carrier", "total"}, "total") == ("total", "carrier")


def row(customer, day, reply="It is on its way.", asked="Where is it?"):
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": reply}]
    return {"messages": messages, "source": f"{customer}{day}", "customer": customer, "at": f"2026-05-{day:02d}"}


def test_near_doubles_are_learnt_once_but_other_slots_are_another_reply():
    long = "Thank you for writing to us, your parcel is with {carrier} and will be with you soon"
    rows = [row("a", 1, long + "."), row("b", 2, long + "!!"), row("c", 3, long.replace("carrier", "items"))]
    kept, doubles = distinct(rows)
    assert [one["customer"] for one in kept] == ["a", "c"]
    assert doubles == 1


def test_held_out_rows_are_later_and_of_customers_never_seen():
    rows = [row(f"c{number % 23}", 1 + number // 10) for number in range(200)]
    split = split_rows(rows, share=0.2)
    assert not {one["customer"] for one in split.train} & {one["customer"] for one in split.held_out}
    assert max(one["at"] for one in split.train) <= min(one["at"] for one in split.held_out)
    assert 20 <= len(split.held_out) <= 50
    assert len(split.train) + len(split.held_out) + split.dropped == 200
    assert split_rows(rows) == split_rows(rows)


def checkable(count, every):
    """Rows of customers who write again and again; every so many states a value."""
    made = [row(f"c{number % 97}", 1 + number // 40) for number in range(count)]
    return [{**one, "checkable": number % every == 0} for number, one in enumerate(made)]


def test_more_is_held_out_where_too_few_rows_could_tell_a_change_from_chance():
    rows = checkable(1100, every=2)
    split, as_usual = split_rows(rows), _dealt(rows, SHARE, 7)
    held = sum(one["checkable"] for one in split.held_out)
    assert sum(one["checkable"] for one in as_usual.held_out) < CHECKABLE <= held
    assert len(as_usual.held_out) < len(split.held_out) <= 0.33 * len(rows)
    assert not {one["customer"] for one in split.train} & {one["customer"] for one in split.held_out}
    assert max(one["at"] for one in split.train) <= min(one["at"] for one in split.held_out)


def test_where_even_the_largest_share_would_not_do_the_usual_one_is_held_out():
    rows = checkable(200, every=2)
    assert split_rows(rows) == _dealt(rows, SHARE, 7)


def test_customers_with_few_earlier_rows_are_held_out_first():
    old = [row(f"c{number % 9}", 1 + number % 9) for number in range(80)]
    late = [row(customer, 20) for customer in (*(f"c{number}" for number in range(9)), *"abcdefghij")]
    split = split_rows([*old, *late], share=0.1)
    assert {one["customer"] for one in split.held_out} == set("abcdefghij")
    assert (len(split.train), split.dropped) == (84, 5)  # of those who write again, late rows alone are lost


def test_the_sample_company_holds_out_enough_for_the_gate(sample_home):
    from crm.store import Store
    from eval.gate import GatePlan

    with Store.open(f"sqlite:///{sample_home.database_file}") as store:
        rows, _ = distinct(examples_of(store).rows)
    plan = GatePlan()
    for seed in (7, 8):
        split = split_rows(rows, seed=seed)
        assert sum(one["checkable"] for one in split.held_out) >= CHECKABLE > plan.bootstrap.least_cases(plan.right)
        assert len(split.held_out) >= plan.bootstrap.least_cases(plan.grounded)
        assert not {one["customer"] for one in split.train} & {one["customer"] for one in split.held_out}

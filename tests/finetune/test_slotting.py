"""Values of a record become slots in whatever notation they are written; what is not on record is named."""

import pytest

from finetune.letters import body_of
from finetune.slotting import Company, put_slots
from finetune.stated import stated_in
from prompts.fields import put_in, sheet_of

VALUES = {
    "number": "LF-206708", "status": "shipped", "placed": "2026-04-20", "total": "1249.90", "currency": "EUR",
    "invoice": "RE-2026-0044", "payment": "credit_card",
    "items": [{"name": "Tern Shell", "quantity": 1, "options": {}}, {"name": "Wool Cap", "quantity": 2, "options": {}}],
    "parcels": [{"state": "in_transit", "carrier": "Heron Parcel", "tracking": "H3241145957IE", "shipped": "2026-04-28",
                 "expected": "2026-05-01", "delivered": None}],
    "refunds": [{"amount": "54.41", "state": "paid", "requested": "2026-04-29", "paid": "2026-05-04",
                 "method": "bank_transfer"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "slotted"),
    [
        ("Your order LF-206708 is on its way.", "Your order {order number} is on its way."),
        ("Order #lf 206708 left us.", "Order {order number} left us."),
        ("Order 206708 left us.", "Order {order number} left us."),
        ("Follow it with H3241145957IE at heron parcel.", "Follow it with {tracking number} at {carrier}."),
        ("It should arrive on Friday 1 May.", "It should arrive on {expected date}."),
        ("Expect it by the 1st of May 2026, please.", "Expect it by {expected date}, please."),
        ("It is due 2026-05-01", "It is due {expected date}"),
        ("It will be with you on 01.05.2026.", "It will be with you on {expected date}."),
        ("It will be with you on 5/1/26.", "It will be with you on {expected date}."),
        ("It left us on April 28th.", "It left us on {shipping date}."),
        ("You ordered on Apr. 20, 2026.", "You ordered on {order date}."),
        ("The total was €1,249.90.", "The total was {total}."),
        ("The total was 1.249,90 EUR", "The total was {total}"),
        (
            "54.41 went back on 4 May by bank transfer.",
            "{refund amount} went back on {refund date} by {refund method}.",
        ),
        ("You paid by Credit Card.", "You paid by {payment method}."),
        ("Invoice RE-2026-0044 is attached.", "Invoice {invoice number} is attached."),
        ("We packed the Tern Shell and 2 x Wool Caps.", "We packed the {items}."),
        ("Right now it is shipped.", "Right now it is {status}."),
        ("Use {code} please.", "Use (code) please."),
    ],
)
def test_a_value_becomes_its_slot_however_it_is_written(said, slotted):
    made = put_slots(said, VALUES)
    assert made.text == slotted
    assert not made.foreign
    put_in(made.text, sheet_of(VALUES))  # every slot is one that the record can fill


@pytest.mark.parametrize(
    ("said", "foreign"),
    [
        ("It arrives on 2 May.", ("2 May",)),
        ("We refund €12.50.", ("€12.50",)),
        ("Order LF-206709 is on its way.", ("LF-206709",)),
        ("Please allow five days.", ("five",)),
        ("I write to you tomorrow.", ("tomorrow",)),
        ("See https://shop.example/help or ask help@shop.example", ("https://shop.example/help", "help@shop.example")),
        ("The Lumva Clip is sold out.", ("lumva clip",)),
        ("Swiftlane has it.", ("swiftlane",)),
    ],
)
def test_values_that_are_not_on_record_are_named(said, foreign):
    made = put_slots(said, VALUES, Company(["Tern Shell", "Wool Cap", "Lumva Clip", "Heron Parcel", "Swiftlane"]))
    assert made.foreign == foreign


def test_without_a_record_every_value_is_foreign():
    assert put_slots("Order LF-206708 comes on 1 May.", None).foreign == ("LF-206708", "1 May")
    assert put_slots("I am on it.", None).foreign == ()


def test_of_two_fields_with_one_value_the_nearest_cue_decides():
    same = {**VALUES, "total": "54.41"}
    assert put_slots("Your refund of €54.41 is paid.", same).slots == ("refund amount",)
    assert put_slots("In total you paid €54.41.", same).slots == ("total",)
    days = {**VALUES, "placed": "2026-04-28"}
    assert put_slots("You ordered on 28 April and it was shipped on 28 April.", days).slots == (
        "order date", "shipping date",
    )  # fmt: skip


def test_the_way_of_a_payment_is_no_way_of_a_refund():
    same = {**VALUES, "payment": "bank_transfer"}
    assert put_slots("You paid for it by bank transfer.", same).slots == ("payment method",)
    assert put_slots("The refund goes back by bank transfer.", same).slots == ("refund method",)


def test_of_several_parcels_no_single_value_becomes_a_slot_that_stands_for_all():
    parcels = [*VALUES["parcels"], {**VALUES["parcels"][0], "tracking": "H99", "expected": "2026-05-09"}]
    made = put_slots("H3241145957IE comes on 1 May with Heron Parcel.", {**VALUES, "parcels": parcels})
    assert made.foreign == ("H3241145957IE", "1 May")
    assert made.slots == ("carrier",)


def test_a_day_in_figures_may_be_read_both_ways():
    (found,) = stated_in("on 03/04/2026")
    assert found.is_day("2026-04-03")
    assert found.is_day("2026-03-04")
    assert not found.is_day("2025-03-04")


@pytest.mark.parametrize(
    ("letter", "body"),
    [
        ("Hi Karim, I checked. Orla", "I checked."),
        ("Dear Mr. Haddad,\n\nit has left us.\n\nKind regards,\nOrla Byrne", "It has left us."),
        ("Karim, I checked.", "I checked."),
        ("Hola Karim, gracias. Saludos, Orla", "Gracias."),
        ("Good news, Karim: it has left us. Best, Orla", "Good news: it has left us."),
        ("It has left us.\n--\nLarchfell Ltd\nPhone 123", "It has left us."),
        ("Hello! Thanks for writing. It is best to wait.", "Thanks for writing. It is best to wait."),
        ("High demand slows us down.", "High demand slows us down."),
    ],
)
def test_greetings_and_signatures_are_cut(letter, body):
    assert body_of(letter, ["Karim Haddad", "Orla Byrne"]) == body

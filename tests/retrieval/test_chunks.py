import functools
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.records import Article, CustomerId, Delivery, Order, OrderLine, Product, Refund, Ticket, TicketMessage
from retrieval.chunks import Cutter, sections
from retrieval.sentences import train

TEXT = "Intro line.\n\n# Returns\n\n" + (
    "Send it **back** within [30 days](https://x.test).\n\n```\n# not a heading\n```\n## Costs\nFree."
)


@functools.cache
def cutter():
    return Cutter(40, train(()))


def article(text, **values):
    return Article(source="s", source_id="1", title="Sending back", text=text, **values)


def test_an_article_is_cut_at_its_headings_and_a_heading_in_code_is_text():
    assert [heading for heading, _ in sections(TEXT)] == ["", "Returns", "Costs"]


def test_a_passage_carries_title_heading_and_validity():
    until = datetime(2030, 1, 1, tzinfo=UTC)
    pieces = cutter().cut(article(TEXT, valid_until=until, url="https://x.test/r"), 3)
    second = pieces[1].passage
    assert (second.title, second.heading, second.version) == ("Sending back", "Returns", 3)
    assert second.valid_until == until
    assert second.text.startswith("Send it back within 30 days.")
    assert pieces[1].encoded.startswith("Sending back. Returns. ")


def test_a_long_section_is_cut_between_sentences_near_the_aim():
    text = " ".join(f"This is sentence number {number} of the long text." for number in range(40))
    passages = [piece.passage.text for piece in cutter().cut(article(text), 1)]
    assert len(passages) > 5
    assert all(len(passage.split()) <= 40 and passage.endswith(".") for passage in passages)
    assert " ".join(passages) == text


def test_an_unchanged_section_keeps_its_id_when_another_is_put_before_it():
    before = {piece.passage.id for piece in cutter().cut(article("# A\nOne.\n# B\nTwo."), 1)}
    after = {piece.passage.id for piece in cutter().cut(article("# New\nZero.\n# A\nOne.\n# B\nTwo."), 2)}
    assert before < after


def test_the_same_text_twice_has_two_ids():
    pieces = cutter().cut(article("# A\nOne.\n# A\nOne."), 1)
    assert len({piece.passage.id for piece in pieces}) == 2


def test_an_article_without_text_is_still_found_by_its_title():
    assert [piece.passage.text for piece in cutter().cut(article(""), 1)] == ["Sending back"]


def test_an_order_belongs_to_its_customer():
    order = Order(
        source="s", source_id="1", number="#W1", customer_id=CustomerId("s:c"), status="shipped",
        lines=(OrderLine(name="Blue shoes", quantity=2),), total=Decimal("20.00"),
        deliveries=(Delivery(status="in_transit", carrier="DPD"),), refunds=(Refund(amount=Decimal(5), status="paid"),),
    )  # fmt: skip
    passage = cutter().cut(order, 1)[0].passage
    assert (passage.visibility, passage.owner) == ("owner", "s:c")
    assert "2 x Blue shoes" in passage.text
    assert "in transit" in passage.text


def test_a_ticket_is_for_staff_and_its_private_notes_stand_apart():
    ticket = Ticket(
        source="s", source_id="1", subject="Late", messages=(
            TicketMessage(role="customer", text="Where is it?"),
            TicketMessage(role="agent", text="VIP, be careful", private=True),
        ),
    )  # fmt: skip
    pieces = cutter().cut(ticket, 1)
    assert [piece.passage.visibility for piece in pieces] == ["staff", "staff"]
    assert "VIP" not in pieces[0].passage.text
    assert "VIP" not in pieces[0].encoded


def test_a_price_change_does_not_change_what_is_encoded():
    def cut(price):
        product = Product(source="s", source_id="1", name="Boot", description="Warm.", price=Decimal(price))
        return cutter().cut(product, 1)[0]

    assert cut("10").digest == cut("12").digest
    assert cut("10").passage.text != cut("12").passage.text


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=400))
def test_no_word_of_an_article_is_lost(text):
    # Marks of Markdown may go; letters and digits may not.
    kept = "".join(piece.passage.text + piece.passage.heading for piece in cutter().cut(article(text), 1))
    if any(character.isalnum() for character in text) and not set("[]()`*_#!0123456789.") & set(text):
        assert sum(map(str.isalnum, kept)) >= sum(map(str.isalnum, text))

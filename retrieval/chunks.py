"""Cut records into passages that can be found and cited. Decides what text stands in a passage and who may see it.

Articles are cut at headings and sentences; a product, an order and a ticket are short enough to be a passage or
two. A passage's id is made of its record and its content, so an unchanged passage keeps its id.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rapport.records import AnyRecord, Article, Delivery, Order, Product, Record, RecordKind, Ticket
from rapport.types import Passage, PassageId, PassageVisibility
from retrieval.sentences import plain

INDEXED: tuple[RecordKind, ...] = (RecordKind.ARTICLES, RecordKind.PRODUCTS, RecordKind.ORDERS, RecordKind.TICKETS)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_TICKET_WORDS = 60  # what a ticket is about stands in the customer's first words


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage with what only the index needs: the collection it belongs to and the text that is encoded."""

    passage: Passage
    collection: str
    encoded: str

    @property
    def digest(self) -> str:
        """Hash of the text that is encoded; the same digest means the same vector."""
        return content_hash(self.encoded)

    @property
    def searched(self) -> str:
        """The text whose words are searched."""
        return f"{self.passage.title}\n{self.passage.heading}\n{self.passage.text}"


@dataclass(frozen=True, slots=True)
class Cutter:
    """How records are cut: the aim of a passage's length in words, and the sentence splitter."""

    chunk_words: int
    sentences: Callable[[str], list[str]]

    def cut(self, record: AnyRecord, version: int) -> list[Piece]:
        """The passages of one record, in reading order; none for a kind that is not searched."""
        if isinstance(record, Article):
            return self._article(record, version)
        if isinstance(record, Product):
            return [_product(record, version)]
        if isinstance(record, Order):
            return [_order(record, version)]
        if isinstance(record, Ticket):
            return self._ticket(record, version)
        return []

    def pack(self, text: str) -> list[str]:
        """Whole sentences and lines put together to about `chunk_words` words each; a lone long one stays whole."""
        packed: list[str] = []
        current: list[str] = []
        words = 0
        for unit in self._units(text):
            length = len(unit.split())
            if current and words + length > self.chunk_words:
                packed.append("".join(current).strip())
                current, words = [], 0
            current.append(unit)
            words += length
        return [*packed, "".join(current).strip()] if "".join(current).strip() else packed

    def _units(self, text: str) -> Iterator[str]:
        """Lines, and the sentences of lines that are longer than a passage; a unit ends as it is to be joined."""
        for line in text.splitlines():
            if len(line.split()) <= self.chunk_words:
                yield plain(line) + "\n"
            else:
                yield from (sentence + " " for sentence in self.sentences(line))
                yield "\n"

    def _article(self, article: Article, version: int) -> list[Piece]:
        base = replace(
            _blank(article, "articles", visibility="staff" if article.visibility == "staff" else "public"),
            title=article.title,
            url=article.url,
            version=version,
            valid_from=article.valid_from,
            valid_until=article.valid_until,
        )
        pieces = []
        for heading, body in sections(article.text):
            for text in self.pack(body):
                context = context_of(article.title, heading)
                passage = replace(base, heading=heading, text=text)
                pieces.append(Piece(passage, article.collection, context + text))
        return identified(pieces or [Piece(replace(base, text=article.title), article.collection, article.title)])

    def _ticket(self, ticket: Ticket, version: int) -> list[Piece]:
        base = replace(_blank(ticket, "tickets", visibility="staff"), title=ticket.subject, version=version)
        said = [message for message in ticket.messages if not message.private]
        first = next((message.text for message in said if message.role == "customer"), "")
        about = f"{ticket.subject}\n{_shortened(first, _TICKET_WORDS)}".strip() or ticket.key
        talk = "\n".join(f"{message.role}: {message.text}" for message in said)
        pieces = [Piece(replace(base, text=talk or ticket.subject), "past", about)]
        if notes := "\n".join(message.text for message in ticket.messages if message.private):
            text = _shortened(notes, _TICKET_WORDS)
            pieces.append(Piece(replace(base, heading="private notes", text=notes), "past", text))
        return identified(pieces)


def context_of(title: str, heading: str) -> str:
    """What stands before a passage's text when it is encoded."""
    return "".join(f"{part}. " for part in (title, heading) if part)


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The (heading, body) pairs of a Markdown text, in order; text before the first heading has the heading ""."""
    heading, body, fenced = "", list[str](), False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        found = None if fenced else _HEADING.match(line)
        if found is None:
            body.append(line)
            continue
        if any(map(str.strip, body)):
            yield heading, "\n".join(body)
        heading, body = plain(found[1]), []
    if any(map(str.strip, body)):
        yield heading, "\n".join(body)


def identified(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces of one record with stable ids: kind and key, hash of the content, and a count where texts repeat."""
    seen: dict[str, int] = {}
    named = []
    for piece in pieces:
        name = content_hash(piece.searched)[:12]
        seen[name] = seen.get(name, 0) + 1
        suffix = f"-{seen[name]}" if seen[name] > 1 else ""
        identity = PassageId(f"{piece.passage.kind}:{piece.passage.record}#{name}{suffix}")
        named.append(replace(piece, passage=replace(piece.passage, id=identity)))
    return named


def content_hash(text: str) -> str:
    """The first 32 hexadecimal digits of the text's sha256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _blank(record: Record, kind: str, *, visibility: PassageVisibility) -> Passage:
    return Passage(id=PassageId(""), record=record.key, kind=kind, title="", text="", visibility=visibility)


def _product(product: Product, version: int) -> Piece:
    options = ", ".join(f"{name} {value}" for name, value in product.options.items())
    price = f"Price: {product.price} {product.currency}." if product.price is not None else ""
    facts = [product.category and f"{product.category}.", product.description, options and f"{options}.", price]
    text = " ".join(str(fact) for fact in facts if fact) or product.name
    base = replace(_blank(product, "products", visibility="public"), title=product.name, url=product.url)
    passage = replace(base, text=text, version=version)
    # The price changes often and says nothing of what the product is: it is not encoded.
    about = " ".join(str(fact) for fact in (f"{product.name}.", *facts[:3]) if fact)
    return identified([Piece(passage, "shop", about)])[0]


def _order(order: Order, version: int) -> Piece:
    items = ", ".join(f"{line.quantity} x {line.name}" if line.quantity != 1 else line.name for line in order.lines)
    parts = [
        f"Status: {order.status}.",
        f"Placed on {order.placed_at:%Y-%m-%d}." if order.placed_at else "",
        f"Items: {items}." if items else "",
        f"Total: {order.total} {order.currency}." if order.total is not None else "",
        *map(_delivery, order.deliveries),
        *(f"Refund of {refund.amount} {order.currency}: {refund.status}." for refund in order.refunds),
    ]
    base = _blank(order, "orders", visibility="owner")
    title = f"Order {order.number}"
    text = " ".join(part for part in parts if part)
    passage = replace(base, title=title, text=text, owner=order.customer_id, version=version)
    return identified([Piece(passage, "own", f"{title}, {order.status}: {_shortened(items, _TICKET_WORDS)}")])[0]


def _delivery(delivery: Delivery) -> str:
    carrier = f" by {delivery.carrier}" if delivery.carrier else ""
    expected = f", expected {delivery.expected_at:%Y-%m-%d}" if delivery.expected_at else ""
    done = f", delivered {delivery.delivered_at:%Y-%m-%d}" if delivery.delivered_at else expected
    tracking = f", tracking {delivery.tracking}" if delivery.tracking else ""
    return f"Delivery{carrier}: {delivery.status.replace('_', ' ')}{done}{tracking}."


def _shortened(text: str, words: int) -> str:
    return " ".join(text.split()[:words])

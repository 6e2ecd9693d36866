"""A small shop with its agent: real store, index, heads and turn, on an encoder that needs no model."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agent.act import Tools
from agent.assemble import article_text, limits_of, load_understander
from agent.catalogue import Catalogue
from agent.check import Checker
from agent.compose import Composer
from agent.desk import Desk
from agent.extract import Extractor
from agent.own_trade import OwnTrade
from agent.turn import Agent, Parts
from agent.writer import ChatWriter, GroundedComposer
from crm.store import Store
from rapport.doubles import FixedClock, HashingEncoder
from rapport.paths import Home
from rapport.records import Article, Customer, Delivery, Order, OrderLine, Product, Refund
from rapport.settings import CompanySettings, RetrievalSettings, Settings
from rapport.types import Identity, Viewer

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SETTINGS = Settings(
    company=CompanySettings(name="Tarn & Co"),
    # an encoder that only hashes is less sure of what it finds
    retrieval=RetrievalSettings(answerable=0.3),
)


def at(day: int, month: int = 2) -> datetime:
    return datetime(2026, month, day, 9, 30, tzinfo=UTC)


CUSTOMERS = (
    Customer(source="t", source_id="anna", name="Anna Berg", email="anna.berg@example.com", postcode="1012 AB"),
    Customer(source="t", source_id="ben", name="Ben Okafor", email="ben@example.org", postcode="80331"),
    Customer(source="t", source_id="cleo", name="Cleo Marsh", email="cleo@example.net", postcode="D02 X285"),
)
ANNA, BEN, CLEO = (customer.id for customer in CUSTOMERS)
NOBODY = Viewer()
VERIFIED = {owner: Viewer(owner, Identity.VERIFIED) for owner in (ANNA, BEN, CLEO)}

PRODUCTS = (
    *(Product(
        source="t", source_id=f"mug-{color}-{size}", name="Enamel Mug", group="Enamel Mug", category="kitchen",
        description="A mug that survives a fall.", options={"color": color, "size": size}, price=Decimal("14.90"),
        available=available, stock=4 if available else 0,
    )
    for color, size, available in (("blue", "S", True), ("blue", "L", False), ("red", "S", True))
),
    Product(source="t", source_id="lamp", name="Desk Lamp", category="office", price=Decimal("89.00"), stock=2),
    Product(source="t", source_id="rug", name="Wool Rug", category="home", price=Decimal("240.00"), available=False),
)  # fmt: skip

ORDERS = (
    Order(
        source="t", source_id="1", number="#W2611340", customer_id=ANNA, status="shipped", placed_at=at(10),
        total=Decimal("118.80"), invoice_number="INV-77012",
        lines=(OrderLine(name="Enamel Mug", quantity=2, options={"color": "blue", "size": "S"}),
               OrderLine(name="Desk Lamp")),
        deliveries=(Delivery(status="in_transit", tracking="ZX881", carrier="Postline", shipped_at=at(12),
                             expected_at=at(5, 3)),),
    ),
    Order(
        source="t", source_id="2", number="#W2611399", customer_id=ANNA, status="delivered", placed_at=at(3, 1),
        total=Decimal("240.00"), lines=(OrderLine(name="Wool Rug"),),
        refunds=(Refund(amount=Decimal("240.00"), status="paid", paid_at=at(20, 1), method="credit_card"),),
    ),
    Order(
        source="t", source_id="3", number="#W9911000", customer_id=BEN, status="return requested", placed_at=at(8),
        total=Decimal("89.00"), lines=(OrderLine(name="Desk Lamp"),),
    ),
)  # fmt: skip

ARTICLES = (
    Article(
        source="t", source_id="returns", title="Return an item", url="/help/returns",
        text="You can return any item within 45 days of delivery. Items that do not fit go back the same way.\n\n"
        "## How to return something\n\n1. Open My orders and choose Return beside the item.\n2. Print the label.\n"
        "3. Hand the parcel to the carrier.\n",
    ),
    Article(
        source="t", source_id="cancel", title="Cancel an order", url="/help/cancel",
        text="You can cancel an order as long as its status is pending. "
        "Open My orders, choose the order and then Cancel.",
    ),
    Article(
        source="t", source_id="hours", title="Opening hours of our shop", url="/help/hours",
        text="Our shop is open from Tuesday to Saturday. The opening hours are 10:00 to 19:00.",
    ),
    Article(
        source="t", source_id="secret", title="How much goodwill to give", visibility="staff",
        text="Give up to 35 euros of goodwill when a customer complains about the opening hours of our shop.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """A company to ask. clock: moves only when told."""

    agent: Agent
    store: Store
    clock: FixedClock
    home: Home

    def talk(self, *texts: str, viewer: Viewer = NOBODY) -> list:
        """Send messages one after the other in one conversation; the turns."""
        turns: list = []
        for text in texts:
            id = turns[-1].conversation_id if turns else None
            turns.append(self.agent.ask(text, viewer=viewer, conversation_id=id))
            self.clock.advance(5)
        return turns

    def talk_on(self, turn: object, text: str, *, viewer: Viewer = NOBODY) -> object:
        """One more message in the conversation of a turn."""
        return self.agent.ask(text, viewer=viewer, conversation_id=turn.conversation_id)

    def say(self, *texts: str, viewer: Viewer = NOBODY) -> list[str]:
        """The same; the replies."""
        return [turn.reply.text for turn in self.talk(*texts, viewer=viewer)]

    def writing_with(self, chat: object, *, seconds: float = 5.0) -> "Shop":
        """The same shop with a chat model as its writer."""
        parts = self.agent.parts
        desk = replace(parts.desk, writer=ChatWriter(chat), seconds=seconds)
        return replace(self, agent=Agent(replace(parts, desk=desk)))


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Records, heads and index of the small shop. Read only; tests take a copy."""
    from finetune.defaults import fit_default_heads
    from rapport.sample.conversations import make_conversations
    from rapport.sample.utterances import make_examples
    from retrieval import sync

    home = Home(tmp_path_factory.mktemp("small") / "home").create()
    encoder = HashingEncoder()
    with Store.open(f"sqlite:///{home.database_file}") as store:
        for records in (CUSTOMERS, PRODUCTS, ORDERS, ARTICLES):
            store.upsert(records)
        sync.build(home, store, encoder=encoder, settings=SETTINGS.retrieval)
    examples = make_examples(7)[::4]
    fit_default_heads(home, examples, encoder=encoder, conversations=make_conversations(7, examples)[::4])
    return home


@pytest.fixture
def shop(small_home: Home, tmp_path) -> Iterator[Shop]:
    """A shop of its own for each test."""
    shutil.copytree(small_home.root, tmp_path / "home", dirs_exist_ok=True)
    home = Home(tmp_path / "home")
    with Store.open(f"sqlite:///{home.database_file}") as store:
        yield open_shop(home, store)


def open_shop(home: Home, store: Store) -> Shop:
    """What `open_agent` does, with an encoder that hashes."""
    from retrieval import sync

    encoder, clock = HashingEncoder(), FixedClock(NOON)
    searcher = sync.ensure(home, store, encoder=encoder, settings=SETTINGS.retrieval)
    understander, models = load_understander(home, store, encoder, knows=searcher.knows)
    catalogue = Catalogue(store)
    extractor = Extractor(encoder.encode, searcher.sentences, article=lambda key: article_text(store, key))
    agent = Agent(
        Parts(
            store=store,
            settings=SETTINGS,
            understander=understander,
            searcher=searcher,
            trade=OwnTrade(understander.suite, limits_of(SETTINGS)),
            tools=Tools(store, catalogue),
            composer=Composer(company=SETTINGS.company, facts=("email", "postcode"), extractor=extractor),
            desk=Desk(GroundedComposer(), Checker(catalogue)),
            limits=limits_of(SETTINGS),
            clock=clock,
            models=models,
        )
    )
    return Shop(agent, store, clock, home)


@pytest.fixture
def verdict_on(shop: Shop):
    """Checks a text for Anna: verdict_on(text, order=None, articles=(), question=..., before=..., locale=...)."""
    from agent.brief import Brief, Part
    from rapport.order_values import order_values
    from rapport.types import Passage, PassageId, ToolResult

    def passage(text: str) -> Passage:
        return Passage(
            id=PassageId("p"), record="t:page", kind="articles", title="A page", text=text, visibility="public"
        )

    def check(text: str, *, orders=(), articles=(), question="Where is it?", before="", locale="en"):
        tools = [ToolResult(tool="order", found=True, values=order_values(order), record=order.key) for order in orders]
        brief = Brief(
            parts=(Part(rule="refund", lines=()),), passages=tuple(map(passage, articles)), tools=tuple(tools),
            question=question, company="Tarn & Co", before=before, locale=locale,
        )  # fmt: skip
        return shop.agent.parts.desk.checker.check(text, brief, VERIFIED[ANNA])

    return check

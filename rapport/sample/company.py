"""Put the sample company together from one seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random

from rapport.records import Article, Customer, Event, Order, Product, Ticket
from rapport.sample.catalogue import make_catalogue
from rapport.sample.data_files import toml
from rapport.sample.help_articles import read_articles
from rapport.sample.people import make_people
from rapport.sample.questions import Question, read_questions
from rapport.sample.tickets import make_tickets
from rapport.sample.trade import make_trade
from rapport.sample.traffic import make_events
from rapport.sample.utterances import Example, make_examples

AS_OF = date(2026, 11, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCompany:
    """The whole invented company; every record has the source "sample".

    examples: labelled customer utterances; questions: with the article that answers each.
    personas: customer id -> the planted segment, and left: customer id -> when a churned customer last ordered.
    These two are the truth to measure predictors against; no record shows them.
    """

    name: str
    as_of: date
    customers: tuple[Customer, ...]
    products: tuple[Product, ...]
    orders: tuple[Order, ...]
    articles: tuple[Article, ...]
    tickets: tuple[Ticket, ...]
    events: tuple[Event, ...]
    examples: tuple[Example, ...]
    questions: tuple[Question, ...]
    personas: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, datetime] = field(default_factory=dict)


def build_sample(seed: int = 7, *, as_of: date = AS_OF) -> SampleCompany:
    """Generate the company as it stands on the morning of `as_of`. The same seed gives the same records everywhere."""
    morning = datetime(as_of.year, as_of.month, as_of.day, 8, tzinfo=UTC)
    people = make_people(Random(f"{seed}:people"), as_of=morning)
    catalogue = make_catalogue(Random(f"{seed}:catalogue"))
    trade = make_trade(seed, people, catalogue, as_of=morning)
    customers = tuple(person.customer for person in people)
    return SampleCompany(
        name=toml("shop")["name"],
        as_of=as_of,
        customers=customers,
        products=catalogue.variants,
        orders=trade.orders,
        articles=read_articles(),
        tickets=make_tickets(Random(f"{seed}:tickets"), customers, trade.orders, as_of=morning),
        events=make_events(Random(f"{seed}:events"), people, trade, catalogue, as_of=morning),
        examples=make_examples(seed),
        questions=read_questions(),
        personas={person.customer.id: person.persona for person in people},
        left=trade.left,
    )

"""Make the customers. Their persona is the planted segment: it steers what they do and is never written down."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from rapport.records import Customer
from rapport.sample.data_files import SOURCE, toml

CUSTOMERS = 400
HISTORY_DAYS = 730
_MAIL_HOSTS = ("example.com", "example.org", "example.net", "mail.example", "post.example")
_WRITTEN_OUT = {ord(sign): plain for sign, plain in (("ß", "ss"), ("ø", "o"), ("ł", "l"), ("ı", "i"), ("æ", "ae"))}
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with what only the generator knows: the persona, and the moment of the first order."""

    customer: Customer
    persona: str
    starts_at: datetime


def make_people(random: Random, *, as_of: datetime) -> tuple[Person, ...]:
    """400 customers who begin to order at some time in the two years before `as_of`."""
    shares = {name: persona["share"] for name, persona in toml("shop")["personas"].items()}
    countries = toml("people")["countries"]
    taken: set[str] = set()
    people = []
    for position in range(1, CUSTOMERS + 1):
        country = _pick(random, {code: spec["share"] for code, spec in countries.items()})
        # Two in five were customers before the history begins; the others join evenly over it.
        back = HISTORY_DAYS * (1 - random.random() * 0.12) if random.random() < 0.4 else HISTORY_DAYS * random.random()
        starts_at = _daytime(random, as_of - timedelta(days=back + 3))
        customer = _customer(random, position, country, starts_at, taken)
        people.append(Person(customer, _pick(random, shares), starts_at))
    return tuple(people)


def _customer(random: Random, position: int, country: str, starts_at: datetime, taken: set[str]) -> Customer:
    data = toml("people")
    spec = data["countries"][country]
    names = data["names"][_pick(random, spec["mix"])]
    first, last = random.choice(names["first"]), random.choice(names["last"])
    town, pattern = random.choice(spec["towns"])
    language, tenths = data["locales"].get(country, ["en", 0])
    return Customer(
        source=SOURCE,
        source_id=f"C{position:04d}",
        name=f"{first} {last}",
        email=_email(random, first, last, taken),
        phone=_filled(random, spec["phone"]),
        postcode=_filled(random, pattern),
        city=town,
        country=country,
        locale=language if random.random() * 10 < tenths else "en",
        created_at=starts_at - timedelta(minutes=random.randint(4, 40_000)),
        attrs={"newsletter": random.random() < 0.55, "age_group": random.choice(["18-29", "30-44", "45-59", "60+"])},
    )


def _email(random: Random, first: str, last: str, taken: set[str]) -> str:
    name = _ascii(f"{first}.{last}")
    form = random.randrange(4)
    local = [name, name.replace(".", ""), f"{name[0]}.{name.split('.', 1)[1]}", name.replace(".", "_")][form]
    email = f"{local}@{random.choice(_MAIL_HOSTS)}"
    while email in taken:
        email = f"{local}{random.randint(2, 99)}@{random.choice(_MAIL_HOSTS)}"
    taken.add(email)
    return email


def _ascii(text: str) -> str:
    """Lower-case letters and dots only: accents fall away, what has no plain form is written out."""
    written = text.lower().translate(_WRITTEN_OUT)
    plain = unicodedata.normalize("NFKD", written)
    return "".join(letter for letter in plain if letter == "." or "a" <= letter <= "z")


def _filled(random: Random, pattern: str) -> str:
    digits = {"#": lambda: str(random.randrange(10)), "@": lambda: random.choice(_LETTERS)}
    return "".join(digits[sign]() if sign in digits else sign for sign in pattern)


def _pick(random: Random, weights: dict[str, float]) -> str:
    return random.choices(list(weights), weights=list(weights.values()))[0]


def _daytime(random: Random, at: datetime) -> datetime:
    """The same day at an hour when people shop; the evening most of all."""
    hour = random.choices(range(7, 24), weights=[2, 3, 4, 4, 4, 5, 4, 4, 4, 4, 5, 6, 8, 10, 9, 6, 3])[0]
    return datetime(at.year, at.month, at.day, hour, random.randrange(60), random.randrange(60), tzinfo=UTC)

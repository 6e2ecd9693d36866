"""The names of what the company sells, for finding the product that a customer means, typos and all.

Names and words are held in memory and read anew when the records have changed; what is available is always read from
the store at the time of the question.
"""

import math
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from crm.store import Store
from rapport.records import Product, RecordKind
from retrieval.terms import analyzer

LEAST_LIKENESS = 80.0  # rapidfuzz 0-100; "watter bottel" is 92 and 83 from its words
RECHECK_SECONDS = 2.0
MOST_FOUND = 4
FEW_WORDS = 4
NAME_SHARE = 0.4  # of a name's weight that has to be said to mean that product
_WORD = re.compile(r"[^\W_]+")
_SIZES = (re.compile(r"[2-5]\d"), re.compile(r"X{0,4}[SL]|M"))
# Words of the question itself; a description that happens to use one is not meant by it.
_ASKING = frozenset(
    {
        "again", "any", "availability", "available", "back", "buy", "buying", "carry", "color",
        "colors", "colour", "colours", "come", "cost", "costs", "get", "got", "item", "items",
        "know", "like", "looking", "many", "much", "need", "one", "price", "prices", "product",
        "products", "sell", "selling", "shop", "size", "sizes", "still", "stock", "stocks", "store",
        "tell", "want", "which",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Variants that share a name. terms: stems of the name; about: stems of category, description and options."""

    name: str
    keys: list[str] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Names:
    """Everything read from the products at one time.

    seq: the change of the records it is equal to. options: every value that any product has, by the option's name.
    """

    seq: int = -1
    groups: dict[str, Group] = field(default_factory=dict)
    by_words: dict[str, str] = field(default_factory=dict)
    by_term: dict[str, set[str]] = field(default_factory=dict)
    longest: int = 1
    options: dict[str, set[str]] = field(default_factory=dict)

    def weight(self, term: str) -> float:
        """How much a term tells: the rarer, the more."""
        return math.log(1 + len(self.groups) / len(self.by_term[term])) if term in self.by_term else 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question may be about. by: the names were said, or only words that describe them."""

    names: tuple[str, ...] = ()
    by: Literal["name", "words"] = "name"


class Catalogue:
    """Product groups by name. A product without a group is its own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = Lock()
        self._checked = 0.0
        self._names = Names()

    def mentioned(self, text: str) -> list[str]:
        """Group names, as the company writes them, that a text contains word by word (plural forms too)."""
        names = self._current()
        return [names.groups[key].name for key in dict.fromkeys(_keys_in(text, names))]

    def names(self, text: str) -> bool:
        """Whether a text contains a product's name, or is a few words that are part of one: "the Tern 3"."""
        if self.mentioned(text):
            return True
        if len(_WORD.findall(text)) > FEW_WORDS or text.rstrip().endswith("?"):
            return False
        found = self.find(text)
        return bool(found.names) and found.by == "name"

    def names_in(self, text: str) -> set[str]:
        """The names found in a text, as words in small letters."""
        return {words_of(name) for name in self.mentioned(text)}

    def find(self, text: str) -> Finding:
        """The groups that a question is about: those named in full, else named in part, else described."""
        names = self._current()
        if exact := list(dict.fromkeys(_keys_in(text, names))):
            longest = [key for key in exact if not any(key != other and key in other for other in exact)]
            return Finding(tuple(names.groups[key].name for key in longest[:MOST_FOUND]))
        asked = _terms_asked(text, names)
        scores: dict[str, float] = defaultdict(float)
        for term in asked:
            for key in names.by_term.get(term, ()):
                scores[key] += names.weight(term) * (2.0 if term in names.groups[key].terms else 1.0)
        if not scores:
            return Finding()
        best = max(scores.values())
        top = sorted((key for key in scores if scores[key] >= 0.95 * best), key=lambda key: (-scores[key], key))
        said = {key: _said(names.groups[key], asked, names) for key in top}
        enough = max(NAME_SHARE, 0.95 * max(said.values()))
        partly = [key for key in top if said[key] >= enough]
        chosen = partly or top
        by: Literal["name", "words"] = "name" if partly else "words"
        return Finding(tuple(names.groups[key].name for key in chosen[:MOST_FOUND]), by)

    def variants(self, name: str) -> list[Product]:
        """All variants of a group, as the records stand now, in a stable order."""
        group = self._current().groups.get(name.casefold())
        if group is None:
            return []
        fetched = self.store.fetch(RecordKind.PRODUCTS, group.keys)
        return [product for key in group.keys if isinstance(product := fetched.get(key), Product)]

    def wished(self, text: str, name: str, variants: Sequence[Product]) -> dict[str, str]:
        """The options that the words ask for, also those that no variant of this product has but others do.

        "and in blue?" of a shoe that comes in yellow must not be answered with the yellow one.
        """
        wish = wished(text, variants)
        left = (
            set(words_of(text).split()) - set(words_of(name).split()) - set(words_of(" ".join(wish.values())).split())
        )
        for key in {key for product in variants for key in product.options} - set(wish):
            if strange := sorted(left & self._current().options.get(key, set())):
                wish[key] = strange[0]
            elif size := _strange_size(text, name, [product.options.get(key, "") for product in variants]):
                wish[key] = size
        return wish

    def _current(self) -> Names:
        now = time.monotonic()
        if self._names.seq >= 0 and now - self._checked < RECHECK_SECONDS:
            return self._names
        with self._lock:
            self._checked = now
            seq = self.store.last_change()
            if seq != self._names.seq:
                self._names = _read(self.store, seq)
            return self._names


def wished(text: str, products: Sequence[Product]) -> dict[str, str]:
    """The options that the words ask for, among those that these variants have: {"color": "blue", "size": "M"}.

    A value counts when it stands in the text as a word, in its own letters where it is one or two letters long.
    """
    wish: dict[str, str] = {}
    for product in products:
        for key, value in product.options.items():
            flags = 0 if len(value) <= 2 and value.isalpha() else re.IGNORECASE
            if key not in wish and re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text, flags):
                wish[key] = value
    return wish


def _strange_size(text: str, name: str, sizes: Sequence[str]) -> str | None:
    """A size that the words ask for and that is none of these: "47" where they are 39 to 43, "XXL" beside S to L."""
    known = {size.upper() for size in sizes if size}
    shape = next((shape for shape in _SIZES if known and all(shape.fullmatch(size) for size in known)), None)
    named = {word.upper() for word in _WORD.findall(name)}
    for word in _WORD.findall(text) if shape else ():
        if (
            shape
            and shape.fullmatch(word.upper())
            and word.upper() not in known | named
            and (word.isdigit() or word.isupper())
        ):
            return str(word)
    return None


def words_of(text: str) -> str:
    """A text as its words in small letters, one space between two; what names are compared by."""
    return " ".join(_WORD.findall(text.casefold()))


def _read(store: Store, seq: int) -> Names:
    stems = analyzer()
    groups: dict[str, Group] = {}
    options: dict[str, set[str]] = defaultdict(set)
    for product in store.iterate(RecordKind.PRODUCTS):
        if not isinstance(product, Product):
            continue
        name = product.group or product.name
        group = groups.setdefault(name.casefold(), Group(name))
        group.keys.append(product.key)
        if not group.terms:
            group.terms.update(stems(name))
            group.about.update(stems(f"{product.category or ''} {product.description}"))
        group.about.update(stems(" ".join(product.options.values())))
        for key, value in product.options.items():
            if len(value) > 2 and value.isalpha():  # a colour or material; a size needs its product to be known as one
                options[key].add(value.casefold())
    by_term: dict[str, set[str]] = defaultdict(set)
    for key, group in groups.items():
        for term in group.terms | group.about:
            by_term[term].add(key)
    by_words = {words_of(key): key for key in groups}
    longest = max((len(words.split()) for words in by_words), default=1)
    return Names(seq, groups, by_words, dict(by_term), longest, dict(options))


def _keys_in(text: str, names: Names) -> list[str]:
    words = _WORD.findall(text.casefold())
    found: list[str] = []
    at = 0
    while at < len(words):
        step = 1
        for n in range(min(names.longest, len(words) - at), 0, -1):
            span = " ".join(words[at : at + n])
            if key := next((names.by_words[form] for form in _forms(span) if form in names.by_words), None):
                found.append(key)
                step = n
                break
        at += step
    return found


def _terms_asked(text: str, names: Names) -> set[str]:
    """The stems of a question that products have; a word that none has becomes the nearest one in spelling."""
    stems = analyzer()
    asked: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if word in _ASKING:
            continue
        for term in stems(word):
            if term in names.by_term:
                asked.add(term)
            elif len(term) > 3 and not term.isdigit() and (near := _nearest(term, names)):
                asked.add(near)
    return asked


def _nearest(term: str, names: Names) -> str | None:
    from rapidfuzz import fuzz, process

    known = [other for other in names.by_term if other[0] == term[0]]  # slips in the first letter are rare
    found = process.extractOne(term, known, scorer=fuzz.ratio, score_cutoff=LEAST_LIKENESS)
    return str(found[0]) if found else None


def _said(group: Group, asked: set[str], names: Names) -> float:
    """The share of a name's weight that was said, 0-1."""
    whole = sum(names.weight(term) for term in group.terms)
    return sum(names.weight(term) for term in group.terms & asked) / whole if whole else 0.0


def _forms(span: str) -> tuple[str, ...]:
    """The words as they stand, with and without a plural ending."""
    forms = [span, f"{span}s"]
    if span.endswith("es"):
        forms.append(span[:-2])
    if span.endswith("s"):
        forms.append(span[:-1])
    return tuple(forms)

"""What no reply may show, whoever wrote it: the text of staff articles, the names of other customers.

Both are kept in memory, as words alone, and follow the changes of the records.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

from agent.catalogue import words_of
from agent.check_names import own_words
from agent.check_prompt import readable, runs
from agent.words import word_lists
from crm.mapping import fact_key
from crm.store import Store
from rapport.records import Article, Customer, CustomerId, RecordKind

RECHECK_SECONDS = 2.0
MOST_NAMES = 500_000  # of the customers of a larger company only names with capital letters are noticed
MOST_CHANGES = 1_000  # read one by one; after more of them everything is read anew
_MOST_WORDS = 5
LEAST_LETTERS = 3  # of a family name that is noticed alone


@dataclass(slots=True)
class _Known:
    """names: a customer's name in words -> how many have it; of: the same by key. staff: runs of staff articles.

    families: family name -> how many have it; without those that are ordinary words.
    """

    seq: int = -1
    names: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    of: dict[str, str] = field(default_factory=dict)
    staff: frozenset[str] = frozenset()


class Private:
    """Finds private text in replies. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._checked = 0.0
        self._known = _Known()

    def staff_text(self, text: str, evidence: str) -> list[str]:
        """ "staff_text" where a reply has a run of words of a staff article that the evidence (in words) lacks."""
        staff = self._current().staff
        return ["staff_text"] if any(run in staff and run not in evidence for run in _runs(text)) else []

    def names(self, text: str, allowed: str, owner: CustomerId | None) -> list[str]:
        """The names of other customers in a reply, small letters without accents: full ones, and family names alone.

        allowed: text that may name.
        """
        known = self._current()
        words = fact_key("name", readable(text)).split()
        spans = (
            " ".join(words[start : start + n]) for n in range(2, _MOST_WORDS + 1) for start in range(len(words) - n + 1)
        )
        own = known.of.get(owner or "", "")
        found = {name for name in spans if name in known.names and name != own}
        in_full = {word for name in found for word in name.split()}
        found |= {word for word in words if word in known.families and word not in in_full and word not in own.split()}
        if not found:
            return []
        said = f" {fact_key('name', allowed)} "
        return sorted(name for name in found if f" {name} " not in said)

    def _current(self) -> _Known:
        now = time.monotonic()
        if self._known.seq >= 0 and now - self._checked < RECHECK_SECONDS:
            return self._known
        with self._lock:
            self._checked = now
            if self._known.seq < 0:
                self._known = self._read()
            elif changes := self._store.changes_since(self._known.seq, limit=MOST_CHANGES):
                if len(changes) == MOST_CHANGES:
                    self._known = self._read()
                    return self._known
                self._follow({change.key for change in changes if change.kind is RecordKind.CUSTOMERS})
                if any(change.kind is RecordKind.ARTICLES for change in changes):
                    self._known.staff = self._staff()
                self._known.seq = changes[-1].seq
            return self._known

    def _read(self) -> _Known:
        known = _Known(seq=self._store.last_change())
        for key, name in self._store.customer_names():
            if len(known.of) == MOST_NAMES:
                break
            _note(known, key, name)
        known.staff = self._staff()
        return known

    def _follow(self, keys: set[str]) -> None:
        found = self._store.fetch(RecordKind.CUSTOMERS, sorted(keys))
        for key in keys:
            if name := self._known.of.pop(key, ""):
                self._known.names -= Counter((name,))
                self._known.families -= Counter(_family(name))
            record = found.get(key)
            if isinstance(record, Customer):
                _note(self._known, key, fact_key("name", record.name))

    def _staff(self) -> frozenset[str]:
        return frozenset(
            run
            for article in self._store.iterate(RecordKind.ARTICLES)
            if isinstance(article, Article) and article.visibility == "staff"
            for run in _runs(article.text)
        )


def _note(known: _Known, key: str, name: str) -> None:
    words = name.split()
    # a single word, or initials, may be anything
    if 2 <= len(words) <= _MOST_WORDS and all(len(word) > 1 for word in (words[0], words[-1])):
        known.of[key] = name
        known.names[name] += 1
        known.families.update(_family(name))


def _family(name: str) -> tuple[str, ...]:
    """The family name, where it is one and no word that a reply may have."""
    word = name.split()[-1]
    return (word,) if len(word) >= LEAST_LETTERS and word not in _ordinary() else ()


@cache
def _ordinary() -> frozenset[str]:
    words = (*own_words(), *word_lists("courtesy")["words"], *word_lists("surnames")["words"])
    return frozenset(fact_key("name", " ".join(words)).split())


def _runs(text: str) -> set[str]:
    return runs(words_of(readable(text)))

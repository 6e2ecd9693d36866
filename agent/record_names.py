"""Let only names be said as names: the items, carriers and ways of payment of an order, as its record has them.

A record's text comes from shops, imports and customers. What it holds where a name belongs may be a sentence, a promise
or a link; a reply that quotes it would say it in the company's voice. It is left out before anything else reads it.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from agent.catalogue import Catalogue, words_of
from agent.check_disguise import looks_disguised
from agent.check_prompt import readable
from prompts.render import rules
from retrieval.terms import FUNCTION_WORDS

UNNAMED = "an item without a plain name"
UNREADABLE = "unreadable"  # a status that is none
MOST_WORDS = 10  # of an item's name
FEW_WORDS = 5  # of a carrier's, a way of payment or a status
MOST_SMALL = 4  # words in small letters beside others in a name
_SIGNS = re.compile(r"[!?:;|<>{}\[\]\"“”„`=\\\n\r\t\x00]|[.,]\s*$|\.\s|//|www\.|@\w|\w\.\w+/")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
# What joins the words of a name; other function words make a sentence.
_JOINS: Final = frozenset({"a", "an", "and", "as", "for", "in", "of", "on", "our", "so", "the", "with"})
_NOT_IN_NAMES = FUNCTION_WORDS - _JOINS | {"every", "never", "no", "not", "nothing", "now"}


def sayable(values: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The values of an order with nothing but names where names belong."""
    return {
        **values,
        "status": sayable_state(values["status"]),
        "items": [{**item, **_item(item, catalogue)} for item in values["items"]],
        "parcels": [
            {**row, "state": _state(row["state"]), "carrier": _short(row["carrier"])} for row in values["parcels"]
        ],
        "refunds": [
            {**row, "state": _state(row["state"]), "method": _short(row["method"])} for row in values["refunds"]
        ],
        "payment": _short(values["payment"]),
    }


def sayable_state(state: str) -> str:
    """A status as it stands, where it is a few plain words; a company may call its states as it likes."""
    return state if _is_state(state) else UNREADABLE


def item_name(name: str, catalogue: Catalogue) -> str:
    """A name as it may be said: as it stands, or the product that it begins with, or `UNNAMED`."""
    known = catalogue.mentioned(name)
    if words_of(name) in map(words_of, known) and _shown(name):
        return name
    if reads_like_a_name(name):
        return name
    return next((one for one in known if words_of(name).startswith(f"{words_of(one)} ") and _shown(one)), UNNAMED)


@lru_cache(maxsize=4096)
def reads_like_a_name(text: str, *, most: int = MOST_WORDS) -> bool:
    """Whether a text is a few words that name something: no sentence, no signs of markup, nothing in disguise."""
    if not _shown(text) or _SIGNS.search(text) or _said().search(text):
        return False
    words = _WORD.findall(text)
    small = [word for word in words if word.islower() and word not in _JOINS]
    return (
        0 < len(words) <= most
        and not _NOT_IN_NAMES.intersection(word.casefold() for word in words)
        and len(small) <= MOST_SMALL
    )


def _item(item: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    options = {
        str(key): str(value)
        for key, value in dict(item.get("options") or {}).items()
        if _is_state(str(key)) and _is_state(str(value))
    }
    return {"name": item_name(str(item["name"]), catalogue), "options": options}


def _short(name: str | None) -> str | None:
    return name if name and reads_like_a_name(name.replace("_", " "), most=FEW_WORDS) else None


def _state(state: str | None) -> str | None:
    return state if state and _is_state(state) else None


def _is_state(text: str) -> bool:
    plain = text.replace("_", " ")
    return _shown(text) and not _SIGNS.search(plain) and len(plain.split()) <= FEW_WORDS


def _shown(text: str) -> bool:
    """Whether a text is written as it is read: no invisible signs, no letters that stand for others."""
    return unicodedata.normalize("NFC", text) == readable(text) and not looks_disguised(text)


@cache
def _said() -> re.Pattern[str]:
    return re.compile(rules()["instruction"]["no_name"], re.IGNORECASE)

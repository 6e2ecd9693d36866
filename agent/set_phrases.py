"""Short phrases whose meaning is fixed: yes, no, hello, thanks, bye. Only whole messages or whole clauses match."""

import functools
import re

from agent.words import word_lists

MOST_CHARS = 48
_TRIM = re.compile(r"^[\W_]+|[\W_]+$")
_ACKNOWLEDGES = re.compile(r"^\W*(?:ok(?:ay)?|k|fine|great|perfect|good|alright|i see|got it|sounds good)\W*$", re.I)
_POLITE = re.compile(r"[,.!\s]+(?:please|pls|bitte|thanks|thank you|there|all|everyone|team|again)$")


def set_phrase(text: str) -> str | None:
    """The intent that the text is a set phrase for, or None."""
    if len(text) > MOST_CHARS:
        return None
    plain = _TRIM.sub("", text.casefold().replace("’", "'"))
    for candidate in (plain, _POLITE.sub("", plain)):
        for intent, pattern in _patterns():
            if pattern.fullmatch(candidate):
                return intent
    return None


def acknowledges(text: str) -> bool:
    """Whether the text only takes note of what was said: "ok", "I see"."""
    return bool(_ACKNOWLEDGES.match(text))


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    lists = word_lists("set_phrases").items()
    return tuple((intent, re.compile("|".join(line for line in lines if line))) for intent, lines in lists)

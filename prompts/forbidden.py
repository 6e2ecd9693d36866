"""What no reply may say, whoever writes it: the forbidden phrases of `rules.toml`, by the id of their rule."""

import re
from functools import cache

from prompts.fields import SLOT
from prompts.render import rules


def rule_breaks(text: str, evidence: str, *, slots: bool = True) -> tuple[str, ...]:
    """The rules that a text breaks, each once for each of its patterns.

    evidence: what may excuse a phrase by saying the same. slots: whether the text may still name slots, which are then
    no markup.
    """
    plain, known = SLOT.sub(" ", text) if slots else text, evidence.casefold()
    return tuple(
        id
        for id, pattern, unless in _forbidden()
        if any(not (unless and match[0].casefold() in known) for match in pattern.finditer(plain))
    )


@cache
def _forbidden() -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    return tuple(
        (row["id"], re.compile(row["pattern"], re.IGNORECASE), bool(row["unless_in_evidence"]))
        for row in rules()["forbidden"]
    )

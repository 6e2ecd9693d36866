"""Pairs of replies of which people preferred one: read, checked, dealt to training and held-out parts.

In a file a pair is a JSON line `{"messages": […, the last one the user's], "chosen": text, "rejected": text}`: what was
sent, and what had been suggested in its place. Other fields are left alone. Knows nothing of tokens or models.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune.reply_rows import messages_of
from finetune.row_files import rows_of
from prompts.slots import plural
from rapport.errors import BadRow

FEWEST = 8  # different conversations; fewer teach nothing that could be measured
HINT = 'Write one JSON object a line: {"messages": [{"role": "user", "content": …}], "chosen": …, "rejected": …}'


@dataclass(frozen=True, slots=True)
class Pair:
    """A conversation as (role, text), the reply that people preferred and the one that they did not."""

    before: tuple[tuple[str, str], ...]
    chosen: str
    rejected: str

    def row(self, reply: str) -> dict[str, Any]:
        """The conversation with one of the replies, as a training row."""
        said = (*self.before, ("assistant", reply))
        return {"messages": [{"role": role, "content": text} for role, text in said]}


@dataclass(frozen=True, slots=True)
class Pairs:
    """What there is to learn from. same: suggestions that were sent as they were, so that nothing was preferred.

    left_out: why others became no pair, and how many.
    """

    pairs: tuple[Pair, ...]
    same: int
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Hash of what the pairs say, in their order."""
        said = [[pair.before, pair.chosen, pair.rejected] for pair in self.pairs]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:16]


def read_pairs(path: Path) -> Pairs:
    """The pairs of a JSON-lines file, each once.

    Raises UserError for a file that is no text or has other columns, BadRow naming the line that is wrong, and for too
    few conversations.
    """
    found, same = [], 0
    for line, values, broken in rows_of(path, ("messages", "chosen", "rejected"), option=""):
        where = f"line {line} of {path.name}"
        if broken:
            raise BadRow(f"{where} cannot be read: {broken}", hint=HINT)
        pair = _pair(values, where)
        if pair.chosen == pair.rejected:
            same += 1
        else:
            found.append(pair)
    return enough(found, same, path.name)


def enough(found: Sequence[Pair], same: int, where: str, *, left_out: Mapping[str, int] | None = None) -> Pairs:
    """The pairs, each once. where: what holds them. Raises BadRow for too few conversations."""
    pairs = tuple(dict.fromkeys(found))
    if len({pair.before for pair in pairs}) < FEWEST:
        told = f"; {same:,} more were sent as they were suggested" if same else ""
        told += "".join(f"; {count:,} left out: {why}" for why, count in (left_out or {}).items())
        raise BadRow(
            f"{where} holds {len(pairs):,} {plural(len(pairs), 'pair', 'pairs')}{told}.",
            hint=f"Give {FEWEST} different conversations or more.",
        )
    return Pairs(pairs, same, dict(left_out or {}))


def _pair(values: Mapping[str, Any], where: str) -> Pair:
    texts = {}
    for name in ("chosen", "rejected"):
        text = values.get(name)
        if not isinstance(text, str) or not text.strip():
            raise BadRow(f"{where}: '{name}' is no reply.", hint=HINT)
        texts[name] = text.strip()
    given = values.get("messages")
    if not isinstance(given, list):
        raise BadRow(f"{where}: 'messages' is no list.", hint=HINT)
    try:
        *before, _ = messages_of({"messages": [*given, {"role": "assistant", "content": texts["chosen"]}]})
    except BadRow as error:
        raise BadRow(f"{where}: {error.message}", hint=HINT) from error
    if before[-1][0] != "user":
        raise BadRow(f"{where}: the last message is not the user's; the replies answer it.", hint=HINT)
    return Pair(tuple(before), texts["chosen"], texts["rejected"])


def dealt(pairs: Sequence[Pair], share: float, *, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Training and held-out pairs. All pairs of one conversation are on the same side."""
    talks = sorted({pair.before for pair in pairs})
    random.Random(seed).shuffle(talks)
    held = set(talks[: max(1, round(share * len(talks)))])
    return [pair for pair in pairs if pair.before not in held], [pair for pair in pairs if pair.before in held]


def replies(pairs: Sequence[Pair]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each pair as two training rows: with the chosen reply and with the rejected one."""
    for pair in pairs:
        yield pair.row(pair.chosen), pair.row(pair.rejected)

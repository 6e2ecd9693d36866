"""Make up messages that ask for two things at once, where some rows bear two labels.

Such rows are few in any collection, and their words are those of other rows. What asks for both is therefore put
together from messages that ask for one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random

from finetune.examples import Labelled
from finetune.vectors import Encoded, VectorCache
from rapport.heads import BOTH, joint_parts

MADE_UP = 30  # messages a joint label; no other number was tried
_BETWEEN = (" and ", " and also ", " also ", ". ", ", ", " ", " then ")


def in_order(label: str) -> str:
    """A joint label with its parts by name, so that "b + a" is "a + b"."""
    return BOTH.join(sorted(part.strip() for part in label.split(BOTH))) if BOTH in label else label


def joint_rows(rows: Encoded, vectors: VectorCache, *, seed: int) -> Encoded:
    """Messages for each joint label of the rows, each made of one message for each of its parts; none without such."""
    return vectors.of(list(_made_up(rows, Random(seed))))


def _made_up(rows: Encoded, random: Random) -> Iterable[Labelled]:
    joint = joint_parts(rows.labels)
    texts: dict[str, list[str]] = defaultdict(list)
    for text, label in zip(rows.texts, rows.labels, strict=True):
        texts[label].append(text)
    for label, parts in joint.items():
        for _ in range(MADE_UP):
            yield Labelled(_said_together([random.choice(texts[part]) for part in parts], random), label)


def _said_together(texts: Sequence[str], random: Random) -> str:
    order = list(texts)
    random.shuffle(order)
    return random.choice(_BETWEEN).join(order)

"""Whether a message needs a person: the levels, the reasons, and how a head's probabilities become one of them.

A head for escalation is a `rapport.heads.Head` over wide vectors: the encoder's vector of the message and, behind it,
the features of `rapport.signals`. Its labels are "answer" and, for the other levels, level and reason ("offer anger"),
so one softmax gives both. `finetune` fits it; `agent` asks it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.alarm import alarm_for, doubtful, hints
from rapport.classifiers import Classifier, Read, classify, later_output
from rapport.heads import Head, HeadOutput
from rapport.scope import softmax
from rapport.signals import Past, Words, feature_names, features, fingerprint, floor_of, says
from rapport.types import EscalationLevel

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

LEVELS: tuple[EscalationLevel, ...] = ("answer", "offer", "escalate")
# What the person who takes over reads, by the name that labelled rows use.
REASONS = {
    "person": "asks for a person",
    "anger": "anger",
    "repeated": "repeated failure",
    "legal": "legal steps",
    "safety": "danger or injury",
    "value": "value at risk",
}
GRAVE = frozenset({"legal", "safety"})  # weigh more than the wish for a person that a message may state beside them
FLOOR = 0.99  # probability of "escalate" where a message speaks of danger, whatever the head says


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least probabilities: of "escalate", and of "offer" or "escalate" together, from which that level is taken."""

    escalate: float
    offer: float


@dataclass(frozen=True, slots=True)
class Escalation:
    """What a head says of one message. escalate, offer: probabilities, 0-1. reason: a key of REASONS, or ""."""

    level: EscalationLevel
    escalate: float
    offer: float
    reason: str


Ask = Callable[[Sequence[int]], HeadOutput]
"""Gives what the alarm says of some of n messages, by their places."""


def asking(alarm: Classifier | None, masked: Sequence[str], vectors: "np.ndarray", encoder: "Encoder") -> Ask | None:
    """Asks the alarm by encoding the messages again; None where there is none. vectors: (n, dim) or wide ones."""
    if alarm is None:
        return None
    shared = vectors[:, : encoder.dim]
    return lambda rows: classify(alarm, [masked[row] for row in rows], shared[list(rows)], encoder=encoder)


def later_ask(alarm: Classifier | None, read: Read, masked: Sequence[str], encoder: "Encoder") -> Ask | None:
    """Asks the alarm from the pass that a suite has read the messages in; None where there is none."""
    if alarm is None:
        return None
    return lambda rows: later_output(alarm, read, rows, masked, encoder=encoder)


def heard(head: Head, vectors: "np.ndarray", masked: Sequence[str], ask: Ask | None) -> "np.ndarray":
    """(n, L) logits of n messages with what the alarm adds where the head is in doubt. vectors: wide ones."""
    logits = head.logits(vectors, masked)
    rows = [] if ask is None else doubtful(softmax(logits), head.labels)
    if ask is not None and rows:
        logits[rows] += hints(ask(rows), head.labels)
    return logits


def told(head: Head, vectors: "np.ndarray", masked: Sequence[str], ask: Ask | None) -> HeadOutput:
    """The calibrated probabilities of the same."""
    import numpy as np

    shares = softmax(heard(head, vectors, masked, ask) / head.temperature)
    return HeadOutput(head.labels, shares, np.ones(len(shares), dtype=np.float32))


def wide(vectors: "np.ndarray", rows: Sequence[dict[str, float]]) -> "np.ndarray":
    """(n, dim) vectors with their n rows of features behind them: (n, dim + FEATURES)."""
    import numpy as np

    block = np.array([list(row.values()) for row in rows], dtype=np.float32).reshape(len(rows), len(feature_names()))
    return np.concatenate([vectors, block], axis=1)


def judge(output: HeadOutput, texts: Sequence[str], least: Thresholds) -> list[Escalation]:
    """The levels of n messages. texts: their own words, for the floor.

    A level above "answer" has a reason, unless the rows that the head was fitted on name none for such messages.
    """
    judged: list[Escalation] = []
    for row, text in enumerate(texts):
        shares = dict(zip(output.labels, output.probabilities[row].tolist(), strict=True))
        escalate, offer = _share(shares, "escalate"), _share(shares, "offer")
        if floor := floor_of(text):
            judged.append(Escalation("escalate", max(escalate, FLOOR), min(offer, 1 - FLOOR), floor))
            continue
        level: EscalationLevel = "offer" if escalate + offer >= least.offer else "answer"
        level = "escalate" if escalate >= least.escalate else level
        judged.append(Escalation(level, escalate, offer, "" if level == "answer" else _reason(shares, text)))
    return judged


class Watch:
    """An escalation head at work on single messages. Raises IndexMismatch where it was fitted for something else.

    alarm: what it asks where it is in doubt; None: nothing.
    """

    def __init__(self, head: Head, encoder: "Encoder", least: Thresholds) -> None:
        head.check_fits(encoder, fingerprint())
        self._head = head
        self._encoder = encoder
        self._least = least
        self.alarm = alarm_for(head, encoder)

    def read(
        self, vector: "np.ndarray", masked: str, text: str, words: Words, *, sentiment: float, past: Past,
        ask: Ask | None = None,
    ) -> Escalation:  # fmt: skip
        """vector: (dim,) of the message. masked, text: the message masked, and as it was written.

        ask: what asks the alarm about it, from the pass that made the vector; None: it is encoded again.
        """
        row = features(words, sentiment=sentiment, past=past)
        return self.read_all(vector[None], [masked], [text], [row], ask=ask)[0]

    def read_all(
        self, vectors: "np.ndarray", masked: Sequence[str], texts: Sequence[str], rows: Sequence[dict[str, float]],
        *, ask: Ask | None = None,
    ) -> list[Escalation]:  # fmt: skip
        """What `read` gives, of n messages. vectors: (n, dim). rows: their `rapport.signals.features`."""
        if self.alarm is None or ask is None:
            ask = asking(self.alarm, masked, vectors, self._encoder)
        return judge(told(self._head, wide(vectors, rows), masked, ask), texts, self._least)


def _share(shares: dict[str, float], level: EscalationLevel) -> float:
    return sum(share for label, share in shares.items() if label.partition(" ")[0] == level)


def _reason(shares: dict[str, float], text: str) -> str:
    """The likeliest reason, over both levels that have one: an offer out of anger is anger still.

    The wish for a person is said so plainly that it hides what is said beside it. So where the words speak of danger or
    law, and that is the likeliest reason once the wish is set aside, it is the reason.
    """
    sums: dict[str, float] = {}
    for label, share in shares.items():
        if label != "answer":
            reason = label.partition(" ")[2]
            sums[reason] = sums.get(reason, 0.0) + share
    first, second, *_ = [*sorted(sums, key=lambda reason: -sums[reason]), "", ""]
    return second if first == "person" and second in GRAVE and says(text, second) else first

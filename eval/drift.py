"""Compare the messages of late with what the models in use were trained on.

Each message is read again by the models in use, as bare text, so that both sides went the same way; what the dialogue
made of it in its turn may differ. How far they have moved is told by `eval.stability`.
Source of the kernel figure: Gretton et al., A Kernel Two-Sample Test, JMLR 2012.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from eval.stability import READINGS, Measure, Reading, label_measure, spread_measure
from rapport.classifiers import Classifier, Suite, load_classifier
from rapport.errors import NotFound, UserError
from rapport.heads import HeadOutput, sentiment_of
from rapport.paths import Home
from rapport.reference import Reference, load_reference
from rapport.registry import SHARED_ROLES, artifact_folder, current
from rapport.text import mask

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.models import Encoder

LEAST, MOST = 30, 5_000  # messages
SHOWN, SHIFTED = 10, 5  # odd messages and changed labels that are told


@dataclass(frozen=True, slots=True)
class Message:
    """A customer's message (masked) and the turn that answered it."""

    turn: str
    text: str


@dataclass(frozen=True, slots=True)
class Odd:
    """A message unlike the training data. distance: 1 - cosine to the nearest class centre."""

    turn: str
    text: str
    distance: float
    intent: str
    in_scope: float


@dataclass(frozen=True, slots=True)
class Shift:
    """One label's share in training and of late, where it changed."""

    label: str
    training: float
    recent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed. reading: the worst of the measures.

    kernel: squared maximum mean discrepancy of the vectors; kernel_over_chance: against what equal sources give on
    average, so about 1 where nothing changed.
    """

    reading: Reading
    models: Mapping[str, str]
    recent_rows: int
    measures: tuple[Measure, ...]
    kernel: float
    kernel_over_chance: float
    shifts: tuple[Shift, ...]
    most_different: tuple[Odd, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A classifier in use with the reference of its training data."""

    classifier: Classifier
    reference: Reference


def measure_drift(home: Home, store: "Store", *, encoder: "Encoder", since: datetime, in_scope: float) -> Drift:
    """Compare the messages from `since` on. Raises UserError below 30 messages, NotFound for a model without reference.

    in_scope: least probability that counts as in scope. Above 5,000 turns so many, evenly spread, are read.
    """
    known = known_heads(home, encoder)
    messages = [
        Message(turn.id, text)
        for turn in store.turns_since(since, limit=MOST)
        if (text := mask("\n".join(one.text for one in turn.messages if one.role == "customer")))
    ]
    if len(messages) < LEAST:
        raise UserError(
            f"there are {len(messages)} answered messages since {since.date()}; {LEAST} are needed to say anything.",
            hint="Give an earlier --since.",
        )
    return compare(known, messages, encoder=encoder, in_scope=in_scope)


def known_heads(home: Home, encoder: "Encoder") -> dict[str, Known]:
    """The intent and the sentiment classifier in use, with their references. Raises NotFound where one is missing."""
    found = {}
    for role in SHARED_ROLES:
        name = current(home, role)
        if name is None:
            raise NotFound(f"no {role} model is in use in {home.root}.", hint="Run: rapport init")
        folder = artifact_folder(home, name)
        found[role] = Known(load_classifier(folder, encoder), load_reference(folder))
    return found


def compare(
    known: Mapping[str, Known], messages: Sequence[Message], *, encoder: "Encoder", in_scope: float = 0.5
) -> Drift:
    """Compare messages with the references. Raises IndexMismatch where a head was fitted on another encoder."""
    texts = [message.text for message in messages]
    vectors, said = _read(known, encoder, texts)
    reference, intent = known["intent"].reference, said["intent"]
    guesses = [intent.best(row)[0] for row in range(len(texts))]
    kept = [guess for guess, inside in zip(guesses, intent.in_scope >= in_scope, strict=True) if inside]
    away = reference.distances(vectors)
    measures = (
        label_measure(reference.labels, kept, reference.rows),
        *_readings(known, said),
        spread_measure("distance", [reference.bins["distance"]], [away], reference.rows),
        spread_measure("vectors", reference.projections, list(reference.project(vectors).T), reference.rows),
    )
    kernel, over = _kernel(reference, vectors)
    return Drift(
        reading=max((one.reading for one in measures), key=READINGS.index),
        models={role: one.classifier.head.name for role, one in known.items()},
        recent_rows=len(messages),
        measures=measures,
        kernel=kernel,
        kernel_over_chance=over,
        shifts=_shifts(reference.labels, kept),
        most_different=tuple(
            Odd(messages[row].turn, texts[row], float(away[row]), guesses[row], float(intent.in_scope[row]))
            for row in np.argsort(-away, kind="stable")[:SHOWN]
        ),
    )


def _read(
    known: Mapping[str, Known], encoder: "Encoder", texts: Sequence[str]
) -> tuple[np.ndarray, dict[str, HeadOutput]]:
    """The vectors of masked texts, and what each classifier says of them."""
    read = Suite(encoder, {role: one.classifier for role, one in known.items()}).read(texts)
    return read.vectors, dict(read.outputs)


def _readings(known: Mapping[str, Known], said: Mapping[str, HeadOutput]) -> Iterator[Measure]:
    """How sure the intent head is, how much is in scope, and the mood: each against rows that were new to the head."""
    intent, sentiment = known["intent"].reference, known["sentiment"].reference
    numbers = (
        ("confidence", intent, said["intent"].probabilities.max(axis=1)),
        ("in_scope", intent, said["intent"].in_scope),
        ("sentiment", sentiment, sentiment_of(said["sentiment"])),
    )
    for name, reference, values in numbers:
        yield spread_measure(name, [reference.bins[name]], [values], reference.held_out or reference.rows)


def _shifts(trained: Mapping[str, float], guesses: Sequence[str]) -> tuple[Shift, ...]:
    """The labels whose shares changed most, the most changed first."""
    recent = Counter(guesses)
    shifts = [
        Shift(label, trained.get(label, 0.0), recent[label] / max(len(guesses), 1)) for label in {*recent, *trained}
    ]
    return tuple(sorted(shifts, key=lambda one: (-abs(one.recent - one.training), one.label))[:SHIFTED])


def _kernel(reference: Reference, vectors: np.ndarray) -> tuple[float, float]:
    """Squared distance of the mean features, and the same over its expectation where both sides are alike."""
    gap = float(((reference.mean_features(vectors) - reference.features) ** 2).sum())
    spread = 1.0 - float((reference.features**2).sum())
    expected = spread * (1.0 / len(vectors) + 1.0 / reference.rows)
    return gap, gap / max(expected, 1e-12)

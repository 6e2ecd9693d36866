"""Compare the messages of late with what the models in use were trained on.

Each message is read again by the models in use, as bare text, so that both sides went the same way; what the dialogue
made of it in its turn may differ. The figures are population stability indices (PSI): below 0.1 steady, to 0.25 watch,
above drifted, but never worse than steady where chance alone gives as much with so few rows.
Sources: Siddiqi, Credit Risk Scorecards, 2006 (the thresholds); Gretton et al., A Kernel Two-Sample Test, JMLR 2012.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np

from rapport.errors import NotFound, UserError
from rapport.heads import Head, load_head, sentiment_of
from rapport.paths import Home
from rapport.reference import Bins, Reference, load_reference
from rapport.registry import artifact_folder, current
from rapport.text import mask

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.models import Encoder

Reading = Literal["steady", "watch", "drifted"]
READINGS: tuple[Reading, ...] = ("steady", "watch", "drifted")
WATCH, DRIFTED = 0.1, 0.25
LEAST, MOST = 30, 5_000  # messages
RARE = 0.01  # labels with a smaller share count as one
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of messages as the model knows them
TRIALS, SURE = 400, 0.99  # draws that say what chance gives; share of them below


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One comparison. psi: 0 where nothing changed; chance: what equal sources stay below 99 times in 100."""

    name: str
    psi: float
    chance: float
    reading: Reading
    reference_rows: int
    recent_rows: int


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
    """A head in use with the reference of its training data."""

    head: Head
    reference: Reference


def measure_drift(home: Home, store: "Store", *, encoder: "Encoder", since: datetime, in_scope: float) -> Drift:
    """Compare the messages from `since` on. Raises UserError below 30 messages, NotFound for a model without reference.

    in_scope: least probability that counts as in scope. Above 5,000 turns so many, evenly spread, are read.
    """
    known = known_heads(home)
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


def known_heads(home: Home) -> dict[str, Known]:
    """The intent and the sentiment head in use, with their references. Raises NotFound where one is missing."""
    found = {}
    for role in ("intent", "sentiment"):
        name = current(home, role)
        if name is None:
            raise NotFound(f"no {role} model is in use in {home.root}.", hint="Run: rapport init")
        folder = artifact_folder(home, name)
        found[role] = Known(load_head(folder), load_reference(folder))
    return found


def compare(
    known: Mapping[str, Known], messages: Sequence[Message], *, encoder: "Encoder", in_scope: float = 0.5
) -> Drift:
    """Compare messages with the references. Raises IndexMismatch where a head was fitted on another encoder."""
    intent, reference = known["intent"].head, known["intent"].reference
    for one in known.values():
        one.head.check_base(encoder)
    texts = [message.text for message in messages]
    vectors = encoder.encode(texts)
    said = intent.predict(vectors, texts)
    inside = said.in_scope >= in_scope
    guesses = [said.labels[column] for column in said.probabilities.argmax(axis=1)]
    mood = sentiment_of(known["sentiment"].head.predict(vectors, texts))
    away = reference.distances(vectors)
    spreads = {"confidence": said.probabilities.max(axis=1), "in_scope": said.in_scope}
    moods = known["sentiment"].reference
    measures = (
        _label_measure(reference, [guess for guess, kept in zip(guesses, inside, strict=True) if kept]),
        *(
            _spread_measure(name, [reference.bins[name]], [values], reference.held_out or reference.rows)
            for name, values in spreads.items()
        ),
        _spread_measure("sentiment", [moods.bins["sentiment"]], [mood], moods.held_out or moods.rows),
        _spread_measure("distance", [reference.bins["distance"]], [away], reference.rows),
        _spread_measure("vectors", reference.projections, list(reference.project(vectors).T), reference.rows),
    )
    kernel, over = _kernel(reference, vectors)
    order = np.argsort(-away, kind="stable")[:10]
    return Drift(
        reading=max((one.reading for one in measures), key=READINGS.index),
        models={role: one.head.name for role, one in known.items()},
        recent_rows=len(messages),
        measures=measures,
        kernel=kernel,
        kernel_over_chance=over,
        shifts=_shifts(reference, guesses, inside),
        most_different=tuple(
            Odd(messages[row].turn, texts[row], float(away[row]), guesses[row], float(said.in_scope[row]))
            for row in order
        ),
    )


def psi(expected: Sequence[float] | np.ndarray, actual: Sequence[float] | np.ndarray) -> float:
    """The population stability index of two lists of shares: the sum of (a - e) * ln(a / e).

    Raises ValueError where the lists differ in length or a share is not positive.
    """
    one, other = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if one.shape != other.shape or (one <= 0).any() or (other <= 0).any():
        raise ValueError("psi needs two lists of as many positive shares.")
    return float(((other - one) * np.log(other / one)).sum())


def smoothed(counts: np.ndarray) -> np.ndarray:
    """Counts as positive shares: half a row is added to each."""
    shares: np.ndarray = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares


def reading_of(value: float, chance: float) -> Reading:
    """The usual reading of a PSI, but steady where chance gives as much."""
    if value < WATCH or value <= chance:
        return "steady"
    return "watch" if value <= DRIFTED else "drifted"


def _spread_measure(name: str, bins: Sequence[Bins], values: Sequence[np.ndarray], rows: int) -> Measure:
    """Of the mixtures of known and new rows, the nearest counts: customers may write what the model has seen."""
    pairs = list(zip(bins, values, strict=False))  # projections stand for the first columns
    counts = [one.counts(numbers) for one, numbers in pairs]
    tried = []
    for part in MIXTURES:
        mixed = [part * np.asarray(one.known) + (1.0 - part) * np.asarray(one.shares) for one, _ in pairs]
        tried.append((_mean_psi(mixed, counts, rows), mixed))
    value, mixed = min(tried, key=lambda one: one[0])
    return _measure(name, value, mixed, int(counts[0].sum()), rows)


def _mean_psi(shares: Sequence[np.ndarray], counts: Sequence[np.ndarray], rows: int) -> float:
    """The mean PSI of several comparisons, where each reference was counted on so many rows."""
    pairs = zip(shares, counts, strict=True)
    return float(np.mean([psi(smoothed(old * rows), smoothed(new)) for old, new in pairs]))


def _measure(name: str, value: float, shares: Sequence[np.ndarray], recent: int, rows: int) -> Measure:
    """A PSI with what chance alone gives: both sides are drawn anew from the reference's shares."""
    random = np.random.default_rng(0)
    alike = [smoothed(one * rows) for one in shares]
    drawn = [
        _mean_psi(
            [random.multinomial(rows, one) / rows for one in alike],
            [random.multinomial(recent, one) for one in alike],
            rows,
        )
        for _ in range(TRIALS)
    ]
    chance = float(np.quantile(drawn, SURE))
    return Measure(
        name=name,
        psi=value,
        chance=chance,
        reading=reading_of(value, chance),
        reference_rows=rows,
        recent_rows=recent,
    )


def _label_measure(reference: Reference, guesses: Sequence[str]) -> Measure:
    """Every label that is not rare, and all rare ones together: their shares in training and of late."""
    common = [label for label, share in reference.labels.items() if share >= RARE]
    place = {label: number for number, label in enumerate(common)}
    shares = np.array([*(reference.labels[label] for label in common), 0.0])
    shares[-1] = max(0.0, 1.0 - shares.sum())
    counts = np.bincount([place.get(guess, len(common)) for guess in guesses], minlength=len(shares))
    value = _mean_psi([shares], [counts], reference.rows)
    return _measure("intents", value, [shares], len(guesses), reference.rows)


def _shifts(reference: Reference, guesses: Sequence[str], inside: np.ndarray) -> tuple[Shift, ...]:
    """The labels whose shares changed most, the most changed first."""
    kept = [guess for guess, counts in zip(guesses, inside, strict=True) if counts]
    recent = {label: kept.count(label) / max(len(kept), 1) for label in set(kept) | set(reference.labels)}
    pairs = [Shift(label, reference.labels.get(label, 0.0), share) for label, share in recent.items()]
    return tuple(sorted(pairs, key=lambda one: (-abs(one.recent - one.training), one.label))[:5])


def _kernel(reference: Reference, vectors: np.ndarray) -> tuple[float, float]:
    """Squared distance of the mean features, and the same over its expectation where both sides are alike."""
    gap = float(((reference.mean_features(vectors) - reference.features) ** 2).sum())
    spread = 1.0 - float((reference.features**2).sum())
    expected = spread * (1.0 / len(vectors) + 1.0 / reference.rows)
    return gap, gap / max(expected, 1e-12)

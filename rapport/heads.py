"""Classifier heads: a linear map on an encoder's vectors and on words, calibrated. numpy only; `finetune` fits them.

A head is an artifact: `head.safetensors` (weights, bias), `head.json` (labels and calibration) and a card.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.cards import Card, publish, read_card
from rapport.elsewhere import FILE as ELSEWHERE_FILE
from rapport.elsewhere import Elsewhere, load_elsewhere, save_elsewhere
from rapport.errors import CorruptArtifact, IndexMismatch
from rapport.lexical import PLACES, word_sums
from rapport.scope import ScopeScore, beside_judge, closeness, scope_scores, sigmoid, softmax
from rapport.votes import Votes

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

OOS = "oos"
BOTH = " + "  # between the labels of a message that asks for two things: "cancel_order + refund_status"
SENTIMENTS = ("negative", "neutral", "positive")
WEIGHTS_FILE, FACTS_FILE = "head.safetensors", "head.json"


@dataclass(frozen=True, slots=True)
class HeadOutput:
    """What a head says of n vectors.

    probabilities: (n, L) over `labels`, rows sum to 1. in_scope: (n,) probability that any label applies at all.
    accept: from this value of `sure` on a label is to be trusted at the risk that the classifier was calibrated for.
    """

    labels: tuple[str, ...]
    probabilities: "np.ndarray"
    in_scope: "np.ndarray"
    accept: float = 0.0

    @property
    def sure(self) -> "np.ndarray":
        """(n,) probability that the best label is right and that any label applies."""
        product: np.ndarray = self.probabilities.max(axis=1) * self.in_scope
        return product

    @property
    def accepted(self) -> "np.ndarray":
        """(n,) whether a row is sure enough to be answered by its label."""
        enough: np.ndarray = self.sure >= self.accept
        return enough

    def best(self, row: int) -> tuple[str, float]:
        """The most probable label of one row, with its probability."""
        column = int(self.probabilities[row].argmax())
        return self.labels[column], float(self.probabilities[row, column])

    def without(self, labels: Iterable[str]) -> "HeadOutput":
        """The same where these labels are known not to apply; their share goes to the others."""
        import numpy as np

        shares = self.probabilities.copy()
        shares[:, [column for column, label in enumerate(self.labels) if label in set(labels)]] = 0.0
        total = shares.sum(axis=1, keepdims=True)
        left = np.divide(shares, total, out=np.zeros_like(shares), where=total > 1e-9)
        return HeadOutput(self.labels, left, self.in_scope, self.accept)

    def apart(self) -> "HeadOutput":
        """The same over the single labels: what a joint label is likely, each of its parts is likely too."""
        import numpy as np

        joint = joint_parts(self.labels)
        if not joint:
            return self
        single = tuple(label for label in self.labels if label not in joint)
        counts = [[float(one in joint.get(label, (label,))) for one in single] for label in self.labels]
        shares = self.probabilities @ np.array(counts)
        return HeadOutput(single, shares / shares.sum(axis=1, keepdims=True), self.in_scope, self.accept)

    def ranked(self, row: int, *, k: int = 3) -> tuple[tuple[str, float], ...]:
        """The k most probable labels of one row, best first."""
        order = (-self.probabilities[row]).argsort(kind="stable")[:k]
        return tuple((self.labels[column], float(self.probabilities[row, column])) for column in order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A calibrated linear classifier over unit vectors and, where it has `words`, over the texts' own words.

    labels: L names without "oos". weights: (L, dim), or (L + 1, dim) where the last row scores "out of scope".
    bias: one number per row of weights. words: (PLACES, rows of weights), what each hashed word adds; or None.
    temperature: divides the logits before the softmax.
    scope_score: which number tells in scope from out of scope, see `rapport.scope`; `none`: everything is in scope.
    scope_slope, scope_offset: in_scope = sigmoid(slope * score + offset).
    neighbours: (m, dim) shared vectors of training rows, strangers: of those out of scope, and near: what the cosine
    with the nearest one, less that with the nearest stranger, adds to the scores `near` and `beside`.
    elsewhere: tells requests to companies of other trades; counts for more than the head itself, see `rapport.scope`.
    votes: of examples, added to the scores of a head with layers of its own; or None.
    base: `name@fingerprint` of the encoder that it was fitted on.
    start: the layer where its own trained layers begin, and then `weights` reads the own vector and the shared one side
    by side; None where it reads the shared vector alone.
    accept, risk: rows whose `sure` reaches `accept` are wrong in at most `risk` of the cases; see `finetune.calibrate`.
    Infinity accepts nothing, and is null in the file.
    """

    labels: tuple[str, ...]
    weights: "np.ndarray"
    bias: "np.ndarray"
    base: str
    words: "np.ndarray | None" = None
    temperature: float = 1.0
    scope_score: ScopeScore = "none"
    scope_slope: float = 1.0
    scope_offset: float = 0.0
    neighbours: "np.ndarray | None" = None
    strangers: "np.ndarray | None" = None
    near: float = 0.0
    elsewhere: Elsewhere | None = None
    votes: Votes | None = None
    start: int | None = None
    accept: float = 0.0
    risk: float = 1.0
    name: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = len(self.labels) + (1 if self.has_oos_row else 0)
        fits = self.weights.shape[0] == rows and self.bias.shape == (rows,) and self.temperature > 0
        voiced = self.votes is None or self.votes.voices.shape == (len(self.votes.examples), rows)
        if not fits or not voiced or (self.words is not None and self.words.shape != (PLACES, rows)):
            raise CorruptArtifact(
                f"head '{self.name}' has {len(self.labels)} labels, weights {self.weights.shape}, bias "
                f"{self.bias.shape} and temperature {self.temperature}; they do not fit together."
            )

    @property
    def has_oos_row(self) -> bool:
        """Whether the last row of the weights scores "out of scope"."""
        return bool(self.weights.shape[0] == len(self.labels) + 1)

    def logits(self, vectors: "np.ndarray", texts: Sequence[str] = ()) -> "np.ndarray":
        """(n, dim) unit vectors and their n masked texts to (n, rows of weights) scores.

        texts may be left out where the head reads no words. Raises ValueError where they are missing, IndexMismatch
        where the vectors' width is not the head's.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.weights.shape[1]:
            raise IndexMismatch(
                f"head '{self.name}' takes vectors of {self.weights.shape[1]} numbers; got shape {vectors.shape}.",
                hint=f"It was fitted on {self.base}; fit it again: rapport init",
            )
        scores: np.ndarray = vectors @ self.weights.T + self.bias
        if self.votes is not None:
            scores += self.votes.logits(vectors)
        if self.words is None:
            return scores
        if len(texts) != len(vectors):
            raise ValueError(f"head '{self.name}' reads words: {len(vectors)} vectors need as many texts.")
        scores += word_sums(texts, self.words)
        return scores

    def predict(self, vectors: "np.ndarray", texts: Sequence[str] = ()) -> HeadOutput:
        """Label n unit vectors and their masked texts; see `logits` for errors."""
        logits = self.logits(vectors, texts)
        own = logits[:, : len(self.labels)]
        near = None if self.neighbours is None else self.near * closeness(vectors, self.neighbours, self.strangers)
        scope = self.scope_of(logits, near)
        if self.elsewhere is not None:
            scope = beside_judge(scope, self.elsewhere.log_odds(texts, vectors))
        return HeadOutput(self.labels, softmax(own / self.temperature), scope, self.accept)

    def check_base(self, encoder: "Encoder") -> None:
        """Raise IndexMismatch where the head was fitted on another encoder."""
        if self.base != base_name(encoder):
            raise IndexMismatch(
                f"head '{self.name}' was fitted on encoder {self.base}; this is {base_name(encoder)}.",
                hint="Fit it again on this encoder: rapport init",
            )

    def check_fits(self, encoder: "Encoder", features: str) -> None:
        """Raise IndexMismatch where the head was fitted on another encoder, or on features of another fingerprint."""
        self.check_base(encoder)
        if self.facts.get("features") != features:
            raise IndexMismatch(
                f"head '{self.name}' was fitted on other features or phrases than those of this version.",
                hint="Fit it again, as it was made; rapport init makes those that a home starts with.",
            )

    def scope_of(self, logits: "np.ndarray", near: "np.ndarray | None" = None) -> "np.ndarray":
        """(n,) probability of being in scope. near: what the nearest training rows add to the score."""
        import numpy as np

        if self.scope_score == "none":
            return np.ones(len(logits), dtype=np.float32)
        score = scope_scores(logits, len(self.labels), near=near)[self.scope_score]
        return sigmoid(self.scope_slope * score + self.scope_offset)


def joint_parts(labels: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The joint labels with the labels that they join, all of which stand among `labels` too."""
    known = set(labels)
    split = {label: tuple(label.split(BOTH)) for label in sorted(known) if BOTH in label}
    return {label: parts for label, parts in split.items() if known.issuperset(parts)}


def sentiment_of(output: HeadOutput) -> "np.ndarray":
    """(n,) sentiment in -1..1: the probability of positive less that of negative."""
    difference: np.ndarray = (
        output.probabilities[:, output.labels.index("positive")]
        - output.probabilities[:, output.labels.index("negative")]
    )
    return difference


def base_name(encoder: "Encoder") -> str:
    """How a card names an encoder: `name@fingerprint`."""
    return f"{encoder.name}@{encoder.fingerprint}"


def save_head(folder: Path, head: Head, card: Card) -> None:
    """Publish a head as an artifact: all of it, or nothing."""
    with publish(folder, card) as temporary:
        write_head(temporary, head)


def write_head(folder: Path, head: Head) -> None:
    """Write a head's two files into a folder that is being published."""
    import numpy as np
    from safetensors.numpy import save_file

    facts = {
        "labels": list(head.labels),
        "base": head.base,
        "temperature": head.temperature,
        "scope_score": head.scope_score,
        "scope_slope": head.scope_slope,
        "scope_offset": head.scope_offset,
        "near": head.near,
        "vote": 0.0 if head.votes is None else head.votes.weight,
        "start": head.start,
        "accept": head.accept if head.accept < float("inf") else None,
        "risk": head.risk,
        "facts": dict(head.facts),
    }
    tensors = {"weights": head.weights, "bias": head.bias}
    if head.words is not None:
        tensors["words"] = head.words
    if head.neighbours is not None:
        tensors["neighbours"] = head.neighbours
    if head.strangers is not None:
        tensors["strangers"] = head.strangers
    if head.votes is not None:
        tensors |= {"examples": head.votes.examples, "voices": head.votes.voices}
    # safetensors writes the memory as it lies, so an array whose columns were reordered would come back scrambled
    plain = {name: np.ascontiguousarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}
    save_file(plain, folder / WEIGHTS_FILE)
    if head.elsewhere is not None:
        save_elsewhere(folder / ELSEWHERE_FILE, head.elsewhere)
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    (folder / FACTS_FILE).write_text(text, encoding="utf-8")


def load_head(folder: Path) -> Head:
    """Read a head and check it against its card. Raises CorruptArtifact where they do not agree."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    card = read_card(folder)
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS_FILE)
        vote = float(facts.get("vote", 0.0))
        return Head(
            labels=tuple(facts["labels"]),
            weights=tensors["weights"],
            bias=tensors["bias"],
            base=facts["base"],
            words=tensors.get("words"),
            temperature=float(facts["temperature"]),
            scope_score=facts["scope_score"],
            scope_slope=float(facts["scope_slope"]),
            scope_offset=float(facts["scope_offset"]),
            neighbours=tensors.get("neighbours"),
            strangers=tensors.get("strangers"),
            near=float(facts.get("near", 0.0)),
            elsewhere=load_elsewhere(folder / ELSEWHERE_FILE),
            votes=Votes(tensors["examples"], tensors["voices"], vote) if vote else None,
            start=facts.get("start"),
            accept=float("inf" if (accept := facts.get("accept", 0.0)) is None else accept),
            risk=float(facts.get("risk", 1.0)),
            name=card.name,
            facts=facts.get("facts", {}),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CorruptArtifact(f"the head in {folder} cannot be read ({error}).", hint="Run: rapport init") from error

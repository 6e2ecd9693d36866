"""The two parts of a classifier and how they become one head. Knows nothing of held-out rows or calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.examples import columns_of
from finetune.folds import thinned
from finetune.inputs import Inputs, inputs_for
from finetune.logistic import Linear, fit_linear
from finetune.network import SCALE
from finetune.plan import TrainingPlan
from finetune.tuning import Task, Tuned, Watch, tune
from finetune.vectors import Encoded, VectorCache
from rapport.heads import OOS, Head
from rapport.votes import Votes

if TYPE_CHECKING:
    import numpy as np

STEADY_STRENGTH = 30.0
# Chosen on train rows of banking77 that are no shots, with the sharpness of the votes; half or twice as much differs
# little. More examples than these are thinned out.
VOTE, MOST_VOTES = 0.3, 2000
RUN = 1000  # between the seeds of the runs of one soup


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Trained layers with their linear map.

    network: `top`, `weights` (L, dim) and `bias` (L,). start: the layer that they begin at. history: see `Tuned`.
    votes: of the rows that taught, where these are few a label.
    """

    network: Any
    inputs: Inputs
    plan: TrainingPlan
    history: tuple[tuple[int, float, float], ...]
    votes: Votes | None = None

    @property
    def start(self) -> int:
        return self.inputs.start

    def scaled(self) -> "np.ndarray":
        """(L, dim) the linear map on the own vectors, as a head reads them."""
        weights: np.ndarray = self.network.weights.detach().cpu().numpy() * SCALE
        return weights

    def logits(self, texts: Sequence[str]) -> "np.ndarray":
        """(n, L) scores of masked texts."""
        vectors = self.vectors(texts)
        scores: np.ndarray = vectors @ self.scaled().T + self.network.bias.detach().cpu().numpy()
        return scores if self.votes is None else scores + self.votes.logits(vectors)

    def vectors(self, texts: Sequence[str]) -> "np.ndarray":
        """(n, dim) unit vectors of masked texts by the trained layers."""
        device = self.network.weights.device
        found: np.ndarray = self.inputs.vectors(self.network.eval().top, texts, device=device).numpy()
        return found


def train_layers(train: Encoded, dev: Encoded, labels: tuple[str, ...], plan: TrainingPlan, vectors: VectorCache,
                 folder: Path, watch: Watch, inputs: Inputs | None = None) -> Layers:  # fmt: skip
    """Train the layers that the plan names on rows whose labels are all among `labels`.

    inputs: of the rows' texts by the plan, where they are there already.
    """
    from rapport.classifiers import local

    encoder = local(vectors.encoder)
    columns = {label: column for column, label in enumerate(labels)}
    looked = [row for row, label in enumerate(dev.labels) if label in columns]
    task = Task(
        texts=train.texts,
        truth=[columns[label] for label in train.labels],
        dev_texts=[dev.texts[row] for row in looked],
        dev_truth=[columns[dev.labels[row]] for row in looked],
        frozen=train.vectors,
        centres=_centres(train, labels),
        counts=train.counts,
    )
    inputs = inputs or inputs_for(encoder.transformer, encoder.folder, task.texts, plan)
    runs = [
        tune(encoder.transformer, inputs, task, replace(plan, seed=plan.seed + RUN * number),
             folder=folder / f"run-{number}", watch=watch)
        for number in range(plan.soup)
    ]  # fmt: skip
    tuned = _averaged(runs)
    layers = Layers(network=tuned.network, inputs=inputs, plan=tuned.plan, history=tuned.history)
    return _steadied(layers, train, labels) if plan.contrast else layers


def _averaged(runs: Sequence[Tuned]) -> Tuned:
    """The first run with the mean of all runs' weights: they began at the same ones, so their mean is a network too."""
    import torch

    if len(runs) > 1:
        states = [run.network.state_dict() for run in runs]
        means = {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}
        runs[0].network.load_state_dict(means)
    return runs[0]


def _steadied(layers: Layers, train: Encoded, labels: tuple[str, ...]) -> Layers:
    """The same with a linear map half-way to a regularised one on the trained vectors, and with votes beside it.

    With few rows the three are wrong about different messages, so that together they are right more often.
    """
    import torch

    own = replace(train, vectors=layers.vectors(train.texts))
    steady = fit_linear(own, strength=STEADY_STRENGTH, wordless=True).ordered(labels)
    network = layers.network
    with torch.no_grad():
        network.weights.lerp_(torch.tensor(steady.weights / SCALE, device=network.weights.device), 0.5)
        network.bias.lerp_(torch.tensor(steady.bias, device=network.bias.device), 0.5)
    return replace(layers, votes=_votes(own, labels, seed=layers.plan.seed))


def _votes(train: Encoded, labels: tuple[str, ...], *, seed: int) -> Votes:
    """The votes of rows with their trained vectors."""
    import numpy as np

    kept = train.take(thinned(train.labels, MOST_VOTES, seed=seed))
    voices = np.zeros((len(kept), len(labels)), dtype=np.float32)
    voices[np.arange(len(kept)), columns_of(labels, kept.labels)] = 1.0
    return Votes(kept.vectors, voices, VOTE)


def mixed(linear: Linear, layers: Layers | None, blend: float, *, base: str) -> Head:
    """One head of both parts: own vectors and shared vectors side by side, `blend` times the linear map."""
    import numpy as np

    own = tuple(label for label in linear.labels if label != OOS)
    facts = {"strength": f"{linear.strength:g}"}
    if layers is None:
        return Head(labels=own, weights=linear.weights, bias=linear.bias, words=linear.words, base=base, facts=facts)
    return Head(
        labels=own,
        weights=np.hstack([layers.scaled(), blend * linear.weights]).astype(np.float32),
        bias=(layers.network.bias.detach().cpu().numpy() + blend * linear.bias).astype(np.float32),
        words=(blend * linear.words).astype(np.float32),
        base=base,
        votes=layers.votes,
        start=layers.start,
        facts={**facts, "blend": f"{blend:g}"},
    )


def with_oos_last(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels by name, with the out-of-scope one where a head expects it."""
    return tuple(sorted(labels, key=lambda label: (label == OOS, label)))


def label_names(labels: Sequence[str], vectors: VectorCache, *, few: bool) -> Encoded:
    """Each label's name as an example of it ("card_arrival" is about a card's arrival); none where not `few`."""
    from finetune.examples import Labelled

    words = [(label.replace("_", " ").replace("-", " "), label) for label in labels if label != OOS]
    return vectors.of([Labelled(text, label) for text, label in words if few])


def _centres(rows: Encoded, labels: tuple[str, ...]) -> "np.ndarray":
    """(L, dim) mean vector of each label's rows, of unit length; of a label without rows, the mean of all."""
    import numpy as np

    names = np.array(rows.labels)
    means = [rows.vectors[names == label].mean(0) if label in rows.labels else rows.vectors.mean(0) for label in labels]
    centres = np.stack(means)
    return np.asarray(centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9), dtype=np.float32)

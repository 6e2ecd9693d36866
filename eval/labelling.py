"""How many labels active learning saves: `finetune.picking` against random choice, on a set whose labels are known.

The set is split once per seed; one part is only measured on. Each round labels some more of the other part and fits a
logistic head on frozen vectors. Give the training part of a public set, never its test part.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.picking import pick, uncertainty
from rapport.errors import UserError
from rapport.heads import HeadOutput
from rapport.text import mask

if TYPE_CHECKING:
    from rapport.models import Encoder

HELD_OUT = 0.3
STRENGTH = 10.0  # inverse regularisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to measure: rounds of `batch` labels each, once per seed."""

    rounds: int = 10
    batch: int = 77
    seeds: tuple[int, ...] = (1, 2, 3)


def measure_labelling(
    rows: Sequence[tuple[str, str]],
    encoder: "Encoder",
    effort: Effort,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Held-out accuracy after each round, picked and at random, averaged over the seeds; see `_figures`.

    rows: (text, label); a text that comes again counts once. Raises UserError where they are too few.
    """
    labels = {mask(text): label for text, label in rows}
    texts, truth = list(labels), np.array(list(labels.values()))
    pool = len(texts) - int(len(texts) * HELD_OUT)
    if pool < effort.rounds * effort.batch:
        raise UserError(
            f"{effort.rounds} rounds of {effort.batch} labels need {effort.rounds * effort.batch:,} texts beside the "
            f"{HELD_OUT:.0%} held out; there are {pool:,}.",
            hint="Give more rows, or fewer --rounds or a smaller --batch.",
        )
    progress(f"encoding {len(texts):,} texts")
    vectors = encoder.encode(texts)
    curves: dict[str, list[list[float]]] = {"picked": [], "random": []}
    for seed in effort.seeds:
        order = np.random.default_rng(seed).permutation(len(texts))
        parts = order[:pool], order[pool:]
        for way, curve in curves.items():
            progress(f"seed {seed}: {way}")
            curve.append(_curve(vectors, truth, parts, effort, seed=seed, picked=way == "picked"))
    return _figures(curves, effort, pool=pool, held_out=len(texts) - pool)


def _curve(
    vectors: np.ndarray,
    truth: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray],
    effort: Effort,
    *,
    seed: int,
    picked: bool,
) -> list[float]:
    """Accuracy on the held-out part after each round."""
    pool, held_out = parts
    random = np.random.default_rng(seed)
    labelled = np.zeros(0, dtype=np.int64)
    model: Any = None
    accuracies = []
    for _ in range(effort.rounds):
        left = np.setdiff1d(pool, labelled)
        if picked:
            unsure = uncertainty(_read(model, vectors[left])) if model is not None else None
            new = left[pick(vectors[left], effort.batch, unsure=unsure, seed=seed)]
        else:
            new = random.choice(left, effort.batch, replace=False)
        labelled = np.concatenate([labelled, new])
        model = _fit(vectors[labelled], truth[labelled])
        accuracies.append(float((_best(model, vectors[held_out]) == truth[held_out]).mean()))
    return accuracies


def _fit(vectors: np.ndarray, labels: np.ndarray) -> Any:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if len(set(labels)) < 2:
        return None
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=200, tol=1e-3)
    with threadpool_limits(1), warnings.catch_warnings():
        # in the first rounds nearly every row has a label of its own, which looks like numbers to scikit-learn
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        return model.fit(vectors, labels)


def _read(model: Any, vectors: np.ndarray) -> HeadOutput:
    return HeadOutput(tuple(model.classes_), model.predict_proba(vectors), np.ones(len(vectors)))


def _best(model: Any, vectors: np.ndarray) -> np.ndarray:
    return np.array([""] * len(vectors)) if model is None else np.asarray(model.predict(vectors))


def _figures(curves: dict[str, list[list[float]]], effort: Effort, *, pool: int, held_out: int) -> dict[str, Any]:
    """curve: mean accuracy after each round; accuracy: after the last; by_seed: the last of each seed.

    gain: points by which picking is ahead at the end. labels_for_random: labels that picking needs to be as good as
    random choice at its end.
    """
    means = {way: np.mean(curve, axis=0) for way, curve in curves.items()}
    reached = np.flatnonzero(means["picked"] >= means["random"][-1])
    return {
        "labels": effort.rounds * effort.batch,
        "pool": pool,
        "held_out": held_out,
        "seeds": list(effort.seeds),
        "gain": float(means["picked"][-1] - means["random"][-1]),
        "labels_for_random": int((reached[0] + 1) * effort.batch) if len(reached) else None,
        **{
            way: {
                "accuracy": float(means[way][-1]),
                "by_seed": [one[-1] for one in curves[way]],
                "curve": [float(value) for value in means[way]],
            }
            for way in curves
        },
    }

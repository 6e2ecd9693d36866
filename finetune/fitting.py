"""Fit a calibrated classifier by a plan: on the frozen encoder, on trained layers, or on both together.

A linear map on shared vectors and words is fitted first; where the plan says so, the encoder's top layers are trained
too. The two add up: held-out rows say how much the linear map counts beside the layers, and all calibration rests on
them. Knows nothing of files, cards or homes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.calibrate import fit_accept, fit_beside, fit_scope, fit_temperature
from finetune.examples import Labelled, columns_of
from finetune.folds import Fold, folds_of, thinned
from finetune.joint import joint_rows
from finetune.logistic import STRENGTHS, Fit, Linear, choose_linear, fit_linear
from finetune.parts import Layers, label_names, mixed, train_layers, with_oos_last
from finetune.plan import TrainingPlan
from finetune.scope import left_out_scope
from finetune.tuning import Watch
from finetune.unlabelled import Unlabelled, scored
from finetune.vectors import Encoded, VectorCache
from rapport.errors import BadRow
from rapport.heads import OOS, Head, base_name, joint_parts
from rapport.scope import closeness, softmax

if TYPE_CHECKING:
    import numpy as np

BLENDS = (0.0, 0.25, 0.5, 1.0, 2.0)  # of the linear map beside the trained layers
# What trained layers must bring on held-out rows to be kept where the plan leaves it open: accuracy, or a lower loss.
# Held-out rows flatter the linear map on words, because people repeat themselves within one collection.
WORTH, LOWER = 0.003, 0.97
NEIGHBOURS = 2000  # training rows whose vectors a head keeps to say how near a message lies to any of them


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """What the classifier says of rows that it was not fitted on. truth: their labels, "oos" among them.

    near: (n,) cosine with the nearest row that it was fitted on.
    """

    labels: tuple[str, ...]
    logits: "np.ndarray"
    near: "np.ndarray"
    truth: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A classifier with what it is calibrated by. layers: the trained ones, or None."""

    head: Head
    layers: Layers | None
    plan: TrainingPlan
    held_out: HeldOut
    folds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Logits of all held-out rows, (n, L), by the linear map and by the trained layers; see `HeldOut`.

    chosen: the linear map, fitted on `taught`, the rows that were not held out. dev: those that were. known: vectors
    that a message is compared with.
    """

    linear: "np.ndarray"
    layers: "np.ndarray | None"
    near: "np.ndarray"
    truth: tuple[str, ...]
    chosen: Linear
    strength: float
    trained: Layers | None
    taught: Encoded
    dev: Encoded
    known: "tuple[np.ndarray, np.ndarray | None]"


def fit_classifier(
    train: Sequence[Labelled], dev: Sequence[Labelled], vectors: VectorCache, plan: TrainingPlan, *,
    folder: Path, watch: Watch, named: bool = True, fit: Fit = fit_linear, strangers: Sequence[Labelled] = (),
    unlabelled: Sequence[str] = (),
) -> Fitted:  # fmt: skip
    """Fit by the plan. dev: rows to calibrate on; without any, rows are held out of `train`.

    Rows of one group are held out together, see `folds_of`.
    A text that stands in `train` several times counts as often, with each of its labels: so certainty is that of
    messages as they come, also of one that people label differently. A label that no text has most often is left out.
    named: the labels' names say what they mean, so each counts as one more example where examples are few.
    folder: of the run's checkpoints and logs. fit: how the linear map is fitted. strangers: rows out of scope that
    messages are only compared with, where the plan says so. unlabelled: messages that teach by what they are taken for.
    """
    rows, given, strange = vectors.of(train), vectors.of(dev), vectors.of(strangers)
    labels = _labels_of(rows)
    taught = rows.counted(labels)
    names = label_names(labels, vectors, few=plan.contrast > 0 and named)
    groups = [row.group for row in train]
    folds = [Fold(tuple(range(len(rows))), ())] if dev else folds_of(rows.labels, seed=plan.seed, groups=groups)
    once = replace(plan, soup=plan.soup if len(folds) == 1 else 1)  # what is only held out needs no soup
    held = [_hold_out(rows, fold, given, labels, names, once, vectors, folder / str(n), watch, fit, strange)
            for n, fold in enumerate(folds)]  # fmt: skip
    whole = _joined(held)
    blend, tuned = _choose(whole, labels, plan)
    compared, more = taught.plus(strange) if plan.beside else taught, None
    if unlabelled:
        more = _labeller(unlabelled, whole, labels, (blend, tuned), compared, plan, vectors)
        held = [_taught_more(one, more, tuned, plan, fit) for one in held]
        whole = _joined(held)
        blend = _choose(whole, labels, plan)[0]
    layers = held[0].trained if tuned else None
    lesson = taught.plus(names).plus(joint_rows(taught, vectors, seed=plan.seed))
    if tuned and len(folds) > 1:
        layers = train_layers(lesson, Encoded.none(vectors), labels, plan, vectors, folder / "all", watch)
    linear = held[0].chosen if dev else _of_all(lesson, compared, whole.strength, layers, more, plan, fit)
    held_out = _said(whole, labels, blend, tuned)
    head = mixed(linear.ordered(labels), layers, blend, base=base_name(vectors.encoder))
    head = _calibrated(head, held_out, whole, compared, plan)
    return Fitted(head=head, layers=layers, plan=plan, held_out=held_out, folds=len(folds))


def _labels_of(rows: Encoded) -> tuple[str, ...]:
    """Those that some text has most often, and the joint ones of those, for which messages are made up."""
    settled = set(rows.settled().labels)
    joint = {label for label, parts in joint_parts(rows.labels).items() if settled.issuperset(parts)}
    labels = with_oos_last(sorted(settled | joint))
    if len([label for label in labels if label != OOS]) < 2:
        raise BadRow("hardly any text has one most frequent label.", hint="Label each text alike wherever it stands.")
    return labels


def _hold_out(rows: Encoded, fold: Fold, given: Encoded, labels: tuple[str, ...], names: Encoded, plan: TrainingPlan,
              vectors: VectorCache, folder: Path, watch: Watch, fit: Fit, strange: Encoded) -> _Held:  # fmt: skip
    """Fit on the fold's rows and score those that it holds out, or the given dev rows."""
    taught = rows.take(fold.train).counted(labels)
    train = taught.plus(names).plus(joint_rows(taught, vectors, seed=plan.seed))
    dev = rows.take(fold.dev) if fold.dev else given
    dev = dev.take([row for row, label in enumerate(dev.labels) if label in labels or label == OOS])
    linear = choose_linear(train, dev, strengths=STRENGTHS, balanced=plan.balanced, fit=fit)
    trained = own = None
    if plan.method != "head":
        trained = train_layers(train, dev, labels, plan, vectors, folder, watch)
        own = trained.logits(dev.texts)
    known = known_and_strange(taught.plus(strange), keep_strangers=plan.beside)
    return _Held(
        linear=scored(linear, dev, labels), layers=own, near=closeness(dev.vectors, *known), truth=dev.labels,
        chosen=linear, strength=linear.strength, trained=trained, taught=train, dev=dev, known=known,
    )  # fmt: skip


def _of_all(rows: Encoded, compared: Encoded, strength: float, layers: Layers | None, more: Unlabelled | None,
            plan: TrainingPlan, fit: Fit) -> Linear:  # fmt: skip
    """The linear map that is kept: fitted on all rows, and on what the messages without labels add."""
    linear = fit(rows, strength=strength, balanced=plan.balanced)
    if more is None:
        return linear
    near = closeness(more.rows.vectors, *known_and_strange(compared, keep_strangers=plan.beside))
    return more.refitted(rows, near, (linear, layers), fit=fit, balanced=plan.balanced)


def _labeller(texts: Sequence[str], whole: _Held, labels: tuple[str, ...], chosen: tuple[float, bool],
              compared: Encoded, plan: TrainingPlan, vectors: VectorCache) -> Unlabelled:  # fmt: skip
    """What labels further messages, as sure of its labels as the held-out rows allow. chosen: from `_choose`."""
    rows = vectors.of([Labelled(text, "") for text in dict.fromkeys(texts)])
    head = mixed(whole.chosen.ordered(labels), None, 1.0, base=base_name(vectors.encoder))
    head = _calibrated(head, _said(whole, labels, *chosen), whole, compared, plan)
    return Unlabelled(rows=rows, head=head, labels=labels, blend=chosen[0] if chosen[1] else 1.0)


def _taught_more(held: _Held, more: Unlabelled, tuned: bool, plan: TrainingPlan, fit: Fit) -> _Held:
    """The same with a linear map that learnt from unlabelled messages too."""
    near = closeness(more.rows.vectors, *held.known)
    parts = (held.chosen, held.trained if tuned else None)
    linear = more.refitted(held.taught, near, parts, fit=fit, balanced=plan.balanced)
    return replace(held, linear=scored(linear, held.dev, more.labels), chosen=linear)


def _said(held: _Held, labels: tuple[str, ...], blend: float, tuned: bool) -> HeldOut:
    logits = held.linear if held.layers is None or not tuned else held.layers + blend * held.linear
    return HeldOut(labels=labels, logits=logits, near=held.near, truth=held.truth)


def known_and_strange(
    rows: Encoded, *, keep_strangers: bool, seed: int | None = None
) -> "tuple[np.ndarray, np.ndarray | None]":
    """Vectors of the rows that a message is compared with: all of them, or those in scope and those out of scope apart.

    seed: thins each out to NEIGHBOURS; None: not at all.
    """
    inside = [row for row, label in enumerate(rows.labels) if label != OOS]
    outside = [row for row, label in enumerate(rows.labels) if label == OOS]
    if not keep_strangers or not outside or not inside:
        return rows.vectors, None
    parts = [rows.take(inside), rows.take(outside)]
    if seed is not None:
        parts = [part.take(thinned(part.labels, NEIGHBOURS, seed=seed)) for part in parts]
    return parts[0].vectors, parts[1].vectors


def _joined(held: Sequence[_Held]) -> _Held:
    import numpy as np

    layers = [one.layers for one in held if one.layers is not None]
    strengths = sorted(one.strength for one in held)
    return replace(
        held[0],
        linear=np.concatenate([one.linear for one in held]),
        layers=np.concatenate(layers) if layers else None,
        near=np.concatenate([one.near for one in held]),
        truth=tuple(label for one in held for label in one.truth),
        strength=strengths[len(strengths) // 2],
        trained=None,
    )


def _choose(held: _Held, labels: tuple[str, ...], plan: TrainingPlan) -> tuple[float, bool]:
    """How much the linear map counts, and whether the trained layers are kept at all."""
    if held.layers is None:
        return 1.0, False
    found = {blend: _fit_of(held.layers + blend * held.linear, held.truth, labels) for blend in BLENDS}
    blend = min(found, key=lambda value: found[value][0])
    alone = _fit_of(held.linear, held.truth, labels)
    better = found[blend][1] >= alone[1] + WORTH or found[blend][0] <= LOWER * alone[0]
    return blend, plan.method != "auto" or better


def _fit_of(logits: "np.ndarray", truth: Sequence[str], labels: tuple[str, ...]) -> tuple[float, float]:
    """(log loss at the best temperature, accuracy) over the rows that have a label."""
    import numpy as np

    own = tuple(label for label in labels if label != OOS)
    known = [row for row, label in enumerate(truth) if label in own]
    columns = columns_of(own, [truth[row] for row in known])
    scores = logits[known][:, : len(own)]
    shares = softmax(scores / fit_temperature(scores, columns))
    right = shares[np.arange(len(columns)), columns]
    return float(-np.log(np.maximum(right, 1e-12)).mean()), float((shares.argmax(1) == columns).mean())


def _calibrated(head: Head, held_out: HeldOut, held: _Held, rows: Encoded, plan: TrainingPlan) -> Head:
    """The head with temperature, scope and threshold fitted on the held-out rows."""
    import numpy as np

    own = len(head.labels)
    known = np.array([label in head.labels for label in held_out.truth])
    truth = columns_of(head.labels, [label for label in held_out.truth if label in head.labels])
    scores = held_out.logits[:, :own]
    temperature = fit_temperature(scores[known], truth)
    head, strange = _scoped(replace(head, temperature=temperature), held_out, held, rows, plan)
    shares = softmax(scores / temperature)
    right = np.zeros(len(known), dtype=bool)
    right[known] = shares[known].argmax(1) == truth
    sure = shares.max(axis=1) * head.scope_of(held_out.logits, held_out.near * head.near)
    if len(strange):
        # as many out-of-scope messages as are to be expected, each as sure as a left-out label's row
        more = np.resize(strange, round(plan.strange / (1.0 - plan.strange) * len(sure)))
        sure, right = np.concatenate([sure, more]), np.concatenate([right, np.zeros(len(more), dtype=bool)])
    return replace(head, accept=fit_accept(sure, right, risk=plan.risk), risk=plan.risk)


def _scoped(head: Head, held_out: HeldOut, held: _Held, rows: Encoded, plan: TrainingPlan
            ) -> tuple[Head, "np.ndarray"]:  # fmt: skip
    """The head with its scope, and how sure it would be of out-of-scope rows where no held-out row is one."""
    import numpy as np

    own = len(head.labels)
    inside = np.array([label != OOS for label in held_out.truth])
    none = np.zeros(0, dtype=np.float32)
    if plan.closed or (inside.all() and not plan.strange):
        return head, none
    if not inside.all():
        kept, strangers = known_and_strange(rows, keep_strangers=plan.beside, seed=plan.seed)
        if strangers is None:
            scope = fit_scope(held_out.logits, own, inside)
        else:
            scope = fit_beside(held_out.logits, own, inside, held_out.near)
        if scope.near:
            head = replace(head, neighbours=kept, strangers=strangers, near=scope.near)
        strange = none
    else:
        known = rows.take([row for row, label in enumerate(rows.labels) if label != OOS])
        found = left_out_scope(known, held_out.logits[:, :own], held_out.near, strength=held.strength, seed=plan.seed)
        if found is None:
            return head, none
        scope, strange = found.scope, found.strange
        places = thinned(known.labels, NEIGHBOURS, seed=plan.seed)
        head = replace(head, neighbours=known.vectors[places], near=scope.near)
    return replace(head, scope_score=scope.score, scope_slope=scope.slope, scope_offset=scope.offset), strange

"""Made-up customers against real ones: do they serve as well, do they look alike, and do they give nobody away?

A table is cut in three: the rows that the models of synthetic customers see, as many that they do not see (held), and
the rows on which a churn model is tried. Fidelity: the ROC-AUC of LightGBM trained on synthetic rows beside that
trained on the rows seen (train on synthetic, test on real: Esteban et al., 2017); how far the columns and their
associations are off. Privacy: synthetic rows lie as far from the rows seen as from the held ones (Platzer and
Reutterer, 2021), and none is a copy.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.report import Bound
from profiles.synthetic import FitPart, fit_copula, fit_synthesiser, keys_of
from profiles.synthetic_gan import fit_gan
from profiles.table_files import read_labelled_table
from profiles.tables import Table
from profiles.trees import TreePlan, fit_trees
from rapport.metrics import auroc

TELCO_FILE = "telco_churn/Telco-Customer-Churn.csv"
MODELS: Mapping[str, FitPart] = {"copula": fit_copula, "gan": fit_gan}
TARGET = "target"
TREES = TreePlan(parts=3, leaves=(8,), rate=0.05)
PRIVACY_BOUNDS = (Bound(name="nearer_to_seen", most=0.55), Bound(name="copies", most=0.0))  # of both models
SYNTHETIC_BOUNDS = (  # of the one that a large table gets
    Bound(name="auc_lost", most=0.03),
    Bound(name="column_distance", most=0.03),
    Bound(name="association_distance", most=0.05),
    *PRIVACY_BOUNDS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Figures of one model, see `measure_synthetic`."""

    name: str
    figures: Mapping[str, float]


def telco_rows(data: Path) -> Table:
    """The churn set with its target as a column "target" of yes and no; of five parts, the four that are trained on."""
    from sklearn.model_selection import StratifiedKFold

    read = read_labelled_table(data / TELCO_FILE, target="Churn", id_column="customerID")
    learn, _ = next(StratifiedKFold(5, shuffle=True, random_state=42).split(read.target, read.target))
    table = read.table.chosen(learn)
    target = np.where(read.target[learn], "yes", "no").astype(object)
    return Table(ids=table.ids, numeric=table.numeric, categorical={**table.categorical, TARGET: target})


def measure_synthetic(
    table: Table, *, seed: int = 42, models: Mapping[str, FitPart] = MODELS, progress: Callable[[str], None] = print
) -> list[Made]:
    """Every model on the same rows.

    auc: of trees trained on synthetic rows. real_auc: on the rows seen. auc_lost: their difference.
    column_distance: mean over the columns of the largest gap between cumulative shares (Kolmogorov-Smirnov), for
    categories of half the sum of gaps between shares (total variation). association_distance: mean gap between
    correlations, categories being told one by one. nearer_to_seen: share of synthetic rows that lie nearer to a row
    seen than to a held one; .5 is as if the rows seen were strangers (cutting the table anew moves it by .02). copies:
    share that are a row seen.
    distance, held_distance: median distance to the nearest row seen, of synthetic and of held rows.
    """
    order = np.random.default_rng(seed).permutation(len(table))
    seen, held, tried = (table.chosen(part) for part in np.array_split(order, 3))
    real = _auc(seen, tried)
    found = []
    for name, fit in models.items():
        progress(name)
        started = time.perf_counter()
        made = fit_synthesiser(seen, by=TARGET, seed=seed, fit=fit).draw(len(seen), seed=seed)
        seconds = time.perf_counter() - started
        auc = _auc(made, tried)
        near, far = nearest(made, seen), nearest(made, held)
        known = set(keys_of(seen))
        figures = {
            "auc": auc, "real_auc": real, "auc_lost": real - auc,
            "column_distance": column_distance(seen, made), "association_distance": association_distance(seen, made),
            "nearer_to_seen": float((near < far).mean() + (near == far).mean() / 2),
            "copies": float(np.mean([key in known for key in keys_of(made)])),
            "distance": float(np.median(near)), "held_distance": float(np.median(nearest(held, seen))),
            "seconds": seconds,
        }  # fmt: skip
        found.append(Made(name=name, figures=figures))
    return found


def column_distance(one: Table, other: Table) -> float:
    """The mean over all columns of how far their distributions are apart, 0-1."""
    gaps = []
    for name, values in one.numeric.items():
        given, drawn = np.sort(values[~np.isnan(values)]), np.sort(other.numeric[name][~np.isnan(other.numeric[name])])
        points = np.concatenate([given, drawn])
        below = [np.searchsorted(part, points, side="right") / max(len(part), 1) for part in (given, drawn)]
        gaps.append(float(np.abs(below[0] - below[1]).max(initial=0.0)))
    for name, values in one.categorical.items():
        texts = {value or "" for value in values} | {value or "" for value in other.categorical[name]}
        shares = [
            np.array([np.mean([(value or "") == text for value in part]) for text in sorted(texts)])
            for part in (values, other.categorical[name])
        ]
        gaps.append(float(np.abs(shares[0] - shares[1]).sum() / 2))
    return float(np.mean(gaps))


def association_distance(one: Table, other: Table) -> float:
    """The mean gap between the correlations of two tables, over pairs of different columns."""
    texts = {name: sorted({value or "" for value in values})[1:] for name, values in one.categorical.items()}
    first, second = (_correlations(table, texts) for table in (one, other))
    owner = [*one.numeric, *(name for name, kept in texts.items() for _ in kept)]
    pairs = np.array([[left != right for right in owner] for left in owner])
    return float(np.abs(first - second)[pairs].mean())


def nearest(rows: Table, others: Table) -> np.ndarray:
    """(n,) how far each row is from the nearest other: mean over columns of the gap in ranks, 1 for another text."""
    distance = np.full(len(rows), np.inf)
    scale = {name: np.sort(values[~np.isnan(values)]) for name, values in others.numeric.items()}
    for part in np.array_split(np.arange(len(rows)), max(1, len(rows) // 200)):
        gaps = np.zeros((len(part), len(others)), np.float32)
        for name, ordered in scale.items():
            left, right = (_ranks(table.numeric[name], ordered) for table in (rows.chosen(part), others))
            gaps += np.abs(left[:, None] - right)
        for name, values in others.categorical.items():
            gaps += _codes(rows.categorical[name][part], values)[:, None] != _codes(values, values)
        distance[part] = gaps.min(1)
    found: np.ndarray = distance / (len(others.numeric) + len(others.categorical))
    return found


def _ranks(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    places = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.where(np.isnan(values), -1.0, places / (2 * max(len(ordered), 1))).astype(np.float32)


def _codes(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    places = {text: place for place, text in enumerate(dict.fromkeys(value or "" for value in known))}
    return np.array([places.get(value or "", -1) for value in values], np.int32)


def _correlations(table: Table, texts: Mapping[str, list[str]]) -> np.ndarray:
    columns = [np.nan_to_num(values) for values in table.numeric.values()]
    for name, kept in texts.items():
        columns += [np.array([(value or "") == text for value in table.categorical[name]], float) for text in kept]
    with np.errstate(invalid="ignore"):
        found: np.ndarray = np.nan_to_num(np.corrcoef(np.stack(columns)))
    return found


def _auc(learn: Table, tried: Table) -> float:
    """The ROC-AUC on the rows tried of trees trained on others."""
    target = frozenset({TARGET})
    truth = [table.categorical[TARGET] == "yes" for table in (learn, tried)]
    model = fit_trees(learn.without(target), truth[0], TREES)
    return auroc(model.predict(tried.without(target)), truth[1])

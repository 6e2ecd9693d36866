"""Purchases in time on two public shops, beside references of the same run: BG/NBD, and trees on the same features.

Each row stands at a cutoff, learns from windows that end on or before it, and is measured on the horizon after it;
figures are means over seeds. CDNOW is one cohort: its first 39 weeks are known. Choices were made on earlier
cutoffs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from eval.profile_rows import Row
from eval.report import Bound
from profiles.lstm import PurchaseModel
from profiles.purchase_plan import PurchasePlan
from profiles.purchase_scores import purchase_scores
from profiles.purchase_trial import try_purchases, window_and_outcome
from profiles.transaction_files import read_transactions
from profiles.transactions import Transactions
from rapport.errors import NotFound
from rapport.paths import PUBLIC_DATA_VARIABLE, public_data

CDNOW_FILE, RETAIL_FILE = "cdnow/CDNOW_master.txt", "online_retail/online_retail_II_sales.csv.gz"
ORIGINS = {CDNOW_FILE: "the CDNOW data of Fader and Hardie", RETAIL_FILE: "UCI Online Retail II"}
SEEDS = (7, 107, 207)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One row: a file, a cutoff (nothing of that day is known), days to predict, and what must be reached."""

    file: str
    cutoff: date
    horizon: int
    bounds: tuple[Bound, ...]


PROTOCOLS: Mapping[str, Protocol] = {
    "cdnow 39 weeks": Protocol(
        file=CDNOW_FILE, cutoff=date(1997, 10, 1), horizon=273, bounds=(Bound(name="roc_auc", least=0.775),)
    ),
    "cdnow 13 weeks": Protocol(
        file=CDNOW_FILE, cutoff=date(1997, 10, 1), horizon=91,
        bounds=(Bound(name="roc_auc", least=0.782), Bound(name="mae", most=0.355), Bound(name="rmse", most=0.765)),
    ),
    "online retail 90 days": Protocol(
        file=RETAIL_FILE, cutoff=date(2011, 9, 10), horizon=90,
        bounds=(Bound(name="roc_auc", least=0.808), Bound(name="pr_auc", least=0.785)),
    ),
}  # fmt: skip


def measure_purchases(
    *,
    rows: Sequence[str] = tuple(PROTOCOLS),
    seeds: Sequence[int] = SEEDS,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Every row of `PROTOCOLS` whose file is present. Raises NotFound, naming the sources, where none is."""
    files = {name: path for name in ORIGINS if (path := _path(name)) is not None}
    if not files:
        sources = "; ".join(f"{name}: {origin}" for name, origin in ORIGINS.items())
        raise NotFound(f"none of the public files is present ({sources}).",
                       hint=f"Set {PUBLIC_DATA_VARIABLE} to the folder that holds them.")  # fmt: skip
    found = []
    for file, path in files.items():
        chosen = [name for name in rows if PROTOCOLS[name].file == file]
        transactions = read_transactions(path).transactions if chosen else None
        for name in chosen:
            if transactions is not None:
                progress(name)
                found.append(measure_protocol(name, transactions, PROTOCOLS[name], seeds=seeds))
    return found


def measure_protocol(name: str, transactions: Transactions, protocol: Protocol, *, seeds: Sequence[int] = SEEDS) -> Row:
    """One row, a model a seed."""
    cutoff = float((protocol.cutoff - date(1970, 1, 1)).days)
    runs: dict[str, list[Mapping[str, float | None]]] = {"model": [], "BG/NBD": [], "LightGBM": [], "net": []}
    seconds = 0.0
    for seed in seeds:
        plan = PurchasePlan(seed=seed)
        trial = try_purchases(transactions, plan, cutoff=cutoff, horizon=protocol.horizon)
        runs["model"].append(trial.scores)
        runs["BG/NBD"].append(trial.reference)
        for part, scores in _parts(transactions, trial.model, cutoff, float(protocol.horizon)).items():
            runs[part].append(scores)
        seconds += trial.seconds
    means = {part: _mean(figures) for part, figures in runs.items() if figures}
    model = means.pop("model")
    return Row(name=name, figures=model, references=means, cases=trial.customers,
               seconds=seconds / len(seeds), bounds=protocol.bounds)  # fmt: skip


def _parts(
    transactions: Transactions, model: PurchaseModel, cutoff: float, horizon: float
) -> dict[str, Mapping[str, float | None]]:
    """What the trees and the nets of the model say by themselves."""
    window, outcome = window_and_outcome(transactions, model, cutoff=cutoff, horizon=horizon)
    found = {}
    for part, (odds, count) in model.opinions(transactions, cutoff=cutoff, horizon=horizon).items():
        number = np.exp(count)
        if part in ("nets", "trees"):
            scores = purchase_scores(odds, number, number * window.usual_amount(), outcome)
            found["LightGBM" if part == "trees" else "net"] = scores
    return found


def _mean(figures: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    return {
        name: float(np.mean([one[name] if one[name] is not None else np.nan for one in figures])) for name in figures[0]
    }


def _path(name: str) -> Path | None:
    folder, _, file = name.partition("/")
    place = public_data(folder)
    path = place / file if place is not None else None
    return path if path is not None and path.is_file() else None

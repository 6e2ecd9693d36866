"""Measure table models: which telephone customers leave, in held-out folds, beside boosted trees; and the speed of both.

Both are fitted and calibrated anew on the training part of each fold; nothing of a fold held out is seen before it is
predicted.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.report import Bound, spread
from profiles.dnn import TableModel, TablePlan, fit_table
from profiles.parts import held_out_chances
from profiles.table_files import read_labelled_table
from profiles.table_scores import table_scores
from profiles.tables import Table
from profiles.trees import TreeModel, TreePlan, fit_trees
from rapport.errors import UserError

CHURN = Path("telco_churn") / "Telco-Customer-Churn.csv"
SOURCE = "IBM/telco-customer-churn-on-icp4d on GitHub, data/Telco-Customer-Churn.csv"
FOLDS, SEED = 5, 42
BOUNDS = (
    Bound(name="churn_roc_auc", least=0.849),
    Bound(name="churn_brier", most=0.134),
    Bound(name="churn_ece", most=0.02),
    Bound(name="scoring_over_trees", least=0.5),
    Bound(name="one_customer_ms", most=10.0),
)
PASSES = 5  # over the rows, to time scoring; in turn with the trees
BULK = 20_000  # rows scored in one pass
SINGLES = 200  # customers scored one at a time


def measure_tables(
    folder: Path, *, seed: int = SEED, progress: Callable[[str], None] = lambda part: None
) -> tuple[dict[str, float], dict[str, Any]]:
    """Figures by the names of BOUNDS with those of the trees beside them, and what lies behind them.

    folder: the public sets. Raises UserError where the file is not in it.
    """
    path = folder / CHURN
    if not path.is_file():
        raise UserError(f"{path} is absent.", hint=f"It comes from {SOURCE}.")
    read = read_labelled_table(path, target="Churn", id_column="customerID")
    progress("nets on held-out folds")
    plan = TablePlan(seed=seed)
    nets, fold = held_out_chances(
        read.table, read.target, lambda table, target: fit_table(table, target, plan), folds=FOLDS, seed=seed
    )
    progress("trees on the same folds")
    boosted = replace(TreePlan(), seed=seed)
    trees, _ = held_out_chances(
        read.table, read.target, lambda table, target: fit_trees(table, target, boosted), folds=FOLDS, seed=seed
    )
    ours, theirs = table_scores(nets, read.target, fold), table_scores(trees, read.target, fold)
    both = table_scores((nets + trees) / 2, read.target, fold)
    progress("the speed of both")
    speed = measure_scoring(
        fit_table(read.table, read.target, plan), fit_trees(read.table, read.target, boosted), read.table
    )
    figures = {
        **{f"churn_{name}": value for name, value in ours.items()},
        **{f"churn_trees_{name}": value for name, value in theirs.items()},
        **speed,
    }
    behind = {"rows": len(read.table), "folds": FOLDS, "seed": seed, "mean_of_both": dict(both)}
    return figures, behind


def measure_scoring(nets: TableModel, trees: TreeModel, table: Table) -> dict[str, float]:
    """Rows a second of both on one thread, from the columns of a table to calibrated chances, and one row's time.

    scoring_over_trees: the median of the nets' rate against the trees' in the same pass.
    """
    import numpy as np
    import torch

    bulk = table.chosen(np.resize(np.arange(len(table)), BULK))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        nets.predict(bulk), trees.predict(bulk)
        pairs = [(_seconds(nets, bulk), _seconds(trees, bulk)) for _ in range(PASSES)]
        ones = [table.chosen(np.array([row % len(table)])) for row in range(SINGLES)]
        singles = [1000 * _seconds(nets, one) for one in ones]
    finally:
        torch.set_num_threads(threads)
    return {
        "scoring_over_trees": spread([theirs / ours for ours, theirs in pairs]).median,
        "scoring_rows_per_s": spread([BULK / ours for ours, _ in pairs]).median,
        "scoring_trees_rows_per_s": spread([BULK / theirs for _, theirs in pairs]).median,
        "one_customer_ms": spread(singles).median,
    }


def _seconds(model: TableModel | TreeModel, table: Table) -> float:
    started = time.perf_counter()
    model.predict(table)
    return time.perf_counter() - started

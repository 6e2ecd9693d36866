"""Measure table models: which telephone customers leave, in folds held out, beside boosted trees; how fast both score.

Both are fitted and calibrated anew on the training part of each fold; nothing of a fold held out is seen before it is
predicted. Choices were made on folds of other seeds.
"""

import time
from collections.abc import Callable

from eval.profile_rows import Row
from eval.report import Bound, spread
from profiles.dnn import TableModel, TablePlan, fit_table
from profiles.dnn_training import one_thread
from profiles.parts import held_out_chances
from profiles.table_files import Labelled, read_labelled_table
from profiles.table_scores import table_scores
from profiles.tables import Table
from profiles.trees import TreeModel, TreePlan, fit_trees
from rapport.errors import NotFound
from rapport.paths import PUBLIC_DATA_VARIABLE, public_data

FOLDER, FILE = "telco_churn", "Telco-Customer-Churn.csv"
ORIGIN = "IBM/telco-customer-churn-on-icp4d"
FOLDS, SEED = 5, 42
BOUNDS = (Bound(name="roc_auc", least=0.849), Bound(name="brier", most=0.134), Bound(name="ece", most=0.02))
SPEED_BOUNDS = (Bound(name="over_trees", least=0.5), Bound(name="one_row_ms", most=10.0))
PASSES = 5  # over the rows, to time scoring; in turn with the trees
BULK = 20_000  # rows scored in one pass
SINGLES = 200  # rows scored one at a time
Say = Callable[[str], None]


def measure_tables(*, seed: int = SEED, progress: Say = lambda _: None) -> list[Row]:
    """Churn, then speed on the same rows. Raises NotFound, naming the source, where the public file is absent."""
    read = _churn()
    progress("telco churn")
    churn = measure_churn(read, seed=seed)
    progress("the speed of scoring")
    nets = fit_table(read.table, read.target, TablePlan(seed=seed))
    return [churn, measure_scoring(nets, fit_trees(read.table, read.target, TreePlan(seed=seed)), read.table)]


def measure_churn(read: Labelled, *, seed: int = SEED) -> Row:
    """The nets, the trees and the mean of both on the same folds."""
    started = time.perf_counter()
    plan, boosted = TablePlan(seed=seed), TreePlan(seed=seed)
    nets, fold = held_out_chances(
        read.table, read.target, lambda table, target: fit_table(table, target, plan), folds=FOLDS, seed=seed
    )
    seconds = time.perf_counter() - started
    trees, _ = held_out_chances(
        read.table, read.target, lambda table, target: fit_trees(table, target, boosted), folds=FOLDS, seed=seed
    )
    return Row(
        name="telco churn",
        figures=table_scores(nets, read.target, fold),
        references={
            "LightGBM": table_scores(trees, read.target, fold),
            "mean of both": table_scores((nets + trees) / 2, read.target, fold),
        },
        cases=len(read.table),
        seconds=seconds,
        bounds=BOUNDS,
    )


def measure_scoring(nets: TableModel, trees: TreeModel, table: Table) -> Row:
    """Rows a second of both on one thread, from the columns of a table to calibrated chances, and one row's time.

    over_trees: the median of the nets' rate over the trees' in the same pass.
    """
    import numpy as np

    bulk = table.chosen(np.resize(np.arange(len(table)), BULK))
    started = time.perf_counter()
    with one_thread():
        _seconds(nets, bulk), _seconds(trees, bulk)
        pairs = [(_seconds(nets, bulk), _seconds(trees, bulk)) for _ in range(PASSES)]
        ones = [table.chosen(np.array([row % len(table)])) for row in range(SINGLES)]
        singles = {name: [1000 * _seconds(one, row) for row in ones] for name, one in (("n", nets), ("t", trees))}
    return Row(
        name="scoring a table",
        figures={
            "over_trees": spread([theirs / ours for ours, theirs in pairs]).median,
            "rows_per_s": spread([BULK / ours for ours, _ in pairs]).median,
            "one_row_ms": spread(singles["n"]).median,
        },
        references={
            "LightGBM": {
                "rows_per_s": spread([BULK / theirs for _, theirs in pairs]).median,
                "one_row_ms": spread(singles["t"]).median,
            }
        },
        cases=BULK,
        seconds=time.perf_counter() - started,
        bounds=SPEED_BOUNDS,
    )


def _churn() -> Labelled:
    folder = public_data(FOLDER)
    if folder is None or not (folder / FILE).is_file():
        raise NotFound(
            f"{FOLDER}/{FILE} is not present ({ORIGIN}).",
            hint=f"Set {PUBLIC_DATA_VARIABLE} to the folder that holds it.",
        )
    return read_labelled_table(folder / FILE, target="Churn", id_column="customerID")


def _seconds(model: TableModel | TreeModel, table: Table) -> float:
    started = time.perf_counter()
    model.predict(table)
    return time.perf_counter() - started

"""`rapport profiles train --table`: measure a predictor on held-out folds of a CSV file, and keep one of all rows."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rapport.cards import sha256_of
from rapport.errors import UserError
from ui.commands.common import console, emit

if TYPE_CHECKING:
    import numpy as np

    from profiles.dnn import TableModel
    from profiles.tables import Table
    from profiles.trees import TreeModel

TableOption = Annotated[Path | None, typer.Option("--table", help="CSV file, one row a customer.")]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="COLUMN", help="What to predict: a column of two values.")
]
IdOption = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="What names a row; nothing is learnt from it.")
]
PositiveOption = Annotated[
    str | None, typer.Option("--positive", help="Value of the target to predict; default: yes or 1, else the rarer.")
]
FoldsOption = Annotated[int, typer.Option("--folds", min=2, max=50, help="Parts; each is predicted by the others.")]
BackendOption = Annotated[str, typer.Option("--backend", help="net, or trees: LightGBM.")]
GroupsOption = Annotated[
    str | None, typer.Option("--groups", metavar="COLUMN", help="Tell the figures for each value of this column.")
]
IntoOption = Annotated[
    Path | None, typer.Option("--into", help="Folder for a model of all rows; without it, measure alone.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAsked:
    """What the command line asks for; "" where an option is not given."""

    table: Path
    target: str
    id_column: str
    positive: str
    folds: int
    backend: str
    groups: str
    into: Path | None
    seed: int


def train_table(asked: TableAsked, *, as_json: bool) -> None:
    """Measure on folds, fit on all rows where a folder is given, print the figures."""
    from eval.report import rounded
    from profiles.fairness import fairness_by
    from profiles.parts import held_out_chances
    from profiles.table_artifact import Predictor, check_free, save_predictor
    from profiles.table_files import group_values, read_labelled_table
    from profiles.table_scores import table_scores

    if not asked.target:
        raise UserError("--table needs a target.", hint="Give --target COLUMN")
    if asked.into:
        check_free(asked.into)
    fit = _backend(asked.backend, asked.seed)
    started = time.perf_counter()
    read = read_labelled_table(asked.table, target=asked.target, id_column=asked.id_column, positive=asked.positive)
    groups = group_values(read, asked.groups) if asked.groups else None
    found, fold = held_out_chances(read.table, read.target, fit, folds=asked.folds, seed=asked.seed)
    scores = {name: round(value, 4) for name, value in table_scores(found, read.target, fold).items()}
    facts = {"positive": read.positive, "left_out": dict(read.left_out), "problems": dict(read.problems)}
    summary: dict[str, Any] = {**scores, "rows": len(read.table), **facts}
    if groups is not None:
        summary["groups"] = rounded(asdict(fairness_by(asked.groups, groups, found, read.target)))
    if asked.into:
        predictor = Predictor(
            model=fit(read.table, read.target), layout=read.layout, target=asked.target, positive=read.positive
        )
        data = {"file": asked.table.name, "sha256": sha256_of(asked.table), "rows": len(read.table), **facts}
        save_predictor(asked.into, predictor, data=data, scores=scores)
    summary["seconds"] = round(time.perf_counter() - started, 1)
    emit(summary, as_json, _render)


def _backend(name: str, seed: int) -> "Callable[[Table, np.ndarray], TableModel | TreeModel]":
    from profiles.dnn import TablePlan, fit_table
    from profiles.trees import TreePlan, fit_trees

    if name == "net":
        return lambda table, target: fit_table(table, target, TablePlan(seed=seed))
    if name == "trees":
        return lambda table, target: fit_trees(table, target, TreePlan(seed=seed))
    raise UserError(f"there is no backend '{name}'.", hint="Give one of: net, trees.")


def _render(summary: dict[str, Any]) -> None:
    out = console()
    out.print(f"{summary['rows']:,} rows, each predicted by a model that did not learn from it, {summary['seconds']} s")
    for name in ("roc_auc", "pr_auc", "brier", "ece"):
        out.print(f"  {name:<8} {summary[name]:.4f}")
    for column, reason in summary["left_out"].items():
        out.print(f"  nothing was learnt from '{column}': {reason}", markup=False)
    for problem, count in summary["problems"].items():
        out.print(f"  {count:,} {problem}", markup=False)
    if "groups" in summary:
        _render_groups(summary["groups"])


def _render_groups(report: dict[str, Any]) -> None:
    from rich.table import Table

    figures = ("rows", "rate", "mean_chance", "selected", "found", "false_alarms", "roc_auc", "ece")
    table = Table(report["column"], *(name.replace("_", " ") for name in figures), box=None)
    for group in report["groups"]:
        table.add_row(group["name"], *("" if group[name] is None else f"{group[name]:,}" for name in figures))
    console(markup=False).print(table)
    console().print(
        f"largest gaps between groups: selected {report['selection_gap']:.3f}, odds {report['odds_gap']:.3f}, "
        f"calibration {report['calibration_gap']:.3f}"
    )

"""`rapport profiles train --table`: measure a predictor on held-out folds of a CSV file, and keep one of all rows."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import UserError
from ui.commands.common import console, emit

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
    from profiles.dnn import TablePlan, fit_table
    from profiles.parts import held_out_chances
    from profiles.table_files import read_labelled_table
    from profiles.table_scores import table_scores

    if not asked.target:
        raise UserError("--table needs a target.", hint="Give --target COLUMN")
    read = read_labelled_table(asked.table, target=asked.target, id_column=asked.id_column, positive=asked.positive)
    started = time.perf_counter()
    plan = TablePlan(seed=asked.seed)
    found, fold = held_out_chances(
        read.table,
        read.target,
        lambda table, target: fit_table(table, target, plan),
        folds=asked.folds,
        seed=asked.seed,
    )
    summary: dict[str, Any] = {
        **{name: round(value, 4) for name, value in table_scores(found, read.target, fold).items()},
        "rows": len(read.table),
        "seconds": round(time.perf_counter() - started, 1),
        "positive": read.positive,
        "left_out": dict(read.left_out),
        "problems": dict(read.problems),
    }
    emit(summary, as_json, _render)


def _render(summary: dict[str, Any]) -> None:
    for name, value in summary.items():
        console().print(f"{name:<16} {value}", markup=False)

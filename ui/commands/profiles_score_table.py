"""`rapport profiles score --table`: the chances of the customers in a CSV file, however many they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import UserError
from ui.commands.common import console, emit

TableOption = Annotated[Path | None, typer.Option("--table", help="CSV file, one row a customer.")]
ModelOption = Annotated[
    Path | None, typer.Option("--model", help="Folder that profiles train --table --into has written.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="CSV file to write: id, chance and drivers.")]
DriversOption = Annotated[
    int, typer.Option("--drivers", min=0, max=20, help="How many columns to name that pushed each chance most.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableToScore:
    """What the command line asks for."""

    table: Path
    model: Path | None
    out: Path | None
    drivers: int


def score_table(asked: TableToScore, *, as_json: bool) -> None:
    """Score the file in pieces and print what was found in it."""
    from profiles.table_artifact import load_predictor
    from profiles.table_scoring import score_file

    if asked.model is None or asked.out is None:
        raise UserError("--table needs a model and a file to write.", hint="Give --model FOLDER --out FILE.csv")
    predictor = load_predictor(asked.model)
    with console(stderr=True).status("scoring") as status:
        found = score_file(
            predictor, asked.table, asked.out, drivers=asked.drivers,
            progress=lambda rows: status.update(f"{rows:,} rows scored"),
        )  # fmt: skip
    summary = {
        "rows": found.rows,
        "seconds": round(found.seconds, 1),
        "target": predictor.target,
        "positive": predictor.positive,
        "problems": dict(found.problems),
        "out": str(asked.out),
    }
    emit(summary, as_json, _render)


def _render(summary: dict[str, Any]) -> None:
    out = console()
    out.print(
        f"{summary['rows']:,} rows in {summary['seconds']} s: the chance that '{summary['target']}' is "
        f"'{summary['positive']}', in {summary['out']}",
        markup=False,
    )
    for problem, count in summary["problems"].items():
        out.print(f"  {count:,} {problem}", markup=False)

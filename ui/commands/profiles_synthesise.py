"""`rapport profiles synthesise`: a file of customers who do not exist, like those of a table or of the home."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened, print_notes
from ui.commands.profiles_train_table import IdOption

if TYPE_CHECKING:
    from profiles.synthetic import FitPart
    from profiles.tables import Table

LEAST_FOR_GAN = 1_000  # rows; a net sees fewer so often that it may learn them by heart


def command(
    count: Annotated[int, typer.Argument(min=1, max=10_000_000, help="How many customers to make up.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV file to write.")],
    table: Annotated[Path | None, typer.Option("--table", help="CSV file of customers, one row each.")] = None,
    id_column: IdOption = None,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="Learn each value of it apart.")] = "",
    only: Annotated[str | None, typer.Option("--only", metavar="VALUE", help="Make up this value of it alone.")] = None,
    model: Annotated[
        str, typer.Option("--model", help="gan or copula; default: gan for 1,000 rows or more, which needs a minute.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 42,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make up customers like those of --table, else of the home. None of them is a copy of one."""
    from profiles.synthetic import fit_copula, fit_synthesiser
    from profiles.synthetic_gan import fit_gan
    from rapport.errors import UserError

    models: dict[str, FitPart] = {"copula": fit_copula, "gan": fit_gan}
    if model and model not in models:
        raise UserError(f"there is no model '{model}'.", hint="Give --model copula or --model gan.")
    if out.is_dir() or not out.parent.is_dir():  # told before a minute of learning, not after it
        raise UserError(f"{out} cannot be written: it is a folder, or its folder is not there.", hint="Name a file.")
    with console(stderr=True).status("learning"):
        known = _of_file(table, id_column or "") if table else _of_home(home)
        chosen = model or ("gan" if len(known) >= LEAST_FOR_GAN else "copula")
        drawn = fit_synthesiser(known, by=by, seed=seed, fit=models[chosen]).draw(count, seed=seed, only=only)
    _write(out, drawn)
    told: dict[str, Any] = {
        "rows": len(drawn), "learnt_from": len(known), "model": chosen,
        "columns": len(known.numeric) + len(known.categorical), "out": str(out),
    }  # fmt: skip
    emit(told, as_json, _render)


def _of_file(path: Path, id_column: str) -> "Table":
    from profiles.table_files import read_table

    table, problems = read_table(path, id_column=id_column)
    print_notes(f"{rows:,} {problem}" for problem, rows in problems.items())
    return table


def _of_home(home: Path | None) -> "Table":
    from profiles.buying import Shelf
    from profiles.features import feature_table
    from profiles.reading import outlier_limit
    from ui.commands.profiles_home import home_history

    with opened(home) as place:
        history, day = home_history(place, None)
        categories = Shelf.of(place.store).category
    return feature_table(history, day, limit=outlier_limit(history), categories=categories)


def _write(path: Path, table: "Table") -> None:
    from rapport.errors import SettingsError

    columns = [["" if value != value else f"{value:.10g}" for value in values] for values in table.numeric.values()]
    columns += [["" if value is None else value for value in values] for values in table.categorical.values()]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", *table.numeric, *table.categorical])
            writer.writerows(zip(table.ids, *columns, strict=True))
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}).", hint="Name another file.") from error


def _render(told: dict[str, Any]) -> None:
    console().print(
        f"{told['rows']:,} made-up customers in {told['out']}, learnt from {told['learnt_from']:,} "
        f"with {told['columns']} columns",
        markup=False,
    )

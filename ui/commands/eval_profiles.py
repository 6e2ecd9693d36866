"""`rapport eval profiles`: what the predictors must show, beside references in the same run."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ui.commands.common import JsonOption, console, emit

PartsOption = Annotated[
    list[str] | None, typer.Option("--part", help="Only this part; may be given again. By default all.")
]


def command(part: PartsOption = None, as_json: JsonOption = False) -> None:
    """Measure churn, purchases, recommendations and segments on public sets and the sample. Exits 1 where one misses.

    Takes about half an hour in all. A part whose public data is absent is left out. --json has the details, too.
    """
    from eval.profiles import measure_profiles
    from eval.report import rounded

    rows = list(measure_profiles(part or (), progress=lambda text: console(stderr=True).print(text, markup=False)))
    emit({"parts": [rounded(row.as_json()) for row in rows]}, as_json, _render)
    failing = [sentence for row in rows for sentence in row.missed()]
    for sentence in failing:
        console(stderr=True).print(sentence, markup=False)
    if failing:
        raise typer.Exit(1)


def _render(data: dict[str, Any]) -> None:
    from rich.table import Table

    for row in data["parts"]:
        cases = "" if row["cases"] is None else f", {row['cases']:,} cases"
        table = Table(box=None, padding=(0, 2, 0, 0), title=f"{row['name']}{cases}", title_justify="left")
        bounds = {bound.split(" ", 1)[0]: bound.split(" ", 1)[1] for bound in row["bounds"]}
        for name in ("", "Rapport", *row["references"], *(["must be"] if bounds else [])):
            table.add_column(name, justify="left" if name in ("", "must be") else "right", no_wrap=name != "")
        for name, value in row["figures"].items():
            if isinstance(value, Mapping) and not _has_interval(value):
                continue  # details
            others = [figures.get(name) for figures in row["references"].values()]
            wanted = [bounds.get(name, "")] if bounds else []
            table.add_row(name.replace("_", " "), *map(_told, (value, *others)), *wanted)
        console().print(table)
        console().print()


def _has_interval(value: Mapping[str, Any]) -> bool:
    return value.keys() >= {"value", "low", "high"}


def _told(value: Any) -> str:
    if isinstance(value, Mapping) and _has_interval(value):
        return f"{value['value']:.2f} ({value['low']:.2f}, {value['high']:.2f})"
    return "" if value is None else str(value)

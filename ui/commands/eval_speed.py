"""`rapport eval speed`: turns, search and imports against their yardsticks."""

from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit


def command(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer repetitions and 20,000 instead of 200,000 rows.")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="Add spreads, stages and rates by kind.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time a turn, a search and an import, each against its yardstick. Exits 1 where a bound is missed.

    Everything is measured in temporary homes with the default settings and writer; --home is not touched.
    """
    from eval.report import missed, rounded
    from eval.speed import BOUNDS, FULL, QUICK, measure

    progress = console(stderr=True)
    figures, behind = measure(QUICK if quick else FULL, progress=lambda part: progress.print(f"measuring {part} …"))
    emit(rounded({**figures, **({"details": behind} if details else {})}), as_json, _render)
    failing = missed(figures, BOUNDS)
    for sentence in failing:
        progress.print(sentence)
    if failing:
        raise typer.Exit(1)


def _render(report: dict[str, Any]) -> None:
    out = console()
    for name, value in report.items():
        if name != "details":
            out.print(f"{name:<20} {'not measured' if value is None else value}")
    if "details" in report:
        out.print_json(data=report["details"])

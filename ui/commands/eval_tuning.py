"""`rapport eval tuning`: teach the starter another company's tickets, and see what it learns and what it forgets."""

from typing import Annotated, Any

import typer

from ui.commands.common import JsonOption, console, emit, exit_where_missed, seeds_of, training_watch


def command(
    seeds: Annotated[str, typer.Option(help="Of the tickets and of the training, with commas between.")] = "7,8,9",
    as_json: JsonOption = False,
) -> None:
    """Train on 300 tickets of an invented optician's, measured on replies held out: the mean over the seeds.

    Exits 1 where a bound is missed.
    """
    from eval.reply_tuning import BOUNDS, measure_starter
    from eval.report import rounded

    with training_watch("training on the optician's tickets", quiet=as_json) as watch:
        figures = measure_starter(seeds_of(seeds), watch=watch)
    emit(rounded(figures), as_json, _render)
    exit_where_missed(figures, BOUNDS)


def _render(figures: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    console().print(table)

"""`rapport eval replies`: ask for fields of orders and judge what is written by the records."""

from typing import Annotated, Any

import typer

from rapport.paths import find_home, public_data
from rapport.settings import load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit, exit_where_missed, progress_bar

SHOP = "retail_shop"


def command(
    replies: Annotated[int, typer.Option(min=1, help="Questions to ask.")] = 500,
    seed: Annotated[int, typer.Option(help="Chooses orders, questions and their wording.")] = 0,
    part: Annotated[str, typer.Option(help="Phrasings: test, or dev for choosing.")] = "test",
    samples: Annotated[int, typer.Option(min=0, help="Add so many exchanges, by chance.")] = 0,
    details: Annotated[bool, typer.Option("--details", help="Add every reply that is wrong.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for single fields of orders, and send what must not be answered. Exits 1 where a bound is missed.

    Half of the orders are of the public set retail_shop where it is present, the others the sample company's. Records
    go into a temporary home; from --home the settings are taken, so that its writer is the one examined.
    """
    from eval.decision_messages import part_named
    from eval.replies import BOUNDS, measure
    from eval.report import rounded

    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("replies", total=None)
        tally = measure(
            public_data(SHOP),
            count=replies,
            seed=seed,
            part=part_named(part),
            settings=load_settings(find_home(home)),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    figures = tally.figures()
    shown = {"samples": tally.samples(samples, seed)} if samples else {}
    emit({**rounded(figures), **shown, **(tally.details() if details else {})}, as_json, _render)
    exit_where_missed(figures, BOUNDS)


def _render(data: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, value in data.items():
        if not isinstance(value, dict | list):
            table.add_row(name.replace("_", " "), "" if value is None else str(value))
    console().print(table)
    for sample in data.get("samples", []):
        console().print(
            f"{sample['topic']}: {sample['text']}\n  {sample['reply']}\n  ({sample['verdict']})", markup=False
        )
    for failure in data.get("failures", []):
        console().print(f"{failure['topic']}: {failure['text']}\n  {failure['reply']}\n  wrong: {failure['wrong']}")

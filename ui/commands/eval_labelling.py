"""`rapport eval labelling`: what picking messages to label brings over random choice."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import NotFound
from rapport.paths import PUBLIC_DATA_VARIABLE, find_home, public_data
from rapport.settings import load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit

SET, FILE, LABEL = "banking77", "train.jsonl", "intent"
ORIGIN = "PolyAI-LDN/task-specific-datasets, banking77, as JSONL with text and intent"


def command(
    data: Annotated[
        Path | None, typer.Option(help="JSONL or CSV with text and label; default: banking77's train part.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of labelling.")] = 10,
    batch: Annotated[int, typer.Option(min=2, help="Labels in a round.")] = 77,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="How often, each time with other splits.")] = 3,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label some rows a round, picked or at random, and compare accuracy on rows held out. Exits 1 without a gain.

    Only the encoder's settings of --home are read.
    """
    from eval.labelling import Effort, measure_labelling
    from eval.report import rounded
    from finetune.openings import texts_of_file
    from rapport.models import load_encoder

    path, label = (data, "label") if data is not None else (_public(), LABEL)
    rows = [(one.text, one.label) for one in texts_of_file(path, label=label)]
    progress = console(stderr=True)
    figures = measure_labelling(
        rows,
        load_encoder(load_settings(find_home(home)).encoder),
        Effort(rounds=rounds, batch=batch, seeds=tuple(range(1, seeds + 1))),
        progress=lambda stage: progress.print(f"{stage} …"),
    )
    emit(rounded(figures), as_json, _render)
    if figures["gain"] <= 0:
        raise typer.Exit(1)


def _public() -> Path:
    folder = public_data(SET)
    if folder is None:
        raise NotFound(
            f"the public set '{SET}' is not present.",
            hint=f"Take it from {ORIGIN} and set {PUBLIC_DATA_VARIABLE}, or give --data.",
        )
    return folder / FILE


def _render(figures: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("labels", "picked", "at random", box=None, padding=(0, 2, 0, 0))
    rounds = len(figures["picked"]["curve"])
    for number, pair in enumerate(zip(figures["picked"]["curve"], figures["random"]["curve"], strict=True), start=1):
        table.add_row(str(figures["labels"] * number // rounds), *(f"{value:.3f}" for value in pair))
    console().print(table)
    as_good = figures["labels_for_random"]
    console().print(f"gain {figures['gain']:+.3f}; as good as {figures['labels']} random labels with {as_good or '–'}")

"""`rapport eval escalation`: is a person called when one is needed, and only then."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import SettingsError
from rapport.paths import find_home
from rapport.settings import load_settings
from ui.commands.common import (
    HomeOption,
    JsonOption,
    console,
    emit,
    exit_where_missed,
    opened,
    progress_bar,
    seeds_of,
)


def command(
    seeds: Annotated[str, typer.Option(help="Seeds of the invented conversations, with commas between.")] = "7,8,9",
    data: Annotated[
        Path | None, typer.Option(help="Score the home's head on your own rows (JSON lines or CSV) instead.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="With --data: a head other than the one in use.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score escalation on held-out conversations of the sample company. Exits 1 where a bound is missed.

    Recall and precision are those of "escalate". The conversations are invented; see the sample's README. On rows of
    your own, --data, no bound applies.
    """
    from eval.escalation import BOUNDS, measure
    from eval.report import rounded
    from rapport.models import load_encoder

    if model is not None and data is None:
        raise SettingsError("--model needs rows to be measured on.", hint="Give them with --data.")
    if data is not None:
        emit(rounded(_on_file(data, model, home)), as_json, _render)
        return
    chosen = seeds_of(seeds)
    encoder = load_encoder(load_settings(find_home(home)).encoder)
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("seeds", total=len(chosen))
        figures = measure(encoder, seeds=chosen, progress=lambda done: bar.update(task, completed=done))
    emit(rounded(figures), as_json, _render)
    exit_where_missed(figures, BOUNDS)


def _on_file(data: Path, model: str | None, home: Path | None) -> dict[str, Any]:
    from crm.usual import usual_total
    from eval.escalation import open_watcher
    from finetune.escalation_files import read_conversations
    from rapport.models import load_encoder

    with opened(home) as place:
        rows = read_conversations(data, usual_value=usual_total(place.store))
        watcher = open_watcher(place.home, load_encoder(place.settings.encoder), name=model)
    return watcher.measure(rows)


def _render(report: dict[str, Any]) -> None:
    out = console()
    for name, value in report.items():
        if name != "confusions":
            out.print(f"{name:<12} {value}", markup=False)
    for truth, guess, rows in report["confusions"]:
        out.print(f"  {truth} taken for {guess}: {rows}", markup=False)

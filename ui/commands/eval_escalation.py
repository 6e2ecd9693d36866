"""`rapport eval escalation`: is a person called when one is needed, and only then."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import SettingsError
from rapport.paths import find_home
from rapport.settings import load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit, progress_bar


def command(
    seeds: Annotated[str, typer.Option(help="Seeds of the invented conversations, with commas between.")] = "7,8,9",
    data: Annotated[Path | None, typer.Option(help="Score the home's head on your own rows (JSONL) instead.")] = None,
    model: Annotated[str | None, typer.Option(help="With --data: a head other than the one in use.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score escalation on held-out conversations of the sample company. Exits 1 where a bound is missed.

    Recall and precision are those of "escalate". The conversations are invented; see the sample's README.
    """
    from eval.escalation import BOUNDS, measure, measure_file
    from eval.report import missed, rounded
    from rapport.models import load_encoder

    chosen, place = _seeds(seeds), find_home(home)
    encoder = load_encoder(load_settings(place).encoder)
    if data is not None:
        emit(rounded(measure_file(place, data, encoder, name=model)), as_json, _render)
        return
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("seeds", total=len(chosen))
        figures = measure(encoder, seeds=chosen, progress=lambda done: bar.update(task, completed=done))
    emit(rounded(figures), as_json, _render)
    failing = missed(figures, BOUNDS)
    for sentence in failing:
        console(stderr=True).print(sentence)
    if failing:
        raise typer.Exit(1)


def _seeds(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise SettingsError(f"--seeds {text!r} is no list of numbers.", hint="Give numbers such as 7,8,9.")
    return tuple(int(part) for part in parts)


def _render(report: dict[str, Any]) -> None:
    out = console()
    for name, value in report.items():
        if name != "confusions":
            out.print(f"{name:<12} {value}", markup=False)
    for truth, guess, rows in report["confusions"]:
        out.print(f"  {truth} taken for {guess}: {rows}", markup=False)

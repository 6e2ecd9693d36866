"""`rapport eval drift`: whether customers write about other things than the models were trained on."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from rapport.errors import SettingsError
from ui.commands.common import HomeOption, JsonOption, console, emit, opened

READINGS = ("watch", "drifted")


def command(
    since: Annotated[str, typer.Option(help="First day of the messages, such as 2026-10-01; a time may follow.")],
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="watch or drifted: exit 1 from this reading on; default: never.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the messages since a day with the training data of the models in use.

    PSI below 0.1 is steady, to 0.25 watch, above drifted; what chance gives with so few rows is steady.
    """
    from eval.drift import measure_drift
    from eval.report import rounded
    from eval.stability import READINGS as WORSE
    from rapport.models import load_encoder

    if fail_on is not None and fail_on not in READINGS:
        raise SettingsError(f"--fail-on {fail_on} is not known.", hint=f"Give one of: {', '.join(READINGS)}.")
    first = _moment(since)
    with opened(home) as place:
        drift = measure_drift(
            place.home,
            place.store,
            encoder=load_encoder(place.settings.encoder),
            since=first,
            in_scope=place.settings.agent.in_scope,
        )
    emit({"since": first.isoformat(), **rounded(asdict(drift))}, as_json, _render)
    if fail_on is not None and WORSE.index(drift.reading) >= WORSE.index(fail_on):
        raise typer.Exit(1)


def _moment(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--since {text!r} is no date.", hint="Write it as 2026-10-01.") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _render(report: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table("measure", "PSI", "by chance", "reading", "training rows", "messages", box=None, padding=(0, 2, 0, 0))
    for one in report["measures"]:
        numbers = f"{one['psi']:.3f}", f"< {one['chance']:.3f}"
        table.add_row(one["name"], *numbers, one["reading"], f"{one['reference_rows']:,}", f"{one['recent_rows']:,}")
    out.print(table)
    out.print(f"kernel two-sample figure: {report['kernel_over_chance']:.1f} times what chance gives")
    out.print("\nshares that changed most (training, of late)")
    for one in report["shifts"]:
        out.print(f"  {one['training']:.3f}  {one['recent']:.3f}  {one['label']}", markup=False)
    out.print("\nmessages farthest from the training data (distance, turn, guess, text)")
    for one in report["most_different"]:
        out.print(Text(f"  {one['distance']:.2f}  {one['turn']}  {one['intent']}  {one['text'][:100]}"))
    out.print(f"\n[bold]{report['reading']}[/bold]")

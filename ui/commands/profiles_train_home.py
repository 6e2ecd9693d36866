"""`rapport profiles train` without a file: learn from the records of a home."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rapport.errors import SettingsError
from ui.commands.common import console, emit, opened

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.cards import Card

NameOption = Annotated[str, typer.Option("--name", help="Name of the predictors of a home.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Look at the records as they were known then; default: now, or the "
                 "newest record where all are older than two days."),
]  # fmt: skip
UseOption = Annotated[bool, typer.Option("--use/--no-use", help="Put the predictors of a home to use when made.")]


def train_home(home: Path | None, asked: tuple[str, str | None, bool], *, seed: int, as_json: bool) -> None:
    """Make the predictors of a home from its own records, and put them to use."""
    from profiles.train import ProfilePlan, train_profiles
    from rapport.registry import PROFILES, use

    name, as_of, wanted = asked
    with opened(home) as place:
        now = datetime.now(UTC)
        card = train_profiles(
            place.home, place.store, place.settings.profiles, name=name, as_of=chosen_moment(place.store, as_of, now),
            now=now, plan=ProfilePlan(seed=seed), say=lambda step: console(stderr=True).print(step),
        )  # fmt: skip
        if wanted:
            use(place.home, PROFILES, name)
    emit(_summary(card), as_json, _render)


def chosen_moment(store: "Store", given: str | None, now: datetime) -> datetime:
    """The moment that --as-of names, else the one that the records suggest. Raises SettingsError for what is none."""
    from profiles.score import moment_of_records

    if given is None:
        return moment_of_records(store, now)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise SettingsError(f"--as-of {given!r} is no date.", hint="Write it as 2026-10-01.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > now:
        raise SettingsError(f"--as-of {given} lies in the future.", hint="Give a day that is past.")
    return moment.astimezone(UTC)


def _summary(card: "Card") -> dict[str, Any]:
    told = asdict(card)
    return {"name": card.name, "as_of": card.data["as_of"], "customers": card.data["customers"],
            "cleaned": told["data"]["cleaned"], **told["scores"]}  # fmt: skip


def _render(summary: dict[str, Any]) -> None:
    from rich.table import Table

    from profiles.gathering import CLEANED

    out = console()
    out.print(f"{summary['name']}: {summary['customers']:,} customers as of {summary['as_of'][:16]}, "
              f"{summary['seconds']:.0f} s", markup=False)  # fmt: skip
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("learnt", "measured on the last window", "a simple reference"):
        table.add_column(column)
    for part, scores in summary.items():
        if isinstance(scores, dict) and part != "cleaned":
            table.add_row(part, _told(scores), _told(_reference(scores)))
    out.print(table)
    for name, n in summary.get("segments", {}).get("customers", {}).items():
        out.print(f"  {n:,} customers: {name}", markup=False)
    for reason, n in summary["cleaned"].items():
        if n:
            out.print(f"  {n:,} {CLEANED[reason]}", markup=False)


def _reference(scores: dict[str, Any]) -> dict[str, Any]:
    """What a simple model reaches; of a risk, that is telling everybody the share of those to whom it happened."""
    return {"brier": scores["base_brier"]} if "base_brier" in scores else scores.get("reference", {})


def _told(scores: dict[str, Any]) -> str:
    """The single figures, rounded; counts in full."""
    return ", ".join(
        f"{name.replace('_', ' ')} {f'{value:,}' if isinstance(value, int) else f'{value:.3g}'}"
        for name, value in scores.items()
        if isinstance(value, int | float) and name not in ("rows", "base_brier", "roc_auc_by_fold")
    )

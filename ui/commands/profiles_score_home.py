"""`rapport profiles score` without a table: bring the profiles of all customers, or of one, up to date."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import console, emit, opened, progress_bar
from ui.commands.profiles_train_home import chosen_moment

CustomerOption = Annotated[
    str | None, typer.Option("--customer", metavar="ID", help="Only this one: key, source id or e-mail.")
]


def score_home(home: Path | None, *, customer: str | None, as_of: str | None, ray: bool, as_json: bool) -> None:
    """Make and keep the profiles with the predictors in use."""
    from profiles.predictor import load_predictor
    from profiles.score import Scorer
    from profiles.score_ray import RayScoring
    from rapport.records import RecordKind
    from ui.commands.profiles_show import find, profile_json

    with opened(home) as place:
        store, now = place.store, datetime.now(UTC)
        started = time.perf_counter()
        scorer = Scorer(store, load_predictor(place.home, store), place.settings.profiles)
        moment = chosen_moment(store, as_of, now)
        if customer is not None:
            profile = scorer.one(find(store, customer).id, as_of=moment, now=now)
            emit(profile_json(profile), as_json, lambda data: console().print_json(data=data))
            return
        with progress_bar(quiet=as_json) as bar:
            task = bar.add_task("scoring", total=store.count(RecordKind.CUSTOMERS))
            spread = RayScoring(home=place.home, settings=place.settings, model=scorer.predictor.name) if ray else None
            scored = scorer.all(as_of=moment, now=now, progress=lambda n: bar.advance(task, n), blocks=spread)
        seconds = time.perf_counter() - started
    summary: dict[str, Any] = {
        "model": scorer.predictor.name, "as_of": scored.as_of.isoformat(timespec="seconds"),
        "customers": scored.customers, "kept": scored.kept, "cleaned": dict(scored.cleaned),
        "seconds": round(seconds, 2),
    }  # fmt: skip
    emit(summary, as_json, _render)


def _render(summary: dict[str, Any]) -> None:
    kept = summary["kept"]
    newer = summary["customers"] - kept
    left = f", {newer:,} newer ones left alone" if newer else ""
    console().print(
        f"{summary['customers']:,} customers as of {summary['as_of']} by '{summary['model']}' in "
        f"{summary['seconds']} s; {kept:,} profiles kept{left}",
        markup=False,
    )

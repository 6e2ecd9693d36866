"""`rapport profiles report`: one HTML page on what was trained, how good and fair it is, and what has changed since."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened
from ui.commands.profiles_train_home import AsOfOption, chosen_moment

if TYPE_CHECKING:
    from profiles.expectations import Expectations
    from profiles.report import ProfileReport
    from profiles.seasons import Season

OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the page is written.")]


def command(
    out: OutOption = Path("profiles.html"), as_of: AsOfOption = None, home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write a page on the predictors in use: calibration, lift, drivers, segments, fairness by group, drift."""
    from profiles.report import profile_report
    from rapport.errors import SettingsError
    from ui.report_page import report_page

    with opened(home) as place, console(stderr=True).status("looking at the predictors"):
        now = datetime.now(UTC)
        moment = chosen_moment(place.store, as_of, now)
        found = profile_report(place.home, place.store, place.settings.profiles, as_of=moment, now=now)
        page = report_page(found, company=place.settings.company.name)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{out} cannot be written ({error.strerror}).", hint="Give another file: --out FILE"
        ) from error
    emit(_summary(found, out), as_json, _render)


def _summary(report: "ProfileReport", out: Path) -> dict[str, Any]:
    drift = report.drift
    return {
        "file": str(out),
        "model": report.trained.name,
        "trained_as_of": report.trained.data["as_of"],
        "as_of": report.as_of.isoformat(timespec="seconds"),
        "drift": None if drift is None else drift.verdict,
        "moved": [] if drift is None else [one.name for one in drift.features if one.verdict != "stable"],
        "outcomes": {
            one.score: {
                "rows": one.rows, "happened": one.happened, "foreseen": round(one.foreseen, 2), "open": one.open,
                **({} if one.figures is None else {
                    name: round(getattr(one.figures, name), 4) for name in ("brier", "base_brier", "ece", "lift")
                }),
            }
            for one in report.outcomes
        },
        "expectations": _expectations(report.expectations),
        "seasons": [season_json(one) for one in report.seasons],
    }  # fmt: skip


def _expectations(found: "Expectations") -> dict[str, Any]:
    amounts: dict[str, Any] = {
        one.name: {
            "days": one.days, "rows": one.rows, "told": _short(one.told), "came": _short(one.came),
            "rank": _short(one.rank), "open": one.open, "groups": _rounded(one.groups),
        }
        for one in found.amounts
    }  # fmt: skip
    waits = {name: getattr(found.waits, name) for name in ("rows", "bought", "over", "by_then")}
    return {**amounts, "next_purchase_days": {**waits, "groups": _rounded(found.waits.groups)}}


def season_json(season: "Season") -> dict[str, Any]:
    """The season as JSON values, with its sentence."""
    from profiles.seasons import in_words

    return {
        "name": season.name, "share": season.share, "counted": season.counted, "weeks": season.weeks,
        "months": [round(times, 3) for times in season.months], "high": list(season.high), "low": list(season.low),
        "words": in_words(season),
    }  # fmt: skip


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rounded(groups: Sequence[Any]) -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(one).items()}
        for one in groups
    ]


def _render(summary: dict[str, Any]) -> None:
    out = console()
    out.print(f"{summary['file']}: '{summary['model']}' as of {summary['as_of']}", markup=False)
    if summary["drift"] is not None:
        moved = ", ".join(summary["moved"]) or "no feature"
        out.print(f"  drift: {summary['drift']}; moved: {moved}", markup=False)
    for score, told in summary["outcomes"].items():
        out.print(
            f"  {score.replace('_', ' ')}: {told['rows']:,} predictions are over, {told['happened']:,} came true, "
            f"{told['foreseen']:,.1f} were foreseen; {told['open']:,} are open",
            markup=False,
        )
    for name in ("purchases", "spending"):
        told = summary["expectations"][name]
        if told["rows"]:
            out.print(f"  {name} in {told['days']} days: {told['told']:,.2f} were foreseen on average and "
                      f"{told['came']:,.2f} came, of {told['rows']:,} predictions", markup=False)  # fmt: skip
    waits = summary["expectations"]["next_purchase_days"]
    if waits["over"]:
        out.print(f"  next purchase: {waits['by_then']:.0%} had bought by the day told, half should have "
                  f"({waits['over']:,} predictions)", markup=False)  # fmt: skip
    told = [season for season in summary["seasons"] if season["words"]]
    for season in told:
        if not season["share"]:
            out.print(f"  season of {season['name']}: {season['words']}", markup=False)
    if shares := [season["name"] for season in told if season["share"]]:
        out.print(f"  categories with a season of their own, on the page: {', '.join(shares)}", markup=False)

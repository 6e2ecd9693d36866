"""`rapport profiles report`: one HTML page on what was trained, how good and fair it is, and what has changed since."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened
from ui.commands.profiles_train_home import AsOfOption, chosen_moment

if TYPE_CHECKING:
    from profiles.report import ProfileReport

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
    }  # fmt: skip


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

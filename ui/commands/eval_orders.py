"""`rapport eval orders`: ask for every order of the public retail shop and judge every reply."""

from collections import Counter
from typing import Annotated, Any

import typer

from rapport.errors import NotFound, SettingsError
from rapport.paths import PUBLIC_DATA_VARIABLE, find_home, public_data
from rapport.settings import load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit, exit_where_missed, progress_bar

SHOP = "retail_shop"
ORIGIN = "github.com/sierra-research/tau2-bench, data/tau2/domains/retail (db.json, policy.md)"


def command(
    limit: Annotated[int | None, typer.Option(min=1, help="Orders to ask for; default: all.")] = None,
    phrasings: Annotated[str, typer.Option(help="Phrasings per order: a number, or all.")] = "1",
    seed: Annotated[int, typer.Option(help="Deals the phrasings and the strangers.")] = 0,
    details: Annotated[bool, typer.Option("--details", help="Add every failing exchange.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for each order as its owner, as another customer and unverified. Exits 1 where a bound is missed.

    Records go into a temporary home; from --home only the settings are taken.
    """
    from eval.orders import BOUNDS, Plan, measure
    from eval.report import rounded

    folder = public_data(SHOP)
    if folder is None:
        raise NotFound(
            f"the public set '{SHOP}' is not present.", hint=f"Take it from {ORIGIN} and set {PUBLIC_DATA_VARIABLE}."
        )
    plan = Plan(limit=limit, each=_phrasings(phrasings), seed=seed)
    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("orders", total=None)
        tally = measure(
            folder,
            plan,
            settings=load_settings(find_home(home)),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    figures = tally.figures()
    emit({**rounded(figures), **(tally.details() if details else {})}, as_json, _render)
    exit_where_missed(figures, BOUNDS)


def _phrasings(text: str) -> int:
    """How many phrasings per order; `all` is more than there are."""
    if text == "all":
        return 10_000
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"--phrasings {text!r} is neither a number nor all.", hint="Give 1 or more, or all.")
    return int(text)


def _render(report: dict[str, Any]) -> None:
    out = console()
    for name in ("orders", "right", "leaks", "asked_to_verify", "invented"):
        out.print(f"{name:<16} {report[name]}")
    for failure in report.get("failures", ()):
        out.print(f"\n{failure['asker']}, {failure['order']}, {failure['phrasing']}: {failure['component']}")
        out.print(f"  {'; '.join(failure['problems'])}", markup=False)
        for asked, told in zip(failure["messages"], failure["replies"], strict=True):
            out.print(f"  > {asked}\n  < {told}", markup=False)
    if report.get("failures"):
        counts = Counter(failure["component"] for failure in report["failures"])
        out.print("\n" + ", ".join(f"{component}: {count}" for component, count in counts.most_common()))

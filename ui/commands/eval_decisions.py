"""`rapport eval decisions`: messages out of scope, forbidden, abusive or about others, and what the agent decides."""

from typing import Annotated, Any

import typer

from rapport.paths import find_home
from rapport.settings import load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit, exit_where_missed, progress_bar


def command(
    part: Annotated[str, typer.Option(help="dev, to choose on, or test, to report.")] = "test",
    seed: Annotated[int, typer.Option(help="Chooses the customers and orders that fill the slots.")] = 0,
    details: Annotated[bool, typer.Option("--details", help="Add the groups and every failure.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send the sample company's agent what it must not answer. Exits 1 where fewer than 98% are decided rightly.

    Everything happens in a temporary home; from --home only the settings are taken.
    """
    from eval.decision_messages import part_named
    from eval.decisions import BOUNDS, measure_decisions
    from eval.homes import add_sample, finish, laboratory
    from eval.report import rounded
    from rapport.sample import build_sample

    chosen = part_named(part)
    with progress_bar(quiet=as_json) as bar, laboratory(load_settings(find_home(home))) as lab:
        task = bar.add_task("messages", total=None)
        company = build_sample()
        add_sample(lab, company)
        finish(lab, company)
        tally = measure_decisions(
            lab, part=chosen, seed=seed, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    figures = tally.figures()
    emit(rounded({**figures, **(tally.details() if details else {})}), as_json, _render)
    exit_where_missed({"right_decision": tally.rate}, BOUNDS)


def _render(report: dict[str, Any]) -> None:
    out = console()
    for name in ("part", "rows", "right_decision"):
        out.print(f"{name:<16} {report[name]}")
    for name, group in report.get("groups", {}).items():
        out.print(f"  {name:<32} {group['right']} of {group['rows']}")
    for failure in report.get("failures", ()):
        out.print(f"\n{failure['id']}, {failure['who']}: {'; '.join(failure['problems'])}", markup=False)
        out.print(f"  > {failure['text']}\n  < {failure['reply']}", markup=False)

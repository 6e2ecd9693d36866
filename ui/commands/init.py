"""`rapport init`: make a home, its database and its default models; with --sample, the sample company too."""

from typing import Annotated, Any

import typer

from rapport.paths import find_home
from ui.commands.common import HomeOption, JsonOption, console, emit


def command(
    sample: Annotated[bool, typer.Option("--sample", help="Fill it with the sample company.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the sample company.")] = 7,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home: settings, records, default classifiers and an index. Safe to run again."""
    from ui.setup import set_up

    report = set_up(find_home(home), sample=sample, seed=seed, quiet=as_json)
    emit(report, as_json, _render)


def _render(report: dict[str, Any]) -> None:
    from rich.text import Text

    out = console()
    out.print(Text.assemble((report["company"], "bold"), f" is ready in {report['home']} ({report['seconds']} s)"))
    for kind, count in report["records"].items():
        out.print(f"  {count:>7,} {kind}")
    out.print(f"  {report['passages']:>7,} passages in the index")
    for model in report["models"]:
        scores = ", ".join(f"{name} {value:.3f}" for name, value in model["scores"].items() if isinstance(value, float))
        out.print(f"  model {model['name']}: {scores}")

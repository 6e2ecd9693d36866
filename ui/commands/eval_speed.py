"""`rapport eval speed`: turns, classifiers, search, imports and language models against their yardsticks."""

from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, exit_where_missed


def command(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer repetitions and 20,000 instead of 200,000 rows.")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="Add spreads, stages and rates by kind.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time the parts, each against its yardstick. Exits 1 where a bound is missed.

    heads_over_encode: one message through the encoder and all classifiers, against one bare encoding.
    batch_over_encode: messages a second that way in batches of 256, against those of bare encodings. Both are about
    the classifiers in use in --home that share the encoder's pass, or else those of a new home; layers_over_encode
    is about those in use where some have trained layers of their own, which cost more and have no bound.
    generate_over_bare: tokens a second of one conversation with a chat model, against transformers' own loop.
    eight_over_one: of eight conversations at once, against one. finetune_over_bare: examples a second of fine-tuning
    a chat model, against a bare loop. All three with models of random weights in the shape of the starter.
    All the rest is measured in temporary homes with the default settings and writer; nothing is written to --home.
    """
    from eval.report import rounded
    from eval.speed import BOUNDS, FULL, QUICK, measure
    from rapport.paths import find_home

    progress = console(stderr=True)
    effort = QUICK if quick else FULL
    figures, behind = measure(effort, find_home(home), progress=lambda part: progress.print(f"measuring {part} …"))
    emit(rounded({**figures, **({"details": behind} if details else {})}), as_json, _render)
    exit_where_missed(figures, BOUNDS)


def _render(report: dict[str, Any]) -> None:
    out = console()
    for name, value in report.items():
        if name != "details":
            out.print(f"{name:<20} {'not measured' if value is None else value}")
    if "details" in report:
        out.print_json(data=report["details"])

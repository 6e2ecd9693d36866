"""`rapport models compare`, and the gate that a reply model passes before `rapport models use` puts it to use."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened, progress_bar

if TYPE_CHECKING:
    from eval.gate import Figure, GatePlan
    from eval.reply_gate import Comparison
    from rapport.paths import Home

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Held-out conversations, instead of the tickets'; for classifiers: labelled texts."),
]
WithOption = Annotated[str | None, typer.Option("--with", help="Model to compare with; default: the one in use.")]
MarginOption = Annotated[
    float | None, typer.Option("--margin", help="Share by which right, grounded and rule breaks may get worse.")
]


def compare_models(
    name: Annotated[str, typer.Argument(help="Name of a model.")],
    other: WithOption = None, data: DataOption = None, margin: MarginOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """A model and the one in use side by side. Exits 1 where the gate would turn a reply model away.

    Reply models answer the same held-out conversations; each difference comes with its 95% interval. Classifiers are
    measured on --data, or shown with the scores of their cards.
    """
    from rapport.errors import NotFound
    from rapport.paths import find_home
    from rapport.registry import REPLY, current

    place = find_home(home)
    role = role_of(place, name)
    if role != REPLY:
        from ui.commands.models_compared import compare_classifiers

        against = other or current(place, role)
        if against is None:
            raise NotFound(f"no {role} model is in use in {place.root}.", hint="Name one: --with NAME")
        compare_classifiers(place, role, (name, against), data, as_json)
        return
    comparison = compared(place, name, other=other, data=data, margin=margin, quiet=as_json)
    emit(comparison_json(comparison), as_json, lambda _: render(comparison))
    if not comparison.judgement.passed:
        raise typer.Exit(1)


def role_of(home: "Home", name: str) -> str:
    """What a model is for. Raises NotFound where there is no such model."""
    from rapport.cards import read_card
    from rapport.registry import artifact_folder

    return read_card(artifact_folder(home, name), verify=False).kind


def compared(
    home: "Home", name: str, *, other: str | None, data: Path | None, margin: float | None, quiet: bool
) -> "Comparison":
    """Let a reply model and another one, or the one in use, answer the held-out rows.

    Raises NotFound where there is no model to compare with or there are no rows.
    """
    from eval.reply_gate import compare
    from finetune.reply_rows import read_rows
    from rapport.errors import NotFound

    against = other or in_use_or_starter(home)
    if against is None:
        raise NotFound(
            f"no reply model is in use that '{name}' could be compared with.",
            hint="Name one: --with NAME; or put the first one to use with --without-gate",
        )
    rows = _of_tickets(home, name) if data is None else read_rows(data)
    with progress_bar(quiet=quiet) as bar:
        task = bar.add_task(f"{name} and {against}", total=None)
        return compare(
            home, name, against, rows, plan=plan_with(margin),
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )  # fmt: skip


def _of_tickets(home: "Home", name: str) -> "Sequence[Mapping[str, Any]]":
    """What a training on the home's tickets holds out. Raises NotFound where there are no tickets to hold out."""
    from eval.reply_gate import held_out_rows
    from rapport.errors import NotFound

    with opened(home.root) as place:
        rows = held_out_rows(home, place.store, name, encoder=place.settings.encoder)
    if not rows:
        raise NotFound(
            "no ticket of this home has a reply that could be compared with.",
            hint="Give conversations: --data ROWS.jsonl; or: rapport import tickets FILE",
        )
    return rows


def in_use_or_starter(home: "Home") -> str | None:
    """The reply model in use, else the shipped starter; None where this installation carries none."""
    from rapport.bases import STARTER, starter_folder
    from rapport.registry import REPLY, current

    return current(home, REPLY) or (STARTER if starter_folder() else None)


def pass_gate(home: "Home", name: str, *, data: Path | None, margin: float | None, quiet: bool) -> "Comparison":
    """Compare a reply model with the one in use. Raises Refused, with the reasons kept in the runs, where it falls."""
    from eval.reply_gate import keep

    comparison = compared(home, name, other=None, data=data, margin=margin, quiet=quiet)
    if not comparison.judgement.passed:
        keep(home, name, comparison.in_use, judgement=comparison.judgement, used=False)
        if not quiet:
            render(comparison)
    comparison.judgement.require(name, comparison.in_use)
    return comparison


def plan_with(margin: float | None) -> "GatePlan":
    """The gate's plan, perhaps with another margin."""
    from eval.gate import GatePlan

    return GatePlan() if margin is None else GatePlan().with_margin(margin)


def comparison_json(comparison: "Comparison") -> dict[str, Any]:
    """A comparison as JSON values."""
    from eval.report import rounded

    judgement = comparison.judgement.as_json()
    head = {"candidate": comparison.candidate, "in_use": comparison.in_use, "rows": comparison.rows}
    examples = [asdict(example) for example in comparison.examples]
    return {**head, **{key: rounded(value) for key, value in judgement.items()}, "examples": examples}


def render(comparison: "Comparison") -> None:
    """Both columns, the changes with their intervals, what the gate says and the replies that speak against it."""
    from rich.table import Table

    from eval.gate import reason

    out, judgement = console(), comparison.judgement
    table = Table("", comparison.candidate, comparison.in_use, "change", "95% interval", "gate", box=None,
                  padding=(0, 2, 0, 0))  # fmt: skip
    for figure in judgement.figures:
        table.add_row(*_cells(figure))
    out.print(table)
    out.print(f"{judgement.cases:,} of {comparison.rows:,} held-out conversations")
    for example in comparison.examples:
        out.print(f"\n{example.case} ({', '.join(example.figures)})", markup=False)
        for who, text in (("customer", example.asked), ("sent", example.sent),
                          (comparison.candidate, example.candidate), (comparison.in_use, example.in_use)):  # fmt: skip
            out.print(f"  {who}: {text or '(nothing)'}", markup=False)
    against = [*judgement.fallen, *judgement.unclear]
    said = "; ".join(reason(figure) for figure in against)
    out.print(f"\nthe gate turns {comparison.candidate} away: {said}" if against
              else f"the gate lets {comparison.candidate} through", markup=False)  # fmt: skip


def _cells(figure: "Figure") -> tuple[str, ...]:
    digits = 0 if figure.name == "ms_p95" else 1 if figure.name == "length" else 3
    change, sign, unit = figure.change, "" if figure.is_ratio else "+", "×" if figure.is_ratio else ""
    return (
        figure.name,
        f"{figure.candidate.value:.{digits}f}",
        f"{figure.in_use.value:.{digits}f}",
        f"{unit}{change.value:{sign}.3f}",
        f"{change.low:{sign}.3f} to {change.high:{sign}.3f}",
        figure.verdict,
    )

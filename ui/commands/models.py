"""`rapport models`: which models there are, which are in use, and switching between them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit
from ui.commands.models_gate import DataOption, MarginOption, compare_models

if TYPE_CHECKING:
    from rapport.cards import Card
    from rapport.paths import Home

app = typer.Typer(help="List, show, compare and switch the models in use.", no_args_is_help=True)
app.command("compare")(compare_models)

RoleArgument = Annotated[
    str, typer.Argument(help="What the model is for: intent, sentiment, escalation, finished or reply.")
]


@app.command("list")
def list_models(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every model of this home; the one in use for each role is marked."""
    from rapport.bases import trouble_of
    from rapport.paths import find_home
    from rapport.registry import EVERY_ROLE, REPLY, artifacts, current

    place = find_home(home)
    used = {role: current(place, role) for role in EVERY_ROLE}
    rows = [
        {
            **_summary(asdict(card)),
            "in_use": used.get(card.kind) == card.name,
            "trouble": trouble_of(place.models, card) if card.kind == REPLY else "",
        }
        for card in artifacts(place)
    ]
    emit(rows, as_json, _render_list)


@app.command("show")
def show_model(
    name: Annotated[str, typer.Argument(help="Name of a model.")], home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """The whole card of one model: what it was made from, how, and how good it is. Its files are checked."""
    from rapport.cards import read_card
    from rapport.paths import find_home
    from rapport.registry import artifact_folder

    card = asdict(read_card(artifact_folder(find_home(home), name)))
    emit(card, as_json, _render_card)


@app.command("use")
def use_model(
    name: Annotated[str, typer.Argument(help="Name of a model.")],
    data: DataOption = None, margin: MarginOption = None,
    without_gate: Annotated[
        bool, typer.Option("--without-gate", help="Put a reply model to use whatever the gate would say.")
    ] = False,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a model to use in its role. A running server takes it up when it is started again.

    A reply model passes the gate first: it answers the held-out conversations of --data beside the one in use, and is
    turned away where a guarded figure falls or the cases are too few to tell.
    """
    from rapport.errors import SettingsError
    from rapport.paths import find_home
    from rapport.registry import REPLY, current, use
    from ui.commands.models_gate import role_of

    place = find_home(home)
    role = role_of(place, name)
    before = current(place, role)
    if role == REPLY and name != before:
        _use_reply(place, name, (data, margin), without_gate=without_gate, quiet=as_json)
    elif role != REPLY and (data or margin or without_gate):
        raise SettingsError(f"'{name}' is a model for {role}; the gate is for reply models.", hint="Leave those out.")
    else:
        use(place, role, name)
    _emit_switch(role, name, before, as_json)


def _use_reply(
    home: "Home", name: str, given: "tuple[Any, float | None]", *, without_gate: bool, quiet: bool
) -> "Card":
    """Put a reply model to use if the gate lets it through, or without asking; either is kept in the runs."""
    from eval.reply_gate import keep
    from rapport.registry import REPLY, use
    from rapport.replies import source_of
    from ui.commands.models_gate import in_use_or_starter, pass_gate

    source_of(home, name)  # one that cannot be loaded is told before anything is measured
    if without_gate:
        judgement, against = None, in_use_or_starter(home)
    else:
        comparison = pass_gate(home, name, data=given[0], margin=given[1], quiet=quiet)
        judgement, against = comparison.judgement, comparison.in_use
    card = use(home, REPLY, name)
    keep(home, name, against, judgement=judgement, used=True)
    return card


@app.command("rollback")
def rollback_model(role: RoleArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Go back to the model that was in use before, without asking the gate.

    Before the first reply model there was none: the setting agent.chat_model says who writes.
    """
    from rapport.paths import find_home
    from rapport.registry import current, rollback

    place = find_home(home)
    before = current(place, role)
    _emit_switch(role, rollback(place, role), before, as_json)


def _emit_switch(role: str, name: str | None, before: str | None, as_json: bool) -> None:
    emit(
        {"role": role, "in_use": name, "before": before},
        as_json,
        lambda data: console().print(
            f"{data['role']}: {data['in_use'] or 'none'} (before: {data['before'] or 'none'})", markup=False
        ),
    )


def _summary(card: dict[str, Any]) -> dict[str, Any]:
    scores = {key: value for key, value in card["scores"].items() if isinstance(value, int | float)}
    return {
        "name": card["name"],
        "kind": card["kind"],
        "base": card["base"],
        "made_at": card["made_at"],
        "scores": scores,
    }


def _render_list(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not rows:
        console().print("no models yet; run: rapport init")
        return
    table = Table("", "model", "for", "accuracy", "made", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        accuracy = row["scores"].get("accuracy")
        shown = "" if accuracy is None else f"{accuracy:.3f}"
        table.add_row("*" if row["in_use"] else "", row["name"], row["kind"], shown, row["made_at"])
    console().print(table)
    for row in rows:
        if row["trouble"]:
            console().print(row["trouble"], style="yellow", markup=False)


def _render_card(card: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for key in ("name", "kind", "base", "made_at", "licence"):
        table.add_row(key, str(card[key]))
    for section in ("data", "plan", "scores"):
        for key, value in card[section].items():
            table.add_row(f"{section}.{key}", f"{value:.4f}" if isinstance(value, float) else str(value))
    console(markup=False).print(table)

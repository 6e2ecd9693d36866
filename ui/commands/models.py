"""`rapport models`: which models there are, which are in use, and switching between them."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit

app = typer.Typer(help="List, show and switch the models in use.", no_args_is_help=True)

RoleArgument = Annotated[str, typer.Argument(help="What the model is for: intent, sentiment, escalation, finished or reply.")]


@app.command("list")
def list_models(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every model of this home; the one in use for each role is marked."""
    from rapport.paths import find_home
    from rapport.registry import EVERY_ROLE, artifacts, current

    place = find_home(home)
    used = {role: current(place, role) for role in EVERY_ROLE}
    rows = [{**_summary(asdict(card)), "in_use": used.get(card.kind) == card.name} for card in artifacts(place)]
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
    name: Annotated[str, typer.Argument(help="Name of a model.")], home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Put a model to use in its role. A running server takes it up when it is started again."""
    from rapport.cards import read_card
    from rapport.paths import find_home
    from rapport.registry import artifact_folder, current, use

    place = find_home(home)
    role = read_card(artifact_folder(place, name), verify=False).kind
    before = current(place, role)
    use(place, role, name)
    _emit_switch(role, name, before, as_json)


@app.command("rollback")
def rollback_model(role: RoleArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Go back to the model that was in use before."""
    from rapport.paths import find_home
    from rapport.registry import current, rollback

    place = find_home(home)
    before = current(place, role)
    _emit_switch(role, rollback(place, role), before, as_json)


def _emit_switch(role: str, name: str, before: str | None, as_json: bool) -> None:
    emit(
        {"role": role, "in_use": name, "before": before},
        as_json,
        lambda data: console().print(f"{data['role']}: {data['in_use']} (before: {data['before'] or 'none'})"),
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


def _render_card(card: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for key in ("name", "kind", "base", "made_at", "licence"):
        table.add_row(key, str(card[key]))
    for section in ("data", "plan", "scores"):
        for key, value in card[section].items():
            table.add_row(f"{section}.{key}", f"{value:.4f}" if isinstance(value, float) else str(value))
    console().print(table)

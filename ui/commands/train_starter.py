"""`rapport train starter`: make the reply model that Rapport ships anew, from its grammar."""

from dataclasses import replace as changed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, training_watch
from ui.commands.train import ReplaceOption

if TYPE_CHECKING:
    from finetune.starter.make import StarterPlan
    from rapport.cards import Card

HEAD = 64  # numbers of an attention head


def command(
    name: Annotated[str, typer.Option("--name", help="Name of the new model.")] = "starter-again",
    into: Annotated[Path | None, typer.Option("--into", help="Folder to write to, in place of the home.")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=100, help="Conversations to make and learn from.")] = None,
    width: Annotated[
        int | None, typer.Option("--width", min=HEAD, max=2048, help="Of the language model: a multiple of 64.")
    ] = None,
    layers: Annotated[int | None, typer.Option("--layers", min=1, max=48, help="Of the language model.")] = None,
    topic_layers: Annotated[
        int | None, typer.Option("--topic-layers", min=1, max=6, help="Of what tells the topics that are asked for.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 7,
    replace: ReplaceOption = False, home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Train the starter from nothing: about twenty minutes on a fast core, more or less for another size.

    It is not put to use: rapport models use. A run that was stopped goes on where it was.
    """
    from finetune.starter.make import StarterPlan, make_starter
    from finetune.train import check_name
    from rapport.models import load_encoder
    from rapport.paths import find_home
    from rapport.settings import load_settings

    place = find_home(home)
    if into is None:
        check_name(place, name, replaced=replace)
    plan = _sized(StarterPlan(seed=seed), width=width, layers=layers, topic_layers=topic_layers)
    plan = changed(plan, rows=rows or plan.rows, training=changed(plan.training, seed=seed))
    folder = into or place.create().models / name
    with TemporaryDirectory() as scratch, training_watch(f"training {folder.name}", quiet=as_json) as watch:
        work = Path(scratch) if into else place.runs / f"starter-{name}"
        encoder = load_encoder(load_settings(place).encoder)
        card = make_starter(folder, encoder=encoder, plan=plan, work=work, progress=watch)
    emit(_summary(card), as_json, _render)


def _sized(plan: "StarterPlan", *, width: int | None, layers: int | None, topic_layers: int | None) -> "StarterPlan":
    """The plan with another size where one is given. Raises SettingsError for a width that no heads of 64 divide."""
    from rapport.errors import SettingsError

    if width is not None and width % HEAD:
        raise SettingsError(f"--width {width} is no multiple of {HEAD}.", hint=f"Give {width // HEAD * HEAD}.")
    return changed(
        plan, width=width or plan.width, heads=width // HEAD if width else plan.heads, layers=layers or plan.layers,
        topic_layers=topic_layers or plan.topic_layers,
    )  # fmt: skip


def _summary(card: "Card") -> dict[str, Any]:
    return {"name": card.name, "rows": card.data["rows"], "scores": dict(card.scores)}


def _render(summary: dict[str, Any]) -> None:
    scores = summary["scores"]
    console().print(f"{summary['name']}: {summary['rows']:,} conversations, {scores['seconds']} s", markup=False)
    console().print(f"  held-out loss   {scores['held_out_loss']:.3f}")
    console().print(f"  right slots     {scores['right']:.3f} ({scores['free']['right']:.3f} where it is kept to none)")
    console().print(f"  topics found    {scores['topics_found']:.3f}")

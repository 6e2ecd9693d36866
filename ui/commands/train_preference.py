"""`rapport train preference`: learn from suggested replies and what people sent in their place."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened, training_watch
from ui.commands.train import ReplaceOption

if TYPE_CHECKING:
    from finetune.preference_pairs import Pairs
    from rapport.cards import Card

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Pairs: JSON lines with messages, chosen (sent) and rejected (suggested); "
                 "default: the suggestions of this home."),
]  # fmt: skip
BaseOption = Annotated[
    str | None, typer.Option("--base", help="Reply model to begin with; default: the one in use, else the starter.")
]


def command(
    data: DataOption = None, base: BaseOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the new model; default: BASE-preferred.")] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the pairs.")] = 3.0,
    beta: Annotated[float, typer.Option(help="How dear it is to move away from the model it begins with.")] = 0.1,
    learning_rate: Annotated[float, typer.Option(help="Its peak.")] = 2e-4,
    seed: Annotated[int, typer.Option(help="Of what is held out and of the training.")] = 7,
    replace: ReplaceOption = False, home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Make what people sent likelier than what had been suggested (DPO), as a LoRA adapter.

    A fifth of the conversations is held out and measured before and after. It is not put to use: rapport models use.
    """
    from finetune.preference import PreferencePlan
    from finetune.preference_train import PreferenceJob, train_preference
    from finetune.train import check_name
    from rapport.errors import NotFound
    from rapport.paths import find_home
    from ui.commands.models_gate import in_use_or_starter

    place = find_home(home)
    begins = base or in_use_or_starter(place)
    if begins is None:
        raise NotFound("there is no reply model to begin with.", hint="Name one: --base NAME; see: rapport models list")
    chosen = name or f"{begins}-preferred"
    check_name(place, chosen, replaced=replace)
    plan = PreferencePlan(epochs=epochs, beta=beta, learning_rate=learning_rate, seed=seed)
    job = PreferenceJob(pairs=_pairs(data, home, begins), base=begins, name=chosen, plan=plan)
    with training_watch(chosen, quiet=as_json) as watch:
        card = train_preference(place, job, watch)
    emit(_summary(card), as_json, _render)


def _pairs(data: Path | None, home: Path | None, base: str) -> "Pairs":
    """The pairs of a file, else those of the home's suggestions."""
    from finetune.preference_pairs import read_pairs
    from finetune.preference_store import pairs_of_store
    from finetune.reply_data import asked_by
    from rapport.replies import source_of

    if data is not None:
        return read_pairs(data)
    with opened(home) as place:
        return pairs_of_store(place.store, asked=asked_by(source_of(place.home, base), place.settings.encoder))


def _summary(card: "Card") -> dict[str, Any]:
    return {
        "name": card.name,
        "base": card.base,
        "pairs": card.data["pairs"],
        "left_out": card.data["left_out"],
        "sent_as_suggested": card.data["sent_as_suggested"],
        "no_pair": card.data["no_pair"],
        "seconds": card.scores["seconds"],
        "before": card.scores["before"],
        "after": card.scores["after"],
    }


def _render(summary: dict[str, Any]) -> None:
    out, pairs = console(), summary["pairs"]
    out.print(f"{summary['name']}: {pairs['train']:,} pairs on {summary['base']}, {summary['seconds']} s", markup=False)
    for name in ("accuracy", "margin", "chosen_loss"):
        out.print(f"  {name:<12} {summary['before'][name]:.3f} before, {summary['after'][name]:.3f} after")
    name = quote(summary["name"])
    out.print(f"measured on {pairs['held_out']:,} held-out pairs; the whole card: rapport models show {name}")
    for reason, count in summary["no_pair"].items():
        out.print(f"  {count:,} suggestions left out: {reason}")
    out.print(f"to use it: rapport models use {name}")

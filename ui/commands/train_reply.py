"""`rapport train reply`: teach the model that writes the replies how this company's people answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace as changed
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened, training_watch
from ui.commands.train import ReplaceOption

if TYPE_CHECKING:
    from finetune.causal_rows import Row
    from rapport.cards import Card
    from rapport.replies import ReplySource

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Rows to learn from: JSON lines with messages; without it, the home's tickets."),
]
BaseOption = Annotated[
    str, typer.Option("--base", help="What to begin with: starter, a reply model, a folder, or a hub id.")
]
NameOption = Annotated[str, typer.Option("--name", help="Name of the new model.")]
RankOption = Annotated[int, typer.Option("--rank", help="Of the LoRA adapter: higher learns more and weighs more.")]
ShareOption = Annotated[
    float, typer.Option("--old", help="Rows of what the starter knows for each new one, so that it does not forget.")
]
CheckpointingOption = Annotated[
    bool, typer.Option("--checkpointing", help="Compute activations twice instead of keeping them: for large models.")
]
BatchOption = Annotated[int | None, typer.Option("--batch-tokens", help="Tokens of one step, of all processes.")]
RateOption = Annotated[
    float | None, typer.Option("--learning-rate", help="Its peak; default: 0.005 on the starter, 0.0002 on others.")
]
EpochsOption = Annotated[
    float | None, typer.Option("--epochs", help="Passes over the rows; default: 20 on the starter, 3 on others.")
]


def command(
    data: DataOption = None, base: BaseOption = "starter", name: NameOption = "replies",
    epochs: EpochsOption = None, learning_rate: RateOption = None, batch_tokens: BatchOption = None,
    rank: RankOption = 16, old: ShareOption = 0.5, checkpointing: CheckpointingOption = False,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 7,
    replace: ReplaceOption = False, home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn from what people answered: a LoRA adapter, measured before and after on later replies to other customers.

    It is not put to use: rapport models use.
    """
    from finetune.reply import ReplyJob, base_source, is_main, old_needed, plan_for, train_reply
    from finetune.reply_data import old_rows
    from finetune.train import check_name
    from rapport.errors import SettingsError
    from rapport.paths import find_home

    if not 0 <= old <= 20:
        raise SettingsError(f"--old {old:g} is out of range.", hint="Give a value from 0 to 20.")
    place = find_home(home)
    check_name(place, name, replaced=replace)  # before the tickets are read
    source = base_source(place, base)
    usual = plan_for(source)
    plan = changed(
        usual, rank=rank, seed=seed, gradient_checkpointing=checkpointing,
        epochs=usual.epochs if epochs is None else epochs,
        learning_rate=usual.learning_rate if learning_rate is None else learning_rate,
        batch_tokens=usual.batch_tokens if batch_tokens is None else batch_tokens,
    )  # fmt: skip
    rows, left_out = _rows(data, home, source)
    known, measured = old_rows(source, old_needed(plan, old, len(rows)), seed=seed)
    job = ReplyJob(name=name, base=base, rows=rows, left_out=left_out, old=known, old_held_out=measured, share=old,
                   plan=plan, replace=replace)  # fmt: skip
    with training_watch(f"training {name}", quiet=not is_main()) as watch:
        card = train_reply(place.create(), job, watch=watch)
    if is_main():
        emit(_summary(card), as_json, _render)


def _rows(data: Path | None, home: Path | None, source: "ReplySource") -> "tuple[Sequence[Row], Mapping[str, int]]":
    from finetune.reply_data import asked_by, rows_of_file, rows_of_tickets

    if data is not None:
        return rows_of_file(data), {}
    with opened(home) as place:
        found = rows_of_tickets(place.store, asked_by(source, place.settings.encoder))
        return found.rows, found.left_out


def _summary(card: "Card") -> dict[str, Any]:
    return {
        "name": card.name,
        "base": card.base,
        **{part: card.data[part] for part in ("rows", "dropped", "doubles", "left_out")},
        "scores": dict(card.scores),
    }


def _render(summary: dict[str, Any]) -> None:
    out, scores, rows = console(), summary["scores"], summary["rows"]
    out.print(f"{summary['name']}: {rows['train']:,} replies on {summary['base']}, {scores['seconds']} s", markup=False)
    out.print(f"  {'loss':<22} {scores['loss_before']:.3f} before, {scores['loss_after']:.3f} after")
    for part, what in (("new", "right slots"), ("old", "right slots, old rows")):
        if f"{part}_before" in scores:
            before, after = (scores[f"{part}_{when}"]["right"] for when in ("before", "after"))
            out.print(f"  {what:<22} {before:.3f} before, {after:.3f} after")
    out.print(f"measured on {rows['held_out']:,} replies held out: later ones, to other customers")
    for reason, count in summary["left_out"].items():
        out.print(f"  {count:,} replies left out: {reason}")
    name = quote(summary["name"])
    out.print(f"the whole card: rapport models show {name}")
    out.print(f"to use it: rapport models use {name}")

"""`rapport train escalation`: learn from labelled conversations when a person is needed, and why."""

import time
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, Opened, console, emit, opened
from ui.commands.train import MapOption, NameOption, ReplaceOption, UseOption, field_columns

if TYPE_CHECKING:
    from rapport.cards import Card
    from rapport.dialogues import Dialogue
    from rapport.records import Ticket

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Rows to learn from: text and label, perhaps reason and conversation; JSONL or CSV."),
]
DevOption = Annotated[
    Path | None, typer.Option("--dev", help="Rows to calibrate on; without it, conversations are held out.")
]
TicketsOption = Annotated[
    bool, typer.Option("--tickets", help="Learn from the imported tickets that say whether they were escalated.")
]
SampleOption = Annotated[
    bool, typer.Option("--sample", help="Learn beside them from the invented conversations that a new home knows.")
]
OWN_TIMES = 6  # how often own rows are read where they are few beside invented ones
SeedOption = Annotated[int, typer.Option("--seed", help="Of the choice of what is held out.")]


def command(
    name: NameOption, data: DataOption = None, dev: DevOption = None, tickets: TicketsOption = False,
    sample: SampleOption = False, seed: SeedOption = 7,
    map: MapOption = None, use: UseOption = False, replace: ReplaceOption = False,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn when a person is needed: labels answer, offer and escalate.

    A row may say why (reason) and what was said before (conversation). All of a conversation is held out, or none.
    """
    from finetune.escalation import train_escalation
    from finetune.talk import sample_conversations
    from finetune.train import check_name
    from finetune.vectors import VectorCache
    from rapport.classifiers import load_classifier
    from rapport.errors import NotFound
    from rapport.models import load_encoder
    from rapport.registry import artifact_folder, current
    from rapport.registry import use as put_to_use

    with opened(home) as place:
        check_name(place.home, name, replaced=replace)
        dialogues = _dialogues(place, (data, dev), tickets, field_columns(map), seed)
        if sample:
            own = [one for one in dialogues if one.split == "train"]
            dialogues += own * (OWN_TIMES - 1) + list(sample_conversations(only_train=dev is not None))
        sentiment = current(place.home, "sentiment")
        if sentiment is None:
            raise NotFound(f"no sentiment model is in use in {place.home.root}.", hint="Run: rapport init")
        started = time.perf_counter()
        encoder = load_encoder(place.settings.encoder)
        asked = load_classifier(artifact_folder(place.home, sentiment), encoder)
        card = train_escalation(place.home, dialogues, VectorCache(encoder), sentiment=asked, name=name)
        if use:
            put_to_use(place.home, "escalation", name)
    emit(_summary(card, time.perf_counter() - started), as_json, _render)


def _dialogues(
    place: Opened, files: tuple[Path | None, Path | None], tickets: bool, mapping: dict[str, str], seed: int
) -> "list[Dialogue]":
    """What to learn from, dealt to its parts. With a file of dev rows all the others are for training."""
    from crm.usual import usual_total
    from finetune.escalation_files import read_conversations, ticket_conversations
    from finetune.escalation_splits import with_splits
    from rapport.errors import UserError

    data, dev = files
    if data is None and not tickets:
        raise UserError("there is nothing to learn from.", hint="Give --data FILE, or --tickets, or both.")
    usual = usual_total(place.store)
    split = "" if dev is None else "train"
    found: list[Dialogue] = []
    if data is not None:
        found += with_splits(read_conversations(data, mapping=mapping, split=split, usual_value=usual), seed=seed)
    if dev is not None:
        found += read_conversations(dev, mapping=mapping, split="dev", usual_value=usual)
    if tickets:
        labelled = ticket_conversations(_tickets(place), split=split, usual_value=usual)
        if not labelled:
            raise UserError(
                "no ticket says whether it was escalated.",
                hint="The column is escalated, yes or no: rapport import tickets FILE --map escalated=COLUMN",
            )
        found += with_splits(labelled, seed=seed)
    return found


def _tickets(place: Opened) -> "Iterable[Ticket]":
    from rapport.records import RecordKind, Ticket

    return (one for one in place.store.iterate(RecordKind.TICKETS) if isinstance(one, Ticket))


def _summary(card: "Card", seconds: float) -> dict[str, Any]:
    return {
        "name": card.name,
        "rows": sum(card.data["rows"].values()),
        "conversations": card.data["conversations"],
        "labels": card.data["labels"],
        "seconds": round(seconds, 1),
        "scores": dict(card.scores),
    }


def _render(summary: dict[str, Any]) -> None:
    scores, out = summary["scores"], console()
    out.print(f"{summary['name']}: {summary['rows']:,} messages of {summary['conversations']:,} conversations, "
              f"{summary['labels']} labels, {summary['seconds']} s")  # fmt: skip
    for name in ("recall", "precision", "macro_f1", "ece", "reasons"):
        if scores.get(name) is not None:
            out.print(f"  {name:<22} {scores[name]:.3f}")
    for truth, guess, rows in scores["confusions"]:
        out.print(f"  {truth} taken for {guess}: {rows}", markup=False)
    out.print(f"measured on {scores['rows']:,} messages, {scores['escalate']:,} of them escalated ({scores['on']} that "
              f"it was not fitted on); the whole card: rapport models show {quote(summary['name'])}")  # fmt: skip
    out.print(f"to use it: rapport models use {quote(summary['name'])}")

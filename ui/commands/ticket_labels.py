"""`rapport tickets label-next|label|export`: label by hand what teaches most, and write the labels to a file."""

import difflib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, Opened, console, emit, opened

if TYPE_CHECKING:
    from rapport.classifiers import Classifier
    from rapport.models import Encoder


def label_next(
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many tickets.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the tickets most worth labelling, with the guess of the model in use: unsure, typical, no two of a kind."""
    from eval.report import rounded
    from finetune.next_labels import next_labels
    from rapport.models import load_encoder

    with opened(home) as place:
        encoder = load_encoder(place.settings.encoder)
        found = next_labels(place.store, encoder=encoder, classifier=_classifier_in_use(place, encoder), count=count)
    emit(rounded(asdict(found)), as_json, _render)


def label(
    ticket: Annotated[str, typer.Argument(help="Key or id of a ticket.")],
    intent: Annotated[str, typer.Argument(help="Its intent; oos for none of the company's.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give one ticket an intent, in place of the one that it had."""
    from finetune.ticket_labels import intents_of, label_ticket

    with opened(home) as place:
        known = intents_of(place.store)
        key, before = label_ticket(place.store, ticket, intent)
        place.store.audit("admin", "tickets.label", subject=key, details={"intent": intent, "before": before})
    near = difflib.get_close_matches(intent, known, n=1, cutoff=0.8) if intent not in known else []
    if near:
        console(stderr=True).print(f"'{intent}' is new; there is '{near[0]}' already", markup=False)
    report = {"ticket": key, "intent": intent, "before": before or None}
    emit(report, as_json, lambda data: console().print(f"{data['ticket']}: {data['intent']}", markup=False))


def export(
    out: Annotated[Path, typer.Option(help='Where the rows {"text", "label"} go, as JSONL.')],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the first message of every ticket with an intent, masked, for `rapport train intent --data`."""
    from finetune.openings import openings
    from finetune.proposal import write_whole
    from rapport.errors import UserError

    if out.is_dir() or not out.absolute().parent.is_dir():
        raise UserError(f"{out} cannot be written: it is a folder, or its folder is not there.", hint="Name a file.")
    with opened(home) as place:
        found = list(openings(place.store))
    labelled = {one.text: one.label for one in found if one.label}
    if not labelled:
        raise UserError("no ticket has an intent.", hint="Run: rapport tickets cluster, or rapport tickets label-next")
    rows = [json.dumps({"text": one.text, "label": one.label}, ensure_ascii=False) for one in found if one.label]
    write_whole(out, "\n".join(rows) + "\n")
    report = {
        "out": str(out),
        "rows": len(rows),
        "labels": len(set(labelled.values())),
        "unlabelled": len(found) - len(rows),
    }
    emit(report, as_json, _render_export)


def _classifier_in_use(place: Opened, encoder: "Encoder") -> "Classifier | None":
    from rapport.classifiers import load_classifier
    from rapport.registry import artifact_folder, current

    name = current(place.home, "intent")
    return load_classifier(artifact_folder(place.home, name), encoder) if name is not None else None


def _render(found: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("ticket", "message", "guess", "sure", "in scope", box=None, padding=(0, 2, 0, 0))
    for one in found["tickets"]:
        sure, scope = ("" if one[name] is None else f"{one[name]:.2f}" for name in ("confidence", "in_scope"))
        table.add_row(Text(one["ticket"]), Text(one["text"][:300]), Text(one["intent"] or ""), sure, scope)
    console().print(table)
    console(stderr=True).print(
        f"{found['unlabelled']:,} tickets have no intent; {found['compared']:,} messages compared"
    )


def _render_export(report: dict[str, Any]) -> None:
    console().print(
        f"{report['rows']:,} rows with {report['labels']} intents in {report['out']}; "
        f"{report['unlabelled']:,} tickets have none",
        markup=False,
    )

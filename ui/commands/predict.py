"""`rapport predict intent|sentiment|escalation FILE`: what a model says of each text."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, opened


def command(
    task: Annotated[str, typer.Argument(help="intent, sentiment or escalation.")],
    file: Annotated[Path, typer.Argument(help="JSON lines or CSV with a column text.")],
    model: Annotated[str | None, typer.Option(help="Name of a model; default: the one in use.")] = None,
    column: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a JSON object for each text, in order: label, probability, in_scope, accepted; sentiment has a score.

    Escalation has label and reason and the probabilities of escalate and offer; a column conversation says what was
    written before.
    """
    from rapport.errors import SettingsError
    from rapport.registry import SHARED_ROLES

    tasks = (*SHARED_ROLES, "escalation")
    if task not in tasks:
        raise SettingsError(f"'{task}' is not known.", hint=f"Give one of: {', '.join(tasks)}.")
    judged = task == "escalation"
    rows = _judged(file, model, column, home) if judged else _classified(task, file, model, column, home)
    if as_json:
        sys.stdout.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        (_render_judged if judged else _render)(rows)


def _classified(task: str, file: Path, model: str | None, column: str, home: Path | None) -> list[dict[str, Any]]:
    from eval.intents import predict
    from finetune.labelled_files import read_texts
    from ui.commands.models_at import classifier_at

    texts = read_texts(file, column=column)
    found = classifier_at(home, task, model)
    output = predict(found.classifier, texts, encoder=found.encoder)
    return [{"text": text, **row} for text, row in zip(texts, rows_of(output), strict=True)]


def _judged(file: Path, model: str | None, column: str, home: Path | None) -> list[dict[str, Any]]:
    from crm.usual import usual_total
    from eval.escalation import open_watcher
    from finetune.escalation_files import read_unlabelled
    from rapport.models import load_encoder

    with opened(home) as place:
        found = read_unlabelled(file, mapping={"text": column}, usual_value=usual_total(place.store))
        watcher = open_watcher(place.home, load_encoder(place.settings.encoder), name=model)
    return [
        {
            "text": one.said[-1].text,
            "label": judged.level,
            "reason": judged.reason or None,
            "escalate": round(judged.escalate, 4),
            "offer": round(judged.offer, 4),
        }
        for one, judged in zip(found, watcher.judge(found), strict=True)
    ]


def rows_of(output: Any) -> list[dict[str, Any]]:
    """A HeadOutput as JSON values, a row for each text."""
    from rapport.heads import SENTIMENTS, sentiment_of

    scores = sentiment_of(output) if set(output.labels) == set(SENTIMENTS) else None
    accepted, found = output.accepted, []
    for row in range(len(output.in_scope)):
        label, probability = output.best(row)
        values = {
            "label": label,
            "probability": round(probability, 4),
            "in_scope": round(float(output.in_scope[row]), 4),
            "accepted": bool(accepted[row]),
            "others": [[name, round(share, 4)] for name, share in output.ranked(row)[1:]],
        }
        found.append(values if scores is None else {**values, "score": round(float(scores[row]), 4)})
    return found


def _render(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("label", "probability", "in scope", "sure", "text", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(row["label"], f"{row['probability']:.2f}", f"{row['in_scope']:.2f}",
                      "yes" if row["accepted"] else "no", row["text"][:70])  # fmt: skip
    console(markup=False).print(table)


def _render_judged(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("label", "reason", "escalate", "offer", "text", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        shares = (f"{row[name]:.2f}" for name in ("escalate", "offer"))
        table.add_row(row["label"], row["reason"] or "", *shares, Text(row["text"][:70]))
    console().print(table)

"""`rapport predict intent|sentiment FILE`: what a model says of each text."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console


def command(
    task: Annotated[str, typer.Argument(help="intent or sentiment.")],
    file: Annotated[Path, typer.Argument(help="JSON lines or CSV with a column text.")],
    model: Annotated[str | None, typer.Option(help="Name of a model; default: the one in use.")] = None,
    column: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a JSON object for each text, in order: label, probability, in_scope, accepted; sentiment has a score."""
    from eval.intents import predict
    from finetune.labelled_files import read_texts
    from rapport.errors import SettingsError
    from rapport.registry import SHARED_ROLES
    from ui.commands.models_at import classifier_at

    if task not in SHARED_ROLES:
        raise SettingsError(f"'{task}' is not known.", hint=f"Give one of: {', '.join(SHARED_ROLES)}.")
    texts = read_texts(file, column=column)
    found = classifier_at(home, task, model)
    output = predict(found.classifier, texts, encoder=found.encoder)
    rows = [{"text": text, **row} for text, row in zip(texts, rows_of(output), strict=True)]
    if as_json:
        sys.stdout.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        _render(rows)


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
    console().print(table)

"""A predictor of one column of a table as an artifact: the model, which columns it reads, and its card."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from profiles.dnn import FACTS as NET_FACTS
from profiles.dnn import TableModel
from profiles.table_files import Layout
from profiles.trees import TreeModel
from rapport.cards import Card, publish, read_card
from rapport.errors import CorruptArtifact, Refused

KIND = "table"
LAYOUT = "layout.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictor:
    """model: predicts the chance that `target` is `positive`. layout: the columns that it reads."""

    model: TableModel | TreeModel
    layout: Layout
    target: str
    positive: str


def save_predictor(folder: Path, predictor: Predictor, *, data: Mapping[str, Any], scores: Mapping[str, Any]) -> None:
    """Write an artifact, whole or not at all. data: on what it was trained. Raises Refused where other files stand."""
    check_free(folder)
    model = predictor.model
    base = "LightGBM" if isinstance(model, TreeModel) else "nets"
    card = Card(name=folder.name, kind=KIND, base=base, data=data, plan=asdict(model.plan), scores=scores)
    facts = {"target": predictor.target, "positive": predictor.positive, **asdict(predictor.layout)}
    with publish(folder, card) as place:
        model.save(place)
        (place / LAYOUT).write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")


def check_free(folder: Path) -> None:
    """Raise Refused where a folder, or a file of its name, holds something else than a predictor."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / LAYOUT).is_file()):
        raise Refused(f"{folder} holds something else.", hint="Give a folder that does not exist.")


def load_predictor(folder: Path) -> Predictor:
    """Read an artifact. Raises CorruptArtifact where it is none, or a file is missing or was changed."""
    read_card(folder)
    try:
        facts = json.loads((folder / LAYOUT).read_text(encoding="utf-8"))
        layout = Layout(kinds=facts["kinds"], id=facts["id"])
        target, positive = facts["target"], facts["positive"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptArtifact(
            f"{folder} is no predictor of a table ({error}).",
            hint="Make one: rapport profiles train --table FILE --into FOLDER",
        ) from error
    model = TableModel.load(folder) if (folder / NET_FACTS).is_file() else TreeModel.load(folder)
    return Predictor(model=model, layout=layout, target=target, positive=positive)

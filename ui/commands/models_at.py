"""Open one classifier of a home: by name, or the one in use for a task."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.errors import NotFound, Refused

if TYPE_CHECKING:
    from rapport.cards import Card
    from rapport.classifiers import Classifier
    from rapport.models import Encoder
    from rapport.paths import Home


@dataclass(frozen=True, slots=True)
class Found:
    """A classifier with the encoder that it stands on."""

    home: "Home"
    card: "Card"
    classifier: "Classifier"
    encoder: "Encoder"


def classifier_at(given: Path | None, task: str, name: str | None) -> Found:
    """The named model, or the one in use. Raises NotFound where there is none, Refused where it is for another task."""
    from rapport.cards import read_card
    from rapport.classifiers import load_classifier
    from rapport.models import load_encoder
    from rapport.paths import find_home
    from rapport.registry import artifact_folder, current
    from rapport.settings import load_settings

    home = find_home(given)
    chosen = name or current(home, task)
    if chosen is None:
        raise NotFound(f"no {task} model is in use in {home.root}.", hint=f"Run: rapport init, or rapport train {task}")
    folder = artifact_folder(home, chosen)
    card = read_card(folder)
    if card.kind != task:
        raise Refused(f"'{chosen}' is a model for {card.kind}, not for {task}.", hint="See: rapport models list")
    encoder = load_encoder(load_settings(home).encoder)
    return Found(home, card, load_classifier(folder, encoder), encoder)

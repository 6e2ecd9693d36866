"""What a reply model stands on: itself where it is whole, else the model that its adapter changes. Loads nothing.

The card of an adapter names its base: "starter" (the model that Rapport ships), another model of the home, a folder, or
a hub id with its owner ("OWNER/NAME").
"""

import hashlib
from pathlib import Path

from rapport.cards import CARD, Card, read_card
from rapport.errors import CorruptArtifact, NotFound, Refused

STARTER = "starter"
STARTER_FOLDER = Path(__file__).parent / STARTER
WHOLE, ADAPTER = "config.json", "adapter_config.json"
BASE_WEIGHTS = "base_weights"  # in a card's data: `weights_of` the base when the adapter was trained
GO_BACK = "Put it back, or use another model: rapport models list"


def starter_folder() -> Path | None:
    """Where the shipped starter stands; None in an installation without it."""
    return STARTER_FOLDER if (STARTER_FOLDER / CARD).is_file() else None


def is_adapter(card: Card) -> bool:
    """Whether a reply model is an adapter. Raises CorruptArtifact where it is neither that nor a whole model."""
    if ADAPTER in card.files:
        return True
    if WHOLE not in card.files:
        raise CorruptArtifact(f"'{card.name}' has neither {WHOLE} nor {ADAPTER}.", hint="Train it again.")
    return False


def weights_of(card: Card) -> str:
    """Fingerprint of a model's weights: the first 16 hexadecimal digits of a sha256 over those of its files."""
    files = [f"{name} {digest}" for name, digest in sorted(card.files.items()) if name.endswith(".safetensors")]
    return hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]


def base_of(models: Path, card: Card, *, verify: bool = True) -> str:
    """The folder or hub id of the model under an adapter. models: the folder of the home's models.

    verify: hash the base's files, too.
    Raises NotFound where that model is gone, CorruptArtifact where it is damaged or not the one that the adapter was
    trained on, Refused where it is an adapter itself.
    """
    base = card.base
    if base != STARTER and base.count("/") == 1 and not Path(base).is_dir():
        return base  # a hub id
    folder = STARTER_FOLDER if base == STARTER else models / base
    if (folder / CARD).is_file():
        _check_base(card, read_card(folder, verify=verify))
        return str(folder)
    plain = Path(base).expanduser()
    if base != STARTER and (plain / WHOLE).is_file():
        return str(plain.absolute())
    raise NotFound(f"the model '{card.name}' stands on '{base}', which is not there.", hint=GO_BACK)


def trouble_of(models: Path, card: Card) -> str:
    """Why an adapter cannot be loaded, as far as cards tell; "" where nothing speaks against it."""
    if ADAPTER not in card.files:
        return ""
    try:
        base_of(models, card, verify=False)
    except (NotFound, CorruptArtifact, Refused) as error:
        return error.message
    return ""


def standing_on(models: Path, name: str) -> tuple[str, ...]:
    """The names of the models of a home whose base is this one."""
    found = []
    for path in sorted(models.glob(f"[!.]*/{CARD}")):
        try:
            card = read_card(path.parent, verify=False)
        except CorruptArtifact:
            continue
        if ADAPTER in card.files and card.base == name:
            found.append(path.parent.name)
    return tuple(found)


def _check_base(card: Card, base: Card) -> None:
    if is_adapter(base):
        raise Refused(
            f"the model '{card.name}' stands on '{base.name}', which is an adapter itself.",
            hint="Train it again on a whole model.",
        )
    trained_on = card.data.get(BASE_WEIGHTS)
    if trained_on is not None and trained_on != weights_of(base):
        raise CorruptArtifact(
            f"the model '{card.name}' was trained on another '{base.name}' than the one that is there.",
            hint="Train it again, or put the old one back.",
        )

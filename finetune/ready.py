"""The heads of a new home, fitted beforehand on the default encoder and shipped: a home need not fit them itself.

`python -m finetune.ready` makes them, after a change of the texts, the weights or the code that they are made from.
They are taken only where they bear the names of those that would be fitted; for another encoder they are fitted.
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from finetune.defaults import default_names, fit_default_heads
from finetune.elsewhere import shipped_elsewhere
from rapport.cards import CARD, Card, publish, read_card
from rapport.dialogues import Ordinary
from rapport.errors import CorruptArtifact
from rapport.heads import WEIGHTS_FILE, load_head, write_head
from rapport.paths import Home
from rapport.registry import ROLES, current, use

if TYPE_CHECKING:
    from rapport.models import Encoder

FOLDER = Path(__file__).with_name("ready")
HALVED = ("neighbours", "strangers")  # most of a head's bytes, and only compared with: kept in float16
SAMPLE_SEED = 7


def default_heads(
    home: Home,
    sample_examples: Sequence[Ordinary],
    *,
    encoder: "Encoder",
    roles: Collection[str] = ROLES,
    progress: Callable[[str], None] | None = None,
) -> list[Card]:
    """Put the default heads of these roles to use: the shipped ones, or fitted ones where those would be others."""
    names = default_names(sample_examples, encoder)
    wanted = [role for role in ROLES if role in roles]
    if are_shipped({role: names[role] for role in wanted}):
        return [_take(home, role, encoder) for role in wanted]
    return fit_default_heads(home, sample_examples, encoder=encoder, roles=roles, progress=progress)


def are_shipped(names: Mapping[str, str]) -> bool:
    """Whether the heads of these names by role are in the package, undamaged."""
    try:
        return all(read_card(FOLDER / role).name == name for role, name in names.items())
    except CorruptArtifact:
        return False


def make_ready(sample_examples: Iterable[Ordinary], encoder: "Encoder") -> None:
    """Fit the heads and write them into the package, without the map of other trades, which is shipped already."""
    with TemporaryDirectory(prefix="rapport-ready-") as place:
        home = Home(Path(place)).create()
        fit_default_heads(home, sample_examples, encoder=encoder, progress=print)
        for role in ROLES:
            folder = home.models / str(current(home, role))
            with publish(FOLDER / role, replace(read_card(folder), files={})) as temporary:
                head = load_head(folder)
                _copy(folder, temporary)
                write_head(temporary, replace(head, elsewhere=None))
                _halve(temporary / WEIGHTS_FILE)
            for path in (FOLDER / role).iterdir():
                path.chmod(0o644)


def _take(home: Home, role: str, encoder: "Encoder") -> Card:
    head, card = load_head(FOLDER / role), read_card(FOLDER / role)
    with publish(home.models / card.name, replace(card, files={})) as temporary:
        _copy(FOLDER / role, temporary)
        write_head(temporary, replace(head, elsewhere=shipped_elsewhere(encoder) if role == "intent" else None))
    return use(home, role, card.name)


def _copy(folder: Path, to: Path) -> None:
    """All files but the card and what is written anew."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(CARD, "head.*", "elsewhere.*"), dirs_exist_ok=True)


def _halve(file: Path) -> None:
    import numpy as np
    from safetensors.numpy import load_file, save_file

    tensors = load_file(file)
    save_file({name: one.astype(np.float16) if name in HALVED else one for name, one in tensors.items()}, file)


if __name__ == "__main__":
    from rapport.models import load_encoder
    from rapport.sample import build_sample

    make_ready(build_sample(SAMPLE_SEED).examples, load_encoder())

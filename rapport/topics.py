"""Find what a message asks of an order: a linear map on the encoder's vector and the hashed words.

Kept beside the reply model, as safetensors: `weight` (topics + 1, dim), `words` (places, topics + 1) and `bias`
(topics + 1,), whose last entry stands for asking nothing of an order, and the topics' names.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.errors import CorruptArtifact
from rapport.lexical import word_sums

if TYPE_CHECKING:
    import numpy as np

FILE = "topics.safetensors"
LEAST = 0.5  # probability from which a topic counts as asked for
ALONE = 0.75  # probability from which one topic is told alone
SECOND = 0.2  # probability from which the next one is told beside it where the first is less sure


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text asks for.

    names: one topic, two where either may be meant, or none. chance: the probability that it is one of them, 0-1.
    """

    names: tuple[str, ...] = ()
    chance: float = 0.0

    @property
    def likeliest(self) -> str:
        """The topic that is meant most likely; "" for none."""
        return self.names[0] if self.names else ""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names with their map. encoder: the name of the one whose vectors they read."""

    names: tuple[str, ...]
    encoder: str
    weight: "np.ndarray"
    words: "np.ndarray"
    bias: "np.ndarray"

    def chances(self, texts: Sequence[str], vectors: "np.ndarray") -> "np.ndarray":
        """n masked texts with their (n, dim) unit vectors to (n, topics + 1) probabilities; the last is of none."""
        import numpy as np

        logits = vectors @ self.weight.T + word_sums(texts, self.words) + self.bias
        chances: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        return chances

    def asked(self, texts: Sequence[str], vectors: "np.ndarray") -> list[Asked]:
        """Per text what is asked for; both of two that may be meant, so that the answer holds what was asked."""
        return [self._asked(row) for row in self.chances(texts, vectors)]

    def _asked(self, chances: "np.ndarray") -> Asked:
        first, second = (int(at) for at in chances.argsort()[::-1][:2])
        none = len(self.names)
        both = chances[first] < ALONE and chances[second] >= SECOND and none not in (first, second)
        places = (first, second) if both else (first,)
        chance = float(sum(chances[at] for at in places))
        if first == none or chance < LEAST:
            return Asked()
        return Asked(tuple(self.names[at] for at in places), chance)


def save_topics(topics: Topics, folder: Path) -> None:
    """Write the map into a model's folder."""
    import numpy as np
    from safetensors.numpy import save_file

    told = {"names": json.dumps(topics.names), "encoder": topics.encoder}
    # in C order: safetensors writes memory as it lies
    halves = {"weight": topics.weight, "words": topics.words}
    tensors = {name: np.ascontiguousarray(table, dtype=np.float16) for name, table in halves.items()}
    tensors["bias"] = np.ascontiguousarray(topics.bias, dtype=np.float32)
    save_file(tensors, str(folder / FILE), metadata=told)


def load_topics(folder: Path) -> Topics | None:
    """The map beside a model; None where there is none. Raises CorruptArtifact for a file that is none."""
    import numpy as np
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="numpy") as file:
            told = file.metadata()
            names: Sequence[str] = json.loads(told["names"])
            tables = [np.asarray(file.get_tensor(name), dtype=np.float32) for name in ("weight", "words", "bias")]
            return Topics(tuple(names), told["encoder"], *tables)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise CorruptArtifact(f"{path} cannot be read ({error}).", hint="Make the starter again.") from error

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

    def asked(self, texts: Sequence[str], vectors: "np.ndarray") -> list[str]:
        """Per text the topic that is asked for; "" where none is, or it is not clear."""
        chances = self.chances(texts, vectors)
        best = chances.argmax(axis=1)
        sure = chances.max(axis=1) >= LEAST
        return [self.names[at] if ok and at < len(self.names) else "" for at, ok in zip(best, sure, strict=True)]


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

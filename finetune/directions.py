"""Directions in the encoder's space along which sentiments differ, learnt once from many comments and shipped.

A company's few rows then only have to say how far along them its own messages lie. `python -m finetune.directions
FOLDER` makes the file anew from GoEmotions; its metadata say of what it was made.
"""

import functools
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.goemotions import read_goemotions
from finetune.logistic import Fit, Linear, fit_linear
from finetune.vectors import Encoded, VectorCache
from rapport.heads import base_name
from rapport.metrics import macro_f1

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

FILE = Path(__file__).with_name("common") / "sentiment.safetensors"
STRENGTH = 10.0
LEAN = 0.3  # of the scores along the directions beside a unit vector; 0.1 to 1 differ little on dev
ORIGIN = "GoEmotions, train part (google-research, Apache-2.0)"


def sentiment_fit(encoder: "Encoder") -> Fit:
    """How sentiments are fitted on this encoder's vectors: along the directions, where they were made with it."""
    directions = sentiment_directions(encoder)
    return fit_linear if directions is None else functools.partial(fit_along, directions=directions)


def fit_along(rows: Encoded, *, strength: float, balanced: bool, directions: "np.ndarray") -> Linear:
    """A linear map whose weights along the directions (k, dim) are hardly held back; it reads the rows as they are."""
    import numpy as np

    dim = rows.vectors.shape[1]
    along = LEAN * rows.vectors @ directions.T
    linear = fit_linear(
        replace(rows, vectors=np.concatenate([rows.vectors, along], axis=1)), strength=strength, balanced=balanced
    )
    weights: np.ndarray = linear.weights[:, :dim] + LEAN * linear.weights[:, dim:] @ directions
    return replace(linear, weights=weights)


def sentiment_directions(encoder: "Encoder") -> "np.ndarray | None":
    """(3, dim) float32, or None for an encoder that they were not made with."""
    import numpy as np
    from safetensors import safe_open

    with safe_open(str(FILE), framework="numpy") as file:
        if file.metadata()["base"] != base_name(encoder):
            return None
        found: np.ndarray = file.get_tensor("directions").astype(np.float32)
    return found


def make(folder: Path, encoder: "Encoder", target: Path = FILE) -> dict[str, str]:
    """Learn them from the GoEmotions files in `folder` and write them. Returns the file's metadata."""
    import numpy as np
    from safetensors.numpy import save_file

    vectors = VectorCache(encoder)
    train, dev = (vectors.of(read_goemotions(folder, part)) for part in ("train", "dev"))
    linear = fit_linear(train, strength=STRENGTH, balanced=False, wordless=True)
    guesses = [linear.labels[column] for column in linear.logits(dev).argmax(1)]
    about = {
        "base": base_name(encoder),
        "labels": " ".join(linear.labels),
        "data": ORIGIN,
        "rows": str(len(train)),
        "dev_macro_f1": f"{macro_f1(list(dev.labels), guesses):.4f}",
    }
    save_file({"directions": linear.weights.astype(np.float16)}, str(target), metadata=about)
    return about


if __name__ == "__main__":
    from rapport.models import load_encoder

    print(make(Path(sys.argv[1]), load_encoder()))

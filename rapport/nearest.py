"""Whether a text lies nearer to the examples of one side or of the other, in numpy: what `finetune.elsewhere` keeps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CLOSEST = 2  # examples of a side that are compared; with one a stray example counts, with five near ones are blurred


@dataclass(frozen=True, slots=True)
class Nearest:
    """Examples of two sides.

    axes (width, dim): what of a vector is compared. examples (m, width): unit rows, the first `inside` of one side.
    """

    axes: "np.ndarray"
    examples: "np.ndarray"
    inside: int

    def leaning(self, vectors: "np.ndarray") -> "np.ndarray":
        """(n,) mean cosine of (n, dim) vectors with the closest of one side, less that with those of the other."""
        near = along(vectors, self.axes) @ self.examples.T
        leaning: np.ndarray = _closest(near[:, : self.inside]) - _closest(near[:, self.inside :])
        return leaning


def along(vectors: "np.ndarray", axes: "np.ndarray") -> "np.ndarray":
    """(n, width) unit vectors of what (n, dim) ones have along the axes."""
    import numpy as np

    short = vectors @ axes.T
    units: np.ndarray = short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-9)
    return units


def _closest(cosines: "np.ndarray") -> "np.ndarray":
    """(n,) mean of each row's largest; they are crossed out in the rows."""
    import numpy as np

    rows, total = np.arange(len(cosines)), np.zeros(len(cosines), dtype=np.float32)
    count = min(CLOSEST, cosines.shape[1])
    for _ in range(count):
        best = cosines.argmax(axis=1)
        total += cosines[rows, best]
        cosines[rows, best] = -2.0
    mean: np.ndarray = total / count
    return mean

"""Keep a message's vector beside a conversation in few characters, and tell whether the same question comes again.

One byte a number, written as base64: 512 characters for 384 numbers, and a cosine that is right to two decimals.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ALIKE = 0.8  # cosine from which two messages of a conversation count as the same question
KEPT = 4  # messages of a conversation whose vectors are kept


def pack(vector: "np.ndarray") -> str:
    """A (dim,) unit vector as ASCII text."""
    import numpy as np

    scale = 127.0 / max(float(np.abs(vector).max()), 1e-9)
    return base64.b64encode(np.round(vector * scale).astype(np.int8).tobytes()).decode("ascii")


def likeness(vector: "np.ndarray", packed: Sequence[str]) -> tuple[float, int]:
    """The cosine with the most similar of the packed vectors, and how many are ALIKE; (0, 0) where there is none.

    A vector of another width, such as one of an earlier encoder, counts as unlike.
    """
    import numpy as np

    cosines = []
    for text in packed:
        try:
            other = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.int8).astype(np.float32)
        except binascii.Error:
            continue
        if other.shape == vector.shape and other.any():
            cosines.append(float(vector @ other) / float(np.linalg.norm(vector) * np.linalg.norm(other)))
    return max(cosines, default=0.0), sum(cosine >= ALIKE for cosine in cosines)

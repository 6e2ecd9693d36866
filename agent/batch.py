"""The texts that one turn has the encoder read."""

from collections.abc import Sequence

from rapport.text import mask


class Batch:
    """Texts to encode, each distinct masked text once. rows: original text -> its place."""

    def __init__(self, originals: Sequence[str]) -> None:
        masked = {text: mask(text) for text in originals}
        places = {text: row for row, text in enumerate(dict.fromkeys(masked.values()))}
        self.texts = list(places)
        self.rows = {text: places[masked[text]] for text in originals}

"""Read the word lists of `words.toml`, once."""

import functools
import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("words.toml")


@functools.cache
def word_lists(section: str) -> dict[str, tuple[str, ...]]:
    """The lists of one section by name; a list's items are its lines (set_phrases) or its words (the others)."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))[section]
    by_line = section == "set_phrases"
    return {name: tuple(text.split("\n") if by_line else text.split()) for name, text in table.items()}


@functools.cache
def filler() -> frozenset[str]:
    """Words that say nothing of their own beside a value."""
    return frozenset(word_lists("filler")["words"])

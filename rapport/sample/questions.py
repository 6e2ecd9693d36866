"""Natural questions, each with the article that answers it, or with none.

The files are in questions/: `answered.md` has a section per article (its source id), `unanswered.md` sections "near"
(a shop's business that no article covers) and "far" (none of its business).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rapport.sample.data_files import sections


@dataclass(frozen=True, slots=True)
class Question:
    """A question. article: source id of the one that answers it, or None where none does."""

    text: str
    article: str | None
    split: Literal["dev", "test"]


def read_questions() -> tuple[Question, ...]:
    """Every question; those of one article lie by turns in dev and test."""
    return tuple(_questions("answered", answered=True)) + tuple(_questions("unanswered", answered=False))


def _questions(name: str, *, answered: bool) -> Iterator[Question]:
    for heading, bullets in sections("questions", name):
        for position, text in enumerate(bullets):
            yield Question(text, heading if answered else None, "test" if position % 2 else "dev")

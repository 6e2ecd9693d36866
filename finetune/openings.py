"""First messages of tickets, and texts of a file: what is to be labelled. Knows nothing of vectors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.labelled_files import read_rows
from rapport.records import RecordKind, Ticket
from rapport.text import mask

if TYPE_CHECKING:
    from crm.store import Store

INTENT, TEXT = "intent", "text"
MAX_CHARS = 4_000  # the encoder reads some 256 tokens, so what comes later changes nothing
SALUTATION_WORDS, SIGNATURE_WORDS = 5, 4


@dataclass(frozen=True, slots=True)
class Opening:
    """One text to label. id: the ticket's key, or the row's number in its file from 1. label: "" where none stands."""

    id: str
    text: str
    label: str = ""


def openings(store: "Store", *, read: Callable[[str], str] = mask) -> Iterator[Opening]:
    """The first customer message of every ticket that has one, as `read` makes it, with the ticket's intent."""
    for record in store.iterate(RecordKind.TICKETS):
        if isinstance(record, Ticket) and (text := read(first_message(record))):
            yield Opening(record.key, text, record.labels.get(INTENT, ""))


def first_message(ticket: Ticket) -> str:
    """What the customer wrote first, or "" where they wrote nothing."""
    said = (one.text for one in ticket.messages if one.role == "customer" and not one.private and one.text.strip())
    return next(said, "")[:MAX_CHARS]


def request_of(text: str) -> str:
    """The text without the lines that only greet and sign, masked: letters of one shop are alike in little else.

    The first line goes where it has a few words and ends with a comma, last lines where they have a few words and
    no full stop; a text of one line stays whole.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(",") and len(lines[0].split()) <= SALUTATION_WORDS:
        lines = lines[1:]
    while len(lines) > 1 and len(lines[-1].split()) <= SIGNATURE_WORDS and lines[-1][-1] not in ".?!":
        lines = lines[:-1]
    return mask("\n".join(lines))


def texts_of_file(path: Path, *, label: str = "") -> Iterator[Opening]:
    """The texts of a JSON lines or CSV file with a column `text`, as they stand there; empty ones are left out.

    label: the column of their labels; "" reads none. Raises what `finetune.labelled_files.read_rows` does.
    """
    for number, values in enumerate(read_rows(path, (TEXT, label) if label else (TEXT,)), start=1):
        if values[0].strip():
            yield Opening(str(number), *values)

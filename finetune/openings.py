"""First messages of tickets, and texts of a file: what is to be labelled. Knows nothing of vectors."""

import csv
import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rapport.errors import BadRow, NotFound, UserError
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


def read_texts(path: Path, *, label: str = "") -> Iterator[Opening]:
    """The texts of a JSONL or CSV file with a column `text`, as they stand there; empty ones are left out.

    label: the column of their labels, which every row must have; "" reads none.
    Raises NotFound for a missing file, UserError for a missing column, BadRow for a line that cannot be read.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}.", hint="Give a JSONL or CSV file with a column text.")
    wanted = (TEXT, label) if label else (TEXT,)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = _csv_rows if path.suffix.lower() in (".csv", ".tsv") else _json_rows
        try:
            for number, values in enumerate(rows(path, file, wanted), start=1):
                if values[0].strip():
                    yield Opening(str(number), *values)
        except UnicodeDecodeError as error:
            raise BadRow(f"{path} is not UTF-8 ({error.reason}).", hint="Convert it: iconv -t UTF-8") from error


def _json_rows(path: Path, file: TextIO, wanted: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            yield ("",)
            continue
        try:
            row: Any = json.loads(line)
        except ValueError as error:
            raise BadRow(f"{path}:{number} is not JSON ({error}).", hint='Write {"text": "…"} on each line.') from error
        values: tuple[Any, ...] = tuple(row.get(name) for name in wanted) if isinstance(row, dict) else (None,)
        for name, value in zip(wanted, values, strict=False):
            if not isinstance(value, str):
                named = list(row) if isinstance(row, dict) else []
                raise BadRow(f"{path}:{number} has no text in '{name}'.{_nearest(name, named)}")
        yield values


def _csv_rows(path: Path, file: TextIO, wanted: Sequence[str]) -> Iterator[tuple[str, ...]]:
    reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    named = list(reader.fieldnames or ())
    for name in wanted:
        if name not in named:
            raise UserError(f"{path} has no column '{name}'.{_nearest(name, named)}", hint=f"Call the column {name}.")
    try:
        for row in reader:
            yield tuple(row[name] or "" for name in wanted)
    except csv.Error as error:
        raise BadRow(f"{path}:{reader.line_num} cannot be read ({error}).", hint="Mend the line.") from error


def _nearest(name: str, named: Sequence[Any]) -> str:
    near = difflib.get_close_matches(name, [str(one) for one in named], n=1)
    return f" It has '{near[0]}'." if near else ""

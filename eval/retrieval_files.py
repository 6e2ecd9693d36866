"""Read a retrieval set: a corpus, questions and judgements, plain or gzipped. Measures nothing."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rapport.errors import BadRow, NotFound


@dataclass(frozen=True, slots=True)
class Document:
    """A row of the corpus. entity: what it is about, where a question may be limited to that."""

    id: str
    title: str
    text: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question. entities: only documents about these are searched; empty: all are."""

    id: str
    text: str
    entities: tuple[str, ...] = ()


def read_corpus(path: Path) -> list[Document]:
    """Rows {"id", "title"?, "text", "entity"?}. Raises NotFound, BadRow."""
    return [
        Document(_text(row, "id", where), row.get("title") or "", _text(row, "text", where), row.get("entity"))
        for where, row in _rows(path)
    ]


def read_questions(path: Path) -> list[Question]:
    """Rows {"id", "text", "entity"?}; `entities` may hold several. Raises NotFound, BadRow."""
    questions = []
    for where, row in _rows(path):
        entities = row.get("entities") or ([row["entity"]] if row.get("entity") else [])
        questions.append(Question(_text(row, "id", where), _text(row, "text", where), tuple(entities)))
    return questions


def read_judgements(path: Path) -> dict[str, frozenset[str]]:
    """Relevant documents by question, from lines "question<TAB>document<TAB>grade"; grade 0 is not relevant."""
    relevant: dict[str, set[str]] = {}
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            parts = line.rstrip("\n").split("\t")
            if len(parts) == 1 and not parts[0]:
                continue
            try:
                question, document, grade = parts[0], parts[1], float(parts[2]) if len(parts) > 2 else 1.0
            except (IndexError, ValueError):
                if number == 1:
                    continue  # a heading
                raise BadRow(f"{path}:{number} is not question<TAB>document<TAB>grade.") from None
            if grade > 0:
                relevant.setdefault(question, set()).add(document)
    return {question: frozenset(documents) for question, documents in relevant.items()}


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise BadRow(f"{where} is not JSON ({error}).") from error
            if not isinstance(row, dict):
                raise BadRow(f"{where} is not a JSON object.")
            yield where, row


def _text(row: dict[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise BadRow(f"{where} has no '{name}'.", hint=f"Its fields are: {', '.join(row)}.")
    return value


def _open(path: Path) -> TextIO:
    if not path.is_file():
        raise NotFound(f"there is no file {path}.")
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")

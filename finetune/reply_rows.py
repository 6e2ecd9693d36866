"""Training rows of a reply model: read, checked, written as JSON lines. Knows nothing of tokens or tickets.

A row is a mapping with `messages` (role system, user or assistant; the last one, the assistant's, is learnt) and, where
known, `source`, `customer`, `at` (ISO time) and `checkable` (the reply states a value of the record).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crm.importers.text_file import check_readable
from rapport.errors import BadRow, NotFound

ROLES = ("system", "user", "assistant")
RowMessages = list[tuple[str, str]]  # (role, text)
HINT = 'Write one JSON object a line: {"messages": [{"role": "user", "content": …}, {"role": "assistant", …}]}'


def messages_of(row: Mapping[str, Any]) -> RowMessages:
    """The row's messages. Raises BadRow where they are no conversation that ends with a reply."""
    given = row.get("messages") if isinstance(row, Mapping) else None
    if not isinstance(given, list | tuple) or len(given) < 2:
        raise BadRow("a training row needs a list of messages, two or more.", hint=HINT)
    found: RowMessages = []
    for message in given:
        role, text = (message.get("role"), message.get("content")) if isinstance(message, Mapping) else (None, None)
        if role not in ROLES or not isinstance(text, str) or not text.strip():
            raise BadRow(f"a message needs a role ({', '.join(ROLES)}) and content, not role {role!r}.", hint=HINT)
        found.append((role, text))
    if found[-1][0] != "assistant":
        raise BadRow(f"the last message is the {found[-1][0]}'s; the assistant's reply is learnt.", hint=HINT)
    if not any(role == "user" for role, _ in found):
        raise BadRow("no message is the user's.", hint=HINT)
    return found


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file.

    Raises NotFound for no file, UserError for one that is no text of rows, BadRow with the number of a wrong line.
    """
    if not path.exists():
        raise NotFound(f"there is no file {path}.", hint="Give the path of a file of JSON lines.")
    check_readable(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadRow(f"{path} cannot be read ({error}).", hint=HINT) from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            messages_of(row)
        except (ValueError, BadRow) as error:
            said = error.message if isinstance(error, BadRow) else f"this is no JSON ({error})."
            raise BadRow(f"{path}, line {number}: {said}", hint=HINT) from error
        rows.append(row)
    return rows


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def fingerprint(rows: Iterable[Mapping[str, Any]]) -> str:
    """Hash of what the rows say, in their order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(messages_of(row), ensure_ascii=False).encode())
    return digest.hexdigest()[:16]

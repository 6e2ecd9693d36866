"""A company's own labelled conversations: rows of a JSONL file, and tickets that were or were not escalated.

A row is `{"text": …, "label": "answer" | "offer" | "escalate", "reason": …, "conversation": [{"role", "text"}, …]}`;
only text and label must be there. The conversation is what was said before, oldest first.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

from rapport.dialogues import Dialogue, Did, Said
from rapport.errors import BadRow
from rapport.escalation import LEVELS, REASONS
from rapport.records import Ticket
from rapport.types import EscalationLevel

CUSTOMER = frozenset({"customer", "user"})
AGENT = frozenset({"agent", "assistant", "bot", "staff", "system"})
_KNOWN = frozenset({"text", "label", "reason", "conversation", "order_value", "language"})


def read_conversations(path: Path, *, split: str = "train", usual_value: float = 0.0) -> tuple[Dialogue, ...]:
    """One labelled conversation per line. usual_value: total of the usual order; 0: what is at stake is not known.

    Raises BadRow naming the line and what is wrong with it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRow(f"{path} cannot be read ({error}).", hint="Give a JSONL file in UTF-8.") from error
    found = [
        _dialogue(_object(line, f"{path}, line {number}"), f"{path}, line {number}", split, usual_value)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not found:
        raise BadRow(f"{path} holds no rows.", hint='Write a line such as {"text": "…", "label": "escalate"}.')
    return tuple(found)


def ticket_conversations(tickets: Iterable[Ticket], *, usual_value: float = 0.0) -> tuple[Dialogue, ...]:
    """The tickets that say whether they were escalated ("yes" or "no"), each with its customer's messages.

    The last message before the first note among staff counts as escalated; where there is no note, the last one does.
    What was written after it has no label. Dealt to train, dev and test by the ticket's key.
    """
    return tuple(made for ticket in tickets if (made := _of_ticket(ticket, usual_value)) is not None)


def with_splits(dialogues: Sequence[Dialogue]) -> tuple[Dialogue, ...]:
    """The same conversations dealt to train (14 of 20), dev (3) and test (3) by a hash of what the customer wrote."""
    return tuple(replace(one, split=_split(" ".join(said.text for said in one.said))) for one in dialogues)


def _dialogue(row: Mapping[str, Any], where: str, split: str, usual_value: float) -> Dialogue:
    if unknown := set(row) - _KNOWN:
        raise BadRow(f"{where}: '{sorted(unknown)[0]}' is not known.", hint=f"Fields: {', '.join(sorted(_KNOWN))}.")
    text, level = _text(row.get("text"), where), row.get("label")
    if level not in LEVELS:
        raise BadRow(f"{where}: the label {level!r} is none of {', '.join(LEVELS)}.")
    value = row.get("order_value", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadRow(f"{where}: order_value {value!r} is no sum of money.", hint="Give a number, or leave it out.")
    last = Said(text, cast(EscalationLevel, level), _reason(row, level, where))
    return Dialogue(
        said=(*_before(row.get("conversation", []), where), last),
        split=split,
        language=str(row.get("language", "en")),
        order_value=float(value),
        usual_value=usual_value,
    )


def _before(conversation: Any, where: str) -> tuple[Said, ...]:
    if not isinstance(conversation, list) or not all(isinstance(turn, dict) for turn in conversation):
        raise BadRow(
            f"{where}: the conversation is no list of turns.", hint='A turn: {"role": "customer", "text": "…"}.'
        )
    said: list[Said] = []
    for turn in conversation:
        role = turn.get("role")
        if role in CUSTOMER:
            said.append(Said(_text(turn.get("text"), where)))
        elif role in AGENT:
            did = turn.get("did", "answered")
            if did not in get_args(Did):
                raise BadRow(f"{where}: did {did!r} is none of {', '.join(get_args(Did))}.")
            if said:
                said[-1] = replace(said[-1], did=cast(Did, did))
        else:
            raise BadRow(f"{where}: the role {role!r} is not known.", hint="Give customer or agent.")
    return tuple(said)


def _reason(row: Mapping[str, Any], level: str, where: str) -> str:
    reason = row.get("reason") or ""
    names = {**{name: name for name in REASONS}, **{words: name for name, words in REASONS.items()}}
    if reason and (level == "answer" or reason not in names):
        known = "no reason" if level == "answer" else ", ".join(REASONS)
        raise BadRow(f"{where}: the reason {reason!r} does not fit the label {level}.", hint=f"Possible: {known}.")
    return names.get(reason, "")


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadRow(f"{where} is not JSON ({error}).", hint="Write one JSON object a line.") from error
    if not isinstance(row, dict):
        raise BadRow(f"{where} is no JSON object.", hint='Write a line such as {"text": "…", "label": "escalate"}.')
    return row


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRow(f"{where}: a text is missing or empty.")
    return value


def _of_ticket(ticket: Ticket, usual_value: float) -> Dialogue | None:
    escalated = {"yes": True, "no": False}.get(ticket.labels.get("escalated", "").strip().casefold())
    if escalated is None:
        return None
    notes = [place for place, message in enumerate(ticket.messages) if message.private]
    end = notes[0] if escalated and notes else len(ticket.messages)
    before = [one.text for one in ticket.messages[:end] if one.role == "customer" and one.text.strip()]
    if not before:
        return None
    said = [Said(text, "answer") for text in before]
    if escalated:
        said[-1] = Said(before[-1], "escalate")
    return Dialogue(
        said=tuple(said),
        split=_split(ticket.key),
        language=ticket.labels.get("language", "en"),
        usual_value=usual_value,
    )


def _split(key: str) -> str:
    place = int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:4]) % 20
    return "train" if place < 14 else "dev" if place < 17 else "test"

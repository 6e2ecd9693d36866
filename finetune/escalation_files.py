"""A company's own labelled conversations: rows of JSON lines or CSV, and tickets that were or were not escalated.

A row is `{"text": …, "label": "answer" | "offer" | "escalate", "reason": …, "conversation": [{"role", "text"}, …]}`;
only text and label must be there. The conversation is what was said before, oldest first. Rows of one conversation bear
the same `id`, or open with the same message. `split` says which part a row belongs to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

from finetune.row_files import rows_of
from rapport.dialogues import Dialogue, Did, Said
from rapport.errors import BadRow, UserError
from rapport.escalation import LEVELS, REASONS
from rapport.records import Ticket
from rapport.text import mask
from rapport.types import EscalationLevel

CUSTOMER = frozenset({"customer", "user"})
AGENT = frozenset({"agent", "assistant", "bot", "staff", "system"})
SPLITS = ("train", "dev", "test")
FIELDS = ("text", "label", "reason", "conversation", "id", "split", "order_value", "language")


def read_conversations(
    path: Path, *, mapping: Mapping[str, str] | None = None, split: str = "", usual_value: float = 0.0
) -> tuple[Dialogue, ...]:
    """One labelled message per row, with what was said before it.

    mapping: field -> column, for other column names. split: of the rows that name none. usual_value: total of the usual
    order; 0: what is at stake is not known.
    Raises UserError for a file that is no text or lacks a column, BadRow naming the line and what is wrong with it.
    """
    found = [
        _dialogue(row, where, split, usual_value)
        for row, where in _rows(path, mapping or {}, ("text", "label"), strict=True)
    ]
    if not found:
        raise BadRow(f"{path} holds no rows.", hint='Write a line such as {"text": "…", "label": "escalate"}.')
    return tuple(found)


def read_unlabelled(
    path: Path, *, mapping: Mapping[str, str] | None = None, usual_value: float = 0.0
) -> tuple[Dialogue, ...]:
    """The same for rows that nobody labelled, whatever other columns they have; each ends with the message to judge."""
    rows = _rows(path, mapping or {}, ("text",), strict=False)
    return tuple(
        _dialogue({**row, "label": "answer", "reason": "", "split": ""}, where, "", usual_value) for row, where in rows
    )


def ticket_conversations(
    tickets: Iterable[Ticket], *, split: str = "", usual_value: float = 0.0
) -> tuple[Dialogue, ...]:
    """The tickets that say whether they were escalated ("yes" or "no"), each with its customer's messages.

    The last message before the first note among staff counts as escalated; where there is no note, the last one does.
    What was written after it has no label.
    """
    made = (_of_ticket(ticket, usual_value) for ticket in tickets)
    return tuple(replace(one, split=split) for one in made if one is not None)


def _rows(
    path: Path, mapping: Mapping[str, str], needed: tuple[str, ...], *, strict: bool
) -> Iterable[tuple[dict[str, Any], str]]:
    """(what a row says by field, where it stands); an empty cell says nothing. strict: other columns are mistakes."""
    if wrong := sorted(set(mapping) - set(FIELDS)):
        raise UserError(f"--map {wrong[0]}=… is not known.", hint=f"Give one of: {', '.join(FIELDS)}.")
    columns = {mapping.get(field, field): field for field in FIELDS}
    for line, values, broken in rows_of(path, tuple(mapping.get(field, field) for field in needed), fields=needed):
        where = f"line {line} of {path.name}"
        if broken:
            raise BadRow(f"{where} cannot be read: {broken}", hint="Mend or remove that line.")
        if strict and (unknown := sorted(set(values) - set(columns))):
            raise BadRow(f"{where}: '{unknown[0]}' is not known.", hint=f"Fields: {', '.join(FIELDS)}; others: --map.")
        yield (
            {columns[name]: value for name, value in values.items() if name in columns and value not in ("", None)},
            where,
        )


def _dialogue(row: Mapping[str, Any], where: str, split: str, usual_value: float) -> Dialogue:
    text, level, named = _text(row.get("text"), where), row.get("label"), row.get("split", split)
    if level not in LEVELS:
        raise BadRow(f"{where}: the label {level!r} is none of {', '.join(LEVELS)}.")
    if named and named not in SPLITS:
        raise BadRow(f"{where}: the split {named!r} is none of {', '.join(SPLITS)}.")
    last = Said(text, cast(EscalationLevel, level), _reason(row, level, where))
    said = (*_before(row.get("conversation", []), where), last)
    return Dialogue(
        said=said,
        split=named,
        language=str(row.get("language", "en")),
        order_value=_money(row.get("order_value", 0), where),
        usual_value=usual_value,
        family=f"id {row['id']}" if "id" in row else mask(said[0].text).casefold(),
    )


def _money(value: Any, where: str) -> float:
    try:
        amount = -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise BadRow(f"{where}: order_value {value!r} is no sum of money.", hint="Give a number, or leave it out.")
    return amount


def _before(conversation: Any, where: str) -> tuple[Said, ...]:
    if not isinstance(conversation, list) or not all(isinstance(turn, dict) for turn in conversation):
        raise BadRow(
            f"{where}: the conversation is no list of turns.", hint='A turn: {"role": "customer", "text": "…"}.'
        )
    said: list[Said] = []
    for turn in conversation:
        role = str(turn.get("role"))
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
    reason = str(row.get("reason", ""))
    names = {**{name: name for name in REASONS}, **{words: name for name, words in REASONS.items()}}
    if reason and (level == "answer" or reason not in names):
        known = "no reason" if level == "answer" else ", ".join(REASONS)
        raise BadRow(f"{where}: the reason {reason!r} does not fit the label {level}.", hint=f"Possible: {known}.")
    return names.get(reason, "")


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
        split="",
        language=ticket.labels.get("language", "en"),
        usual_value=usual_value,
        family=ticket.key,
    )

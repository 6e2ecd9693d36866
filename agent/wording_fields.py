"""Put single fields of an order into templates: what is said where a question names what it wants to know."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.brief import Line, Say
from prompts.fields import Sheet, sheet_of, wanted

# How a field is named where its name alone does not say it.
_NAMES = {"total": "total", "expected date": "expected day of delivery", "delivery date": "day of delivery"}


def field_lines(values: Mapping[str, Any], asked: Sequence[str]) -> tuple[Line, ...]:
    """One sentence for each field that is asked for; what is not on record is said to be missing."""
    sheet = sheet_of(values)
    need = wanted(sheet, asked)
    lines = [_known(sheet, name) for name in need.must if name not in ("status", "order number")]
    lines += [_missing(sheet, name) for name in need.missing]
    if "status" in need.must or (need.missing and not need.must):
        lines.insert(0 if "status" in need.must else len(lines), _status(sheet))
    return tuple(lines)


def _known(sheet: Sheet, name: str) -> Line:
    slots = {"number": sheet.fields["order number"], "value": sheet.fields[name]}
    if name == "items":
        return Say("order_items", slots)
    if name == "delivery date":
        return Say("order_arrived", slots)
    if name == "expected date":
        return Say("order_expected", slots)
    return Say("order_field", {**slots, "field": _NAMES.get(name, name)})


def _missing(sheet: Sheet, name: str) -> Line:
    return Say("order_field_none", {"number": sheet.fields["order number"], "field": _NAMES.get(name, name)})


def _status(sheet: Sheet) -> Line:
    return Say("order_field_status", {"number": sheet.fields["order number"], "status": sheet.fields["status"]})

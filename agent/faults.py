"""Say in words what was wrong with a draft, for the writer that writes it again.

The prompt of a rewrite may go to a server, and what it names a model may repeat: values that may be another customer's,
such as numbers, names and addresses that stand in no evidence, are not named.
"""

import re
import tomllib
from functools import cache
from typing import Any

from agent.manuscript import LEFT_OUT
from prompts.render import FOLDER, fill
from rapport.types import Verdict

_CITATION = f"{LEFT_OUT}citation"
_WRONG_FIELD = "wrong field: "
_UNSUPPORTED = "unsupported: "
# Dates, amounts and short numbers, states and currencies: they tell nothing of a person.
_PLAIN = re.compile(r"(?:\d{4}-)?\d{2}-\d{2}|\d{1,3}(?:\.\d+)?|[A-Z]{3}|[a-z]+(?: [a-z]+){0,3}")


def faults(verdict: Verdict) -> list[str]:
    """One sentence for each kind of fault of a draft."""
    words = _words()
    said = [
        *_ungrounded(verdict.ungrounded),
        *([words["leak"]] if verdict.leaks else []),
        *dict.fromkeys(_rule(name) for name in verdict.rule_breaks if not name.startswith(LEFT_OUT)),
    ]
    left_out = [name.removeprefix(LEFT_OUT) for name in verdict.rule_breaks if name.startswith(LEFT_OUT)]
    if left_out and left_out != ["citation"]:
        said.append(_named("left_out", [name for name in left_out if f"{LEFT_OUT}{name}" != _CITATION]))
    return [*said, words["citation"]] if _CITATION in verdict.rule_breaks else said


def _ungrounded(values: tuple[str, ...]) -> list[str]:
    wrong = [value.removeprefix(_WRONG_FIELD) for value in values if value.startswith(_WRONG_FIELD)]
    sources = [value for value in values if value.startswith("[")]
    loose = any(value.startswith(_UNSUPPORTED) for value in values)
    rest = [value for value in values if not value.startswith((_WRONG_FIELD, _UNSUPPORTED, "["))]
    plain = [value for value in rest if _PLAIN.fullmatch(value) and not value.startswith("name ")]
    said = [_named("ungrounded", plain)] if plain else []
    said += [_words()["unnamed"]] if len(plain) < len(rest) else []
    said += [_named("wrong_field", wrong)] if wrong else []
    said += [_words()["unsupported"]] if loose else []
    return said + ([_words()["source"]] if sources else [])


def _rule(name: str) -> str:
    known = _words()["breaks"]
    found = known.get(name) or known.get(name.split()[0])  # "language es" tells more than the rule
    return str(found) if found else _named("other", [name.replace("_", " ")])


def _named(name: str, values: list[str]) -> str:
    return fill(_words()[name], {"values": ", ".join(values)})


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "faults.toml").read_text(encoding="utf-8"))

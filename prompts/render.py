"""Turn templates into text: one file a template, named slots, filled in one pass.

A slot is `{lower_case}`. Values are put in as they are and never read again for slots, so nothing that a customer or a
record says can become one. Knows nothing of what the values mean.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rapport.errors import DataError

SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
FOLDER = Path(__file__).parent
DEFAULT_LOCALE = "en"


def fill(wording: str, values: Mapping[str, str]) -> str:
    """Put `values` into the slots of `wording`. Raises DataError for a slot without a value."""

    def value(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            raise DataError(
                f"the template has the slot '{match[1]}', which has no value.", hint=f"Given: {sorted(values)}."
            ) from None

    return SLOT.sub(value, wording)


def say(name: str, values: Mapping[str, str] | None = None, *, locale: str = DEFAULT_LOCALE, pick: int = 0) -> str:
    """One wording of the reply `name`, filled in.

    locale: BCP 47; where the template lacks the language, English. pick: chooses among the wordings, any number.
    Raises DataError for an unknown template or a slot without a value.
    """
    options = wordings(name, locale)
    return fill(options[pick % len(options)], values or {})


def wordings(name: str, locale: str = DEFAULT_LOCALE) -> tuple[str, ...]:
    """All wordings of a reply in the language of `locale`, else in English."""
    table = template(name)
    language = locale.split("-")[0].lower()
    return tuple(table.get(language, table[DEFAULT_LOCALE])["wordings"])


def speaks(name: str, locale: str) -> bool:
    """Whether the reply has wordings of its own in this language."""
    return locale.split("-")[0].lower() in template(name)


@cache
def template(name: str) -> dict[str, Any]:
    """The file of one reply: its purpose, its slots and, per language, its wordings."""
    path = FOLDER / "replies" / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"there is no reply template '{name}'.", hint=f"Expected the file {path}.") from error
    if DEFAULT_LOCALE not in table:
        raise DataError(f"the reply template '{name}' has no English wording.")
    return table


@cache
def page(name: str) -> str:
    """The text of a longer prompt under `prompts/chat/`, slots unfilled."""
    path = FOLDER / "chat" / f"{name}.md"
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DataError(f"there is no prompt '{name}'.", hint=f"Expected the file {path}.") from error


@cache
def rules() -> dict[str, Any]:
    """The guidelines, thresholds and forbidden phrases of `rules.toml`."""
    return tomllib.loads((FOLDER / "rules.toml").read_text(encoding="utf-8"))

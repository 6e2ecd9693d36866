"""Cut a Markdown text into the sections under its headings."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading, up to the next heading of any level. path: its headings, without the top one."""

    path: tuple[str, ...]
    text: str
    line: int


def sections_of(text: str, *, title: str) -> Iterator[Section]:
    """The sections that hold text. Text before or right under the first top heading has that heading as its path.

    A heading that stands twice in one place is numbered, so that paths are unique.
    """
    above: list[tuple[int, str]] = [(1, title)]
    body: list[str] = []
    start, used = 1, dict[tuple[str, ...], int]()
    for number, line, heading in (*_marked(text), (0, "", (1, ""))):
        if heading is None:
            body.append(line)
            continue
        if written := "\n".join(body).strip():
            path = tuple(name for _, name in (above[1:] or above))
            used[path] = used.get(path, 0) + 1
            yield Section(path if used[path] == 1 else (*path[:-1], f"{path[-1]} ({used[path]})"), written, start)
        above = [(level, name) for level, name in above if level < heading[0]] + [heading]
        body, start = [], number


def first_heading(text: str) -> tuple[str, str] | None:
    """The first heading outside a code block and the text without it, or None where there is none."""
    for number, _, heading in _marked(text):
        if heading is not None:
            lines = text.splitlines()
            return heading[1], "\n".join(lines[: number - 1] + lines[number:]).strip()
    return None


def _marked(text: str) -> Iterator[tuple[int, str, tuple[int, str] | None]]:
    """(line number, line, (level, words) where it is a heading). A "#" inside a code block is none."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            fenced = not fenced
        found = None if fenced else _HEADING.match(line)
        yield number, line, (len(found[1]), found[2].strip()) if found else None


def slug(text: str) -> str:
    """A heading as part of an id: "Return delivered order" is "return-delivered-order"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.casefold()).strip("-") or "section"

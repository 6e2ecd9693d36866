"""Read the sample company's data files. They travel inside the package, so they are read as its resources."""

import csv
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

SOURCE = "sample"


def _root() -> Traversable:
    return files("rapport.sample")


@cache
def toml(name: str) -> dict[str, Any]:
    """The parsed file data/`name`.toml. Not to be changed by the caller: it is read once."""
    return tomllib.loads((_root() / "data" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of data/`name`.csv."""
    text = (_root() / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def texts(folder: str) -> Iterator[tuple[str, str]]:
    """(name without .md, text) of each Markdown file of a folder, by name."""
    for path in sorted((_root() / folder).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".md"):
            yield path.name.removesuffix(".md"), path.read_text(encoding="utf-8")


@cache
def sections(folder: str, name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(heading, bullets) of each `## heading` of a Markdown list, in the file's order.

    Only lines that start with "- " or "## " count; the rest is prose for the reader.
    """
    text = (_root() / folder / f"{name}.md").read_text(encoding="utf-8")
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("## "):
            found.append((line[3:].strip(), []))
        elif line.startswith("- ") and found:
            found[-1][1].append(line[2:].strip())
    return tuple((heading, tuple(bullets)) for heading, bullets in found)

"""Read a JSON object of objects member by member, so that memory holds one member and not the file.

The standard library's decoder reads each member from a growing buffer: no package is needed, and it is faster than
an event parser because a whole member is decoded at once.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rapport.errors import DataError

PIECE = 1 << 16
MAX_MEMBER = 64 * 1024 * 1024  # characters; a bigger member means that the file is not of this shape
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an inner object: {section: {name: value}}. line: where its name stands."""

    section: str
    name: str
    value: Any
    line: int


def members(path: Path) -> Iterator[Member]:
    """Every entry of the objects inside the file's outer object, in order.

    Raises DataError with the line where the file is not such an object, ends early or is not UTF-8.
    """
    with path.open("rb") as file:
        text = _Text(path.name, iter(lambda: file.read(PIECE), b""))
        for section in text.object_names():
            if text.peek() != "{":
                text.value()
                continue
            for name in text.object_names():
                line = text.line
                yield Member(section, name, text.value(), line)
        if text.peek():
            raise text.error("more text after the object's end")


class _Text:
    """The unread part of a file, and how to read on."""

    def __init__(self, name: str, pieces: Iterator[bytes]) -> None:
        self._name, self._pieces = name, pieces
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(parse_float=Decimal)
        self._buffer, self._at, self._ended = "", 0, False
        self.line = 1

    def object_names(self) -> Iterator[str]:
        """The names of the object that starts here; read each one's value before the next name."""
        self._expect("{")
        if self.peek() == "}":
            self._step()
            return
        while True:
            if self.peek() != '"':
                raise self.error("a name in double quotes was expected")
            name = self.value()
            self._expect(":")
            self.peek()
            yield name
            if self.peek() == "}":
                self._step()
                return
            self._expect(",")

    def peek(self) -> str:
        """The next character that is not space; empty at the end."""
        while True:
            end = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
            self._advance(end)
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def value(self) -> Any:
        """The value that starts here."""
        while True:
            try:
                value, end = self._json.raw_decode(self._buffer, self._at)
                # a number at the end of the buffer may go on in the next piece
                if end < len(self._buffer) or not self._more():
                    self._advance(end)
                    return value
            except (ValueError, RecursionError) as error:
                if not self._more(double=True):
                    raise self.error(f"not valid JSON ({error.args[0] if error.args else error})") from None

    def error(self, what: str) -> DataError:
        return DataError(f"{self._name}, line {self.line}: {what}.", hint="Export the file again.")

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self.error(f"'{character}' was expected")
        self._step()

    def _step(self) -> None:
        self._at += 1

    def _advance(self, end: int) -> None:
        self.line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _more(self, *, double: bool = False) -> bool:
        """Read on: one piece, or as much as is there already, so that a long member is not decoded too often."""
        if self._ended:
            return False
        wanted = max(len(self._buffer) - self._at, PIECE) if double else 1
        if len(self._buffer) - self._at > MAX_MEMBER:
            return False
        parts = [self._buffer[self._at :]]
        got = 0
        while got < wanted and not self._ended:
            raw = next(self._pieces, b"")
            self._ended = not raw
            try:
                parts.append(self._decode.decode(raw, final=self._ended))
            except UnicodeDecodeError as error:
                raise self.error(f"not valid UTF-8 ({error.reason})") from None
            got += len(parts[-1])
        self._buffer, self._at = "".join(parts), 0
        return got > 0

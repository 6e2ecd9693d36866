"""Lines of a text file with their number and byte offset. A line that is not UTF-8 or endless is marked, not raised."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rapport.errors import UserError

MAX_LINE = 32 * 1024 * 1024  # bytes; a longer line is read over and rejected, so memory stays bounded
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_ARRAY = re.compile(rb"\s*\[\s*\{")  # a list of objects; the header of a CSV file does not begin so
_PACKED = {b"PK\x03\x04": "a spreadsheet or zip file", b"\x1f\x8b": "a gzip file", b"\xd0\xcf\x11\xe0": "a spreadsheet"}


@dataclass(slots=True)
class Line:
    """One line. number starts at 1; end: offset of the byte after it; broken: why it cannot be used, or empty."""

    number: int
    end: int
    text: str
    broken: str = ""


def check_readable(path: Path) -> None:
    """Raise UserError for a file that is no text of rows: missing, empty, UTF-16, packed, a JSON array, lone CR."""
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a file.", hint="Name a file in it.")
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is not a file that can be read twice.", hint="Save it as a file first.")
    try:
        with path.open("rb") as file:
            head = file.read(65_536)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", hint="Check the path.") from error
    if not head:
        raise UserError(f"{path} is empty.", hint="Export it again; a CSV file has at least a header line.")
    for start, name in _PACKED.items():
        if head.startswith(start):
            raise UserError(f"{path} is {name}, not text.", hint="Save it as CSV (UTF-8), or unpack it.")
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            raise UserError(f"{path} is {name}.", hint=_convert(path, name))
    if head.count(b"\0") > len(head) // 4:
        raise UserError(f"{path} looks like UTF-16 without a mark, or is not text.", hint=_convert(path, "UTF-16LE"))
    if _ARRAY.match(head.removeprefix(codecs.BOM_UTF8)):
        raise UserError(
            f"{path} is one JSON array, not JSON lines.",
            hint=f"Write an object a line: jq -c '.[]' {path.name} > {path.stem}-lines.jsonl",
        )
    if b"\r" in head and b"\n" not in head:
        raise UserError(f"{path} ends its lines with a lone carriage return.", hint="Save it with \\n or \\r\\n.")


def lines_of(file: BinaryIO) -> Iterator[Line]:
    """The lines of a file opened in binary, one at a time. A byte-order mark is left out."""
    number = end = 0
    while raw := file.readline(MAX_LINE):
        number, end = number + 1, end + len(raw)
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                end += len(rest)
            end += len(rest)
            yield Line(number, end, "", f"the line is longer than {MAX_LINE // 1024**2} MB.")
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield Line(number, end, raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            bad = f"0x{raw[error.start]:02X} at byte {error.start + 1} of line {number}"
            readable = raw.decode("utf-8", errors="backslashreplace")
            yield Line(number, end, readable, f"not valid UTF-8 ({bad}). Save the file as UTF-8.")


def sha256_of_file(path: Path) -> str:
    """Fingerprint of the content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(path: Path, encoding: str) -> str:
    return f"Convert it: iconv -f {encoding} -t UTF-8 {path.name} > {path.stem}-utf8{path.suffix}"

"""Keep the rows that could not become records, each with its line and the reason, in a file of JSON lines.

While the import runs the file is named after the import; a resumed import goes on with it, and only a finished one
gives it its last name. So one file holds all rejects of a file, however often the import was interrupted.
"""

import json
import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from crm.importers.rows import Unit
from rapport.errors import SettingsError

_log = logging.getLogger(__name__)


class Rejects:
    """Rejects of one import. With no folder they are only counted.

    keep_before: entries of an interrupted run up to this line are kept, later ones will come again.
    """

    def __init__(self, folder: Path | None, *, name: str, import_id: str, keep_before: int | None) -> None:
        self._folder, self._name = folder, name
        self._partial = folder / f".{name}-{import_id[:16]}.partial.jsonl" if folder else None
        self._file: TextIO | None = None
        self.count = 0
        self.first_reason = ""
        if self._partial is not None and self._partial.exists():
            self._take_over(self._partial, keep_before)
        self._sweep()

    def add(self, unit: Unit, reason: str) -> None:
        """Keep a unit with the reason."""
        self.count += 1
        self.first_reason = self.first_reason or f"{_place(unit)}: {reason}"
        if self._partial is None:
            return
        if self._file is None:
            self._file = _open_private(self._partial)
        entry = {"line": unit.line, "reason": reason, "row": unit.raw}
        self._file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")

    def flush(self) -> None:
        """Hand what was written to the system: a killed process then loses none of it."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> Path | None:
        """Close the file and give it its last name; None where nothing was rejected."""
        self.close()
        if self._partial is None or self._folder is None or not self._partial.exists():
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        final, again = self._folder / f"{self._name}-{stamp}.jsonl", 1
        while final.exists():
            again += 1
            final = self._folder / f"{self._name}-{stamp}-{again}.jsonl"
        self._partial.rename(final)
        return final

    def _sweep(self) -> None:
        """Remove what imports left that were interrupted more than a day ago and are not this one."""
        for left in self._folder.glob(f".{self._name}-*.partial.*") if self._folder else ():
            if left != self._partial and left.stat().st_mtime < time.time() - 86_400:
                left.unlink(missing_ok=True)

    def _take_over(self, partial: Path, keep_before: int | None) -> None:
        """Keep what an interrupted run rejected before its last checkpoint; a line half written is left out."""
        if keep_before is None:
            partial.unlink()
            return
        kept = partial.with_suffix(".new")
        with partial.open(encoding="utf-8") as old, kept.open("w", encoding="utf-8") as new:
            kept.chmod(0o600)
            for text in old:
                entry = _entry(text)
                if entry is not None and int(entry["line"]) < keep_before:
                    new.write(text)
                    self.count += 1
        if self.count:
            kept.replace(partial)
        else:
            kept.unlink()
            partial.unlink()


def _place(unit: Unit) -> str:
    """Where a unit stands: the name of its file where it comes from a folder, else its line."""
    return unit.raw["file"] if isinstance(unit.raw, dict) and [*unit.raw] == ["file"] else f"line {unit.line}"


def _open_private(path: Path) -> TextIO:
    """Open for appending; rows hold personal data, so nobody but the owner reads them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise SettingsError(
            f"the rejects folder {path.parent} cannot be written ({error.strerror}).", hint="Change its permissions."
        ) from error
    return os.fdopen(number, "a", encoding="utf-8", errors="backslashreplace")


def _entry(text: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(text)
    except ValueError:
        _log.info("left out a half-written line of a rejects file")
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("line"), int) else None

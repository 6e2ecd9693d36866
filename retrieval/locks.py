"""Keep two processes from changing, or from reading and swapping, one index at the same time (POSIX file locks)."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock on a file, made where it is missing, until the block ends or the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def writing(folder: Path) -> Path:
    """Held by whoever changes the index, from reading the old one to publishing the new one."""
    return folder.with_name(f".{folder.name}.writing.lock")


def swapping(folder: Path) -> Path:
    """Held, shared, while the index is read and, alone, while the new folder takes the old one's place."""
    return folder.with_name(f".{folder.name}.swapping.lock")

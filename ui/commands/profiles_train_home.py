"""`rapport profiles train` without a file: learn from the records of a home."""

from pathlib import Path

from rapport.errors import Refused


def train_home(home: Path | None, *, seed: int, as_json: bool) -> None:
    """Make the predictors of a home from its own records."""
    raise Refused("this version learns from tables alone.", hint="Give --table FILE.csv --target COLUMN")

"""`rapport profiles train --transactions`: learn from a file of purchases."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from rapport.errors import Refused

TransactionsOption = Annotated[
    Path | None, typer.Option("--transactions", help="File of purchases: customer, at, amount, product.")
]
CutoffOption = Annotated[
    str | None, typer.Option("--cutoff", metavar="DATE", help="What is known before it predicts what happens after.")
]
HorizonOption = Annotated[int | None, typer.Option("--horizon", metavar="DAYS", min=1, help="How far to predict.")]
MapOption = Annotated[
    list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field of a purchase.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasesAsked:
    """What the command line asks for."""

    transactions: Path
    cutoff: str
    horizon: int | None
    mapping: tuple[str, ...]
    into: Path | None
    seed: int


def train_purchases(asked: PurchasesAsked, *, as_json: bool) -> None:
    """Measure at the cutoff, and keep a model where a folder is given."""
    raise Refused("this version learns from tables alone.", hint="Give --table FILE.csv --target COLUMN")

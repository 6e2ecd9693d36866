"""`rapport profiles train --transactions`: learn from purchases before a cutoff, measure on what came after."""

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer

from rapport.errors import UserError
from ui.commands.common import console, emit, print_notes
from ui.commands.train import field_columns

TransactionsOption = Annotated[
    Path | None, typer.Option("--transactions", help="File of purchases: customer, at, amount, product.")
]
CutoffOption = Annotated[
    str | None,
    typer.Option(
        "--cutoff", metavar="DATE", help="What lies before this day is known; it predicts what happens after."
    ),
]
HorizonOption = Annotated[int | None, typer.Option("--horizon", metavar="DAYS", min=1, help="How far to predict.")]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FIELD=COLUMN", help="Which column holds a field of a purchase; amount may be COLUMN*COLUMN."
    ),
]
RateOption = Annotated[
    list[str] | None,
    typer.Option("--rate", metavar="CURRENCY=WORTH", help="What one of a currency is worth, where there are several."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasesAsked:
    """What the command line asks for."""

    transactions: Path
    cutoff: str
    horizon: int | None
    mapping: tuple[str, ...]
    rates: tuple[str, ...]
    into: Path | None
    seed: int


def train_purchases(asked: PurchasesAsked, *, as_json: bool) -> None:
    """Measure at the cutoff, and keep the model where a folder is given."""
    from profiles.purchase_plan import PurchasePlan
    from profiles.purchase_trial import try_purchases
    from profiles.transaction_files import read_transactions

    if not asked.cutoff or asked.horizon is None:
        raise UserError("--transactions needs a cutoff and a horizon.", hint="Give --cutoff 2026-03-01 --horizon 90")
    cutoff = day_of_option("--cutoff", asked.cutoff)
    read = read_transactions(asked.transactions, mapping=field_columns([*asked.mapping]), rates=rates_of(asked.rates))
    print_notes(read.notes)
    trial = try_purchases(read.transactions, PurchasePlan(seed=asked.seed), cutoff=cutoff, horizon=asked.horizon)
    if asked.into is not None:
        trial.model.save(asked.into)
    summary = {
        **_rounded(trial.scores),
        "bg_nbd": _rounded(trial.reference),
        "customers": trial.customers,
        "rows": read.rows,
        "columns": dict(read.columns),
        "notes": list(read.notes),
        "seconds": round(trial.seconds, 1),
    }
    emit(summary, as_json, _render)


def day_of_option(option: str, written: str) -> float:
    """Days since 1970-01-01 of a date on the command line. Raises UserError for one that is not certain."""
    from crm.importers.values import moment
    from rapport.errors import BadRow

    try:
        return moment(option, written, UTC).timestamp() / 86_400
    except BadRow as error:
        raise UserError(error.message, hint="Write it like 2026-03-01.") from error


def rates_of(given: tuple[str, ...]) -> dict[str, float]:
    """`CURRENCY=WORTH` options as a mapping. Raises UserError for what is no number."""
    found = {}
    for item in given:
        name, _, worth = item.partition("=")
        try:
            found[name.strip().upper()] = float(worth)
        except ValueError:
            raise UserError(
                f"--rate {item} does not say what a currency is worth.", hint="Write --rate USD=0.92"
            ) from None
    return found


def _rounded(scores: Any) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in scores.items()}


def _render(summary: dict[str, Any]) -> None:
    out = console()
    out.print(f"{summary['customers']:,} customers were known at the cutoff; trained in {summary['seconds']} s")
    out.print(f"  {'':<18}{'model':>8}{'BG/NBD':>8}")
    for name, value in summary["bg_nbd"].items():
        shown = [f"{one:>8.4f}" if one is not None else f"{'-':>8}" for one in (summary[name], value)]
        out.print(f"  {name:<18}{''.join(shown)}")

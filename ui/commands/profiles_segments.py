"""`rapport profiles segments`: groups of customers by how lately, how often and for how much they bought."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened, print_notes
from ui.commands.profiles_train_home import AsOfOption
from ui.commands.profiles_train_purchases import MapOption, RateOption, TransactionsOption

if TYPE_CHECKING:
    from profiles.rfm import Rfm

CountOption = Annotated[
    int | None,
    typer.Option("--count", min=2, max=20, help="So many segments; default: what tells customers apart best."),
]
IntoOption = Annotated[Path | None, typer.Option("--into", metavar="FOLDER", help="Keep the segments there.")]


def command(
    transactions: TransactionsOption = None, map: MapOption = None, rate: RateOption = None,
    as_of: AsOfOption = None, count: CountOption = None, into: IntoOption = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 42,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Find groups of customers who buy alike, and name them.

    From a file of purchases with --transactions, else from the orders of the home.
    """
    from profiles.segments import SegmentPlan, fit_segments

    with console(stderr=True).status("reading"):
        rfm = _of_file(transactions, map, rate, as_of) if transactions else _of_home(home, as_of)
    with console(stderr=True).status("finding segments"):
        found = fit_segments(rfm, SegmentPlan(seed=seed, count=count))
    if into is not None:
        found.save(into)
    summary: dict[str, Any] = {
        "customers": len(rfm), "left_out": rfm.left_out, "as_of": _date(rfm.as_of), "method": found.method,
        "silhouette": round(found.silhouette, 4), "stability": round(found.stability, 4),
        "segments": [
            {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(one).items()}
            for one in found.segments
        ],
    }  # fmt: skip
    emit(summary, as_json, _render)


def _of_file(path: Path, mapping: list[str] | None, rates: list[str] | None, as_of: str | None) -> "Rfm":
    from profiles.rfm import rfm_of
    from profiles.transaction_files import read_transactions
    from ui.commands.profiles_train_purchases import day_of_option, rates_of
    from ui.commands.train import field_columns

    read = read_transactions(path, mapping=field_columns(mapping or []), rates=rates_of(tuple(rates or ())))
    print_notes(read.notes)
    return rfm_of(read.transactions, as_of=None if as_of is None else day_of_option("--as-of", as_of))


def _of_home(home: Path | None, as_of: str | None) -> "Rfm":
    from profiles.reading import outlier_limit
    from profiles.rfm import rfm_of
    from ui.commands.profiles_home import home_history

    with opened(home) as place:
        history, end = home_history(place, as_of)
    return rfm_of(history.transactions(limit=outlier_limit(history)), as_of=end)


def _date(day: float) -> str:
    from crm.histories import moment_of

    return moment_of(day).isoformat(timespec="seconds")


def _render(summary: dict[str, Any]) -> None:
    from rich.table import Table

    out = console()
    table = Table("segment", "customers", "share", "days since", "days with orders", "money", box=None)
    for name in ("customers", "share", "days since", "days with orders", "money"):
        next(column for column in table.columns if column.header == name).justify = "right"
    for one in summary["segments"]:
        table.add_row(
            one["name"], f"{one['customers']:,}", f"{one['share']:.1%}", f"{one['recency']:,.0f}",
            f"{one['frequency']:,.1f}", f"{one['money']:,.0f}",
        )  # fmt: skip
    out.print(table)
    out.print(
        f"{summary['customers']:,} customers as of {summary['as_of']} by {summary['method']}: "
        f"silhouette {summary['silhouette']:.3f}, stability {summary['stability']:.3f}",
        markup=False,
    )
    if summary["left_out"]:
        out.print(f"  {summary['left_out']:,} customers without a purchase were left out", markup=False)

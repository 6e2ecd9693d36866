"""What the predictors must show, part by part: each figure beside its bound and beside references in the same run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.profile_rows import Row
from eval.report import Bound
from rapport.errors import NotFound, UserError
from rapport.paths import PUBLIC_DATA_VARIABLE, public_data

Say = Callable[[str], None]


def measure_profiles(parts: Sequence[str] = (), *, progress: Say = lambda _: None) -> Iterator[Row]:
    """The rows of these parts, by default of all; a part whose public data is absent is left out and said so.

    Raises UserError for an unknown part, and NotFound where one that was asked for by name needs absent data.
    """
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise UserError(f"there is no part '{unknown[0]}'.", hint=f"Parts: {', '.join(PARTS)}.")
    for name in parts or PARTS:
        progress(name)
        try:
            yield from PARTS[name](progress)
        except NotFound as error:
            if parts:
                raise
            progress(f"{name} is left out: {error.message}")


def _churn(progress: Say) -> Iterator[Row]:
    from eval.profile_tables import measure_tables

    yield from measure_tables(progress=progress)


def _purchases(progress: Say) -> Iterator[Row]:
    from eval.profile_purchases import measure_purchases

    yield from measure_purchases(progress=progress)


def _baskets(progress: Say) -> Iterator[Row]:
    from eval.profile_recommend import BASKET_BOUNDS, RETAIL, measure_baskets, read_retail

    yield _against("next basket", measure_baskets(read_retail(_file(RETAIL)), progress=progress), BASKET_BOUNDS)


def _sequences(progress: Say) -> Iterator[Row]:
    from eval.profile_recommend import GAMES, SEQUENCE_BOUNDS, measure_sequences, read_games

    yield _against("next product", measure_sequences(read_games(_file(GAMES)), progress=progress), SEQUENCE_BOUNDS)


def _segments(_: Say) -> Iterator[Row]:
    from eval.profile_recommend import RETAIL
    from eval.profile_segments import SEGMENT_BOUNDS, measure_segments
    from profiles.transaction_files import read_transactions

    transactions = read_transactions(_file(RETAIL)).transactions
    found = measure_segments(transactions)
    cases = len(transactions.customers)
    yield Row(name="segments of online retail", figures=found.figures, bounds=SEGMENT_BOUNDS, cases=cases)


def _synthetic(progress: Say) -> Iterator[Row]:
    from eval.profile_synthetic import SYNTHETIC_BOUNDS, TELCO_FILE, measure_synthetic, telco_rows

    data = public_data(TELCO_FILE.partition("/")[0])
    if data is None:
        raise NotFound(f"{TELCO_FILE} is not present.", hint=f"Set {PUBLIC_DATA_VARIABLE} to the folder that holds it.")
    table = telco_rows(data.parent)
    made = {one.name: one.figures for one in measure_synthetic(table, progress=progress)}
    figures = made.pop("gan")
    yield Row(name="made-up customers", figures=figures, references=made, bounds=SYNTHETIC_BOUNDS, cases=len(table))


def _groups(_: Say) -> Iterator[Row]:
    """Look-alikes and the forecast of contacts, on the sample company."""
    from crm.histories import day_of
    from eval.profile_sample import sample_records
    from eval.profile_segments import FORECAST_BOUNDS, PERSONA_BOUNDS, measure_forecast, measure_personas
    from profiles.contacts import count_contacts
    from profiles.score import moment_of_records
    from rapport.sample import build_sample

    company = build_sample()
    with sample_records(company) as (_home, store):
        yield Row(name="look-alikes", figures=measure_personas(store, company.personas), bounds=PERSONA_BOUNDS)
        moment = moment_of_records(store, datetime.now(UTC))
        contacts = count_contacts(store.contact_rows(before=moment), str, end=day_of(moment))
        for span, figures in measure_forecast(contacts).items():
            yield Row(name=f"contacts by {span}", figures=figures, bounds=FORECAST_BOUNDS)


def _sample(_: Say) -> Iterator[Row]:
    from eval.profile_sample import BOUNDS, measure_sample
    from rapport.sample import build_sample

    yield Row(name="sample company", figures=measure_sample(build_sample()), bounds=BOUNDS)


def _conversations(progress: Say) -> Iterator[Row]:
    from eval.homes import laboratory
    from eval.profile_conversations import measure_conversations
    from rapport.sample import build_sample

    with laboratory() as lab:
        table = measure_conversations(lab, build_sample(), progress=progress)
    columns = {name: {figure: row[name] for figure, row in table.items()} for name in ("with", "without", "change")}
    yield Row(
        name="conversations, 95% intervals",
        figures=columns["with"],
        references={"without profiles": columns["without"], "change": columns["change"]},
        cases=max(row["tickets"] for row in table.values()),
    )


def _against(name: str, measured: Sequence[Any], bounds: tuple[Bound, ...]) -> Row:
    """The first of several methods on the same cases, with the others as its references."""
    model, *others = measured
    references = {one.name: one.figures for one in others}
    return Row(name=name, figures=model.figures, references=references, bounds=bounds, cases=model.customers)


def _file(folder: str) -> Path:
    from eval.profile_recommend import FILES, ORIGINS

    path = public_data(folder)
    if path is None:
        raise NotFound(
            f"{folder} ({ORIGINS[folder]}) is not present.",
            hint=f"Set {PUBLIC_DATA_VARIABLE} to the folder that holds it.",
        )
    return path / FILES[folder]


PARTS: Mapping[str, Callable[[Say], Iterator[Row]]] = {
    "churn": _churn,
    "purchases": _purchases,
    "baskets": _baskets,
    "sequences": _sequences,
    "segments": _segments,
    "synthetic": _synthetic,
    "groups": _groups,
    "sample": _sample,
    "conversations": _conversations,
}

"""What is measured of segments, look-alikes and forecasts is what it says."""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from eval.profile_segments import FORECAST_BOUNDS, PERSONA_BOUNDS, SEGMENT_BOUNDS, measure_forecast, measure_segments
from eval.report import missed
from profiles.contacts import Contacts
from profiles.segments import SegmentPlan
from profiles.transactions import transactions_of

PUBLIC = os.environ.get("RAPPORT_PUBLIC_DATA", "")
RETAIL = Path(PUBLIC) / "online_retail" / "online_retail_II_sales.csv.gz"


def test_figures_of_segments_are_those_of_the_segments_found():
    lines = [(f"l{who:02d}", 400.0 - 7 * week, 50.0 + who, 1.0, None) for who in range(30) for week in range(8)]
    lines += [(f"g{who:02d}", 20.0 + who, 9.0, 1.0, None) for who in range(20)]
    found = measure_segments(transactions_of(lines), plan=SegmentPlan(count=2, bootstraps=2))
    assert found.figures["smallest_share"] == 0.4
    assert found.figures["segments"] == 2
    assert not missed(found.figures, SEGMENT_BOUNDS)


def test_a_forecast_is_compared_with_the_week_before_hour_by_hour_and_day_by_day():
    rate = np.tile(np.where(np.arange(24) < 12, 4.0, 0.5), 7 * 10)
    counts = np.random.default_rng(2).poisson(rate, (2, len(rate))).astype(float)
    found = measure_forecast(Contacts(first=20_000, queues=("a", "b"), counts=counts), weeks=2)
    hours = counts[:, -14 * 24 :].reshape(2, 2, -1)
    before = counts[:, -21 * 24 : -7 * 24].reshape(2, 2, -1)
    assert found["queue and hour"]["last_week_mae"] == pytest.approx(np.abs(hours - before).mean())
    assert set(found) == {"queue and hour", "queue and day", "day"}
    assert not missed(found["queue and hour"], FORECAST_BOUNDS)


@pytest.mark.slow
def test_the_sample_company_meets_its_bounds(sample, store):
    from crm.histories import day_of
    from eval.profile_segments import measure_personas
    from profiles.contacts import count_contacts
    from profiles.score import moment_of_records

    for records in (sample.customers, sample.products, sample.orders, sample.tickets, sample.events):
        store.upsert(records)
    assert not missed(measure_personas(store, sample.personas), PERSONA_BOUNDS)
    moment = moment_of_records(store, datetime.now(UTC))
    rows = store.contact_rows(before=moment)
    found = measure_forecast(count_contacts(rows, str, end=day_of(moment)))
    assert not [sentence for figures in found.values() for sentence in missed(figures, FORECAST_BOUNDS)]


@pytest.mark.slow
@pytest.mark.skipif(not RETAIL.is_file(), reason="RAPPORT_PUBLIC_DATA names no folder with online retail")
def test_segments_of_online_retail_meet_their_bounds():
    from profiles.transaction_files import read_transactions

    assert not missed(measure_segments(read_transactions(RETAIL).transactions).figures, SEGMENT_BOUNDS)

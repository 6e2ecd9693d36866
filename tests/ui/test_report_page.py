"""The page of a profile report tells the numbers of the report, escapes what it is given, and has words where there is
nothing to tell."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from rapport.cards import Card

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SCORES = {"roc_auc": 0.8123, "pr_auc": 0.7, "brier": 0.1814, "ece": 0.0321, "rows": 2100, "happened": 850,
          "base_brier": 0.241}  # fmt: skip


@pytest.fixture(scope="module")
def card() -> Card:
    data = {"customers": 4321, "since": "2024-10-26T01:00:00+00:00", "as_of": "2026-06-01T00:00:00+00:00",
            "facts": {"order": 18790, "view": 0, "ticket": 12, "turn": 0}, "cleaned": {"future": 3}}  # fmt: skip
    buying = {"rows": 315, "roc_auc": 0.876, "mae": 0.7, "rmse": 1.0, "top_decile_share": None,
              "reference": {"roc_auc": 0.86, "mae": 0.74, "rmse": 1.01, "top_decile_share": None}}  # fmt: skip
    return Card(
        name="profiles", kind="profiles", base="", data=data,
        plan={"horizons": {"churn": 90, "active": 180, "contact": 30}},
        scores={"churn": SCORES, "contact": None, "purchases": buying, "products": None},
    )  # fmt: skip


def evidence():
    from profiles.evidence import Evidence, trial_of

    chance = np.random.default_rng(4)
    chances = chance.random(300)
    country = np.array(["<b>NL</b>", "DE", "DE"] * 99 + ["FR"] * 3, object)
    trial = trial_of(chances, chance.random(300) < chances, cutoff=20_515.0, days=90, columns={"country": country})
    return Evidence(rows=300, spreads={}, trials={"churn_risk": trial})


def expectations():
    """Of four hundred customers told 0 to 4 purchases half of it came, and half waited twice as long as told."""
    from profiles.expectations import Amounts, Expectations, Waits, groups_of, wait_groups_of

    told = np.repeat(np.arange(5.0), 80)
    waits, watched = np.repeat([10.0, 40.0, 800.0, 900.0, 3650.0], 80), np.full(400, 300.0)
    purchases = Amounts(name="purchases", days=90, rows=400, customers=400, moments=1, told=2.0, came=1.0, open=9,
                        next_at=NOW, rank=0.875, groups=groups_of(told, told / 2, np.arange(400)))  # fmt: skip
    spending = replace(purchases, name="spending", rows=0, told=None, came=None, rank=None, groups=())
    return Expectations(
        amounts=(purchases, spending),
        waits=Waits(rows=400, customers=400, moments=1, bought=160, over=160, by_then=0.25,
                    groups=wait_groups_of(waits, np.where(waits < 50, 2 * waits, np.inf), watched)),
    )  # fmt: skip


def seasons():
    from profiles.seasons import Season

    calm = Season(name="tents & mats", share=True, counted=90, weeks=104, months=(1.0,) * 12, high=(), low=())
    months = (0.5, *(1.0,) * 9, 1.5, 1.5)
    return (replace(calm, name="orders", share=False, counted=2345, months=months, high=(11, 12), low=(1,)), calm)


def nothing_expected():
    from profiles.expectations import Amounts, Expectations, Waits

    amounts = tuple(Amounts(name=name, days=90, rows=0, customers=0, moments=0, told=None, came=None, open=0,
                            next_at=None, rank=None, groups=()) for name in ("purchases", "spending"))  # fmt: skip
    waits = Waits(rows=0, customers=0, moments=0, bought=0, over=0, by_then=None, groups=())
    return Expectations(amounts=amounts, waits=waits)


@pytest.fixture(scope="module")
def report(card):
    """One with everything in it."""
    from profiles.drift import Drift, FeatureDrift
    from profiles.outcomes import Outcome, figures_of
    from profiles.overview import Influence, Influences
    from profiles.report import ProfileReport
    from profiles.segments import Segment, Segmentation

    moved = FeatureDrift(
        name="reason", meaning="why they wrote last", psi=0.31, chance=0.05, verdict="changed", new=0.2
    )
    still = FeatureDrift(name="orders", meaning="orders so far", psi=0.01, chance=0.05, verdict="stable")
    judged = Outcome(score="churn_risk", days=90, rows=400, customers=200, moments=2, happened=100, foreseen=98.75,
                     open=7, next_at=NOW, figures=figures_of(np.full(400, 0.25), np.arange(400) < 100))  # fmt: skip
    waiting = Outcome(score="contact_risk", days=30, rows=0, customers=0, moments=0, happened=0, foreseen=0.0,
                      open=55, next_at=datetime(2026, 12, 24, tzinfo=UTC), figures=None)  # fmt: skip
    segment = Segment(name="big & loyal", customers=1500, share=0.25, recency=27.0, frequency=11.4, money=2598.0)
    return ProfileReport(
        expectations=expectations(), seasons=seasons(),
        as_of=NOW, customers=4000, in_home=5000, currency="EUR", trained=card, evidence=evidence(),
        influences={"churn_risk": Influences(rows=300, features=(
            Influence(name="late_90", meaning="parcels came late", push=np.log(1.5), way="raises"),
        ))},
        segments=Segmentation(method="k-means", as_of=0.0, centres=np.zeros((1, 3)), middle=np.zeros(3),
                              width=np.ones(3), segments=(segment,), silhouette=0.44, stability=0.93),
        no_segments="", drift=Drift(training_rows=300, rows=280, verdict="changed", features=(moved, still)),
        outcomes=(judged, waiting),
    )  # fmt: skip


@pytest.fixture(scope="module")
def empty(report):
    """One of predictors made before evidence was kept, with nothing learnt and nothing remembered."""
    nothing = {**report.trained.scores, "churn": None, "purchases": None}
    return replace(
        report, trained=replace(report.trained, scores=nothing), evidence=None, influences={}, segments=None,
        no_segments="3 customers bought something; segments need 30.", drift=None,
        outcomes=tuple(replace(one, rows=0, open=0, next_at=None, figures=None) for one in report.outcomes),
        expectations=nothing_expected(), seasons=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(report) -> str:
    from ui.report_page import report_page

    return report_page(report, company="Larchfell")


def text_of(page: str) -> str:
    """The words of the page, spaces as one."""
    body = re.sub(r"(?s)<style>.*?</style>", "", page)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def words(report) -> str:
    from ui.report_page import report_page

    return text_of(report_page(report, company="Larchfell"))


def test_the_page_tells_the_numbers_of_the_report(page):
    told = text_of(page)
    for part in (
        "learnt from 4,321 customers", "between 26 October 2024 and 1 June 2026 : 18,790 orders, 12 tickets",
        "3 records dated in the future", "2,100 850 81% 0.181 0.241 3.2%", "Any purchase: ranked right 87.6% 86.0%",
        "98.8 were foreseen and 100 left", "7 are still open, the first until 1 November 2026",
        "the first can be judged on 24 December 2026", "parcels came late raises it × 1.50",
        "big &amp; loyal 1,500 25% 27 11.4 2,598", "1 of 2 features are stable; these are not:",
        "why they wrote last changed 0.31 0.05 20%", "153 days before this report",
        "Brier score 0.188 0.188 by the average", "Off by (ECE) 0.0%", "Too small to compare: FR (3).",
        "on average 2.00 purchases were foreseen a customer and 1.00 came", "a rank correlation of 0.88",
        "1.00 to 1.00 80 1.00 0.50 (0.50 to 0.50)", "9 predictions are open, and the first can be judged on 1 November",
        "40 to 40 days 80 40 days 80 days 80 0%", "over 2 years 80 over 2 years more than 300 days 0 –",
        "orders 2,345 2.0 most in November and December (1.5 times an average month), least in January (0.5 times)",
        "tents &amp; mats 90 2.0 no season that is sure",
        "By the day told, 25% had bought of the 160 whose day is over; half should have.",
    ):  # fmt: skip
        assert part.replace(" :", ":") in told.replace(" :", ":"), part
    assert "orders so far" not in told


def test_whatever_comes_from_records_is_escaped(report):
    from ui.report_page import report_page

    page = report_page(replace(report, currency="<i>"), company="<script>alert(1)</script>")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>NL" not in page
    assert "&lt;b&gt;NL&lt;/b&gt;" in page
    assert "<i>" not in page


def test_the_page_asks_for_no_other_file_and_is_the_same_each_time(report, page):
    from ui.report_page import report_page

    assert page == report_page(report, company="Larchfell")
    assert set(re.findall(r'(?:src|href)="(.{5})', page)) == {"data:"}
    assert "@import" not in page
    assert not re.search(r"url\((?!data:)", page)


def test_what_is_not_there_is_said_to_be_missing(empty):
    told = words(empty)
    for part in (
        "not told: too few customers, or one outcome alone", "made before pictures were kept",
        "No prediction was remembered yet", "No predictor of a risk was learnt",
        "3 customers bought something; segments need 30.", "There are no two groups of 30 customers or more",
        "made before their training data was remembered", "No seasons: they need a year of records",
    ):  # fmt: skip
        assert part in told, part


def test_too_few_outcomes_and_customers_are_counted_and_not_judged(report):
    judged = replace(report.outcomes[0], rows=12, happened=3, figures=None)
    few = replace(report.drift, rows=12, verdict=None, features=())
    told = words(replace(report, outcomes=(judged,), drift=few))
    assert "12 predictions of 200 customers" in told
    assert "Too few to judge: figures need 50 predictions" in told
    assert "There are 12 customers today and 300 in training; 30 of each are needed" in told


def test_every_picture_says_in_words_what_it_shows(page):
    pictures = re.findall(r'<img src="data:image/svg\+xml;base64,[^"]+" width="\d+" height="\d+" alt="([^"]+)"', page)
    assert len(pictures) == page.count("<img") == 4
    assert pictures[2] == "Reliability of past predictions, risk of leaving: given 25%, came true for 25% of 400."
    assert "foreseen 2.00, came 1.00 of 80; foreseen 3.00" in pictures[3]


def test_every_cell_carries_the_words_of_its_column(page):
    for table in re.findall(r"(?s)<table.*?</table>", page):
        heads = re.findall(r'(?s)<th role="columnheader"[^>]*>(.*?)</th>', table)
        assert "<caption>" in table
        for row in re.findall(r"(?s)<tr .*?</tr>", table)[1:]:
            labels = re.findall(r'data-label="([^"]*)"', row)
            assert labels == heads[1:] or "colspan" in row


def test_without_predictors_the_verb_says_what_to_run(home, blank_database, capsys):
    import shutil

    from ui.cli import run

    shutil.copy(blank_database, home.database_file)
    assert run(["profiles", "report", "--home", str(home.root)]) == 2
    assert "Run: rapport profiles train" in capsys.readouterr().err

"""`rapport profiles report` on the sample company, opened in a browser."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rapport.paths import Home
from ui.cli import run

pytestmark = pytest.mark.slow
TRAINED = datetime(2026, 6, 1, tzinfo=UTC)
MISSHAPEN = """() => [
    document.documentElement.scrollWidth > innerWidth ? "wider than the screen" : "",
    ...[...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => "no picture: " + one.alt),
    ...[...document.querySelectorAll("section")].filter(one => !one.getAttribute("aria-labelledby")).map(() => "title"),
].filter(Boolean)"""


@pytest.fixture(scope="module")
def trained(sample, tmp_path_factory) -> Home:
    """The sample company with predictors as of June, and what they said in June and August."""
    from crm.store import Store
    from profiles.dnn import TablePlan
    from profiles.purchase_plan import PurchasePlan
    from profiles.recommend_signals import RecommendPlan
    from profiles.train import ProfilePlan, train_profiles
    from rapport.registry import PROFILES, use
    from rapport.settings import ProfileSettings

    home = Home(tmp_path_factory.mktemp("report") / "home").create()
    plan = ProfilePlan(
        tables=TablePlan(parts=2, members=2, width=8, depth=1, pieces=3, epochs=2, batch=256),
        purchases=PurchasePlan(nets=1, epochs=1, cutoffs=2, trees=False, hidden=8, width=16),
        products=RecommendPlan(sequence=None, dev_cuts=1),
    )
    with Store.open(f"sqlite:///{home.database_file}") as store:
        for records in (sample.customers, sample.products, sample.orders, sample.tickets, sample.events):
            for start in range(0, len(records), 500):
                store.upsert(records[start : start + 500])
        train_profiles(home, store, ProfileSettings(), name="profiles", as_of=TRAINED, now=TRAINED, plan=plan)
    use(home, PROFILES, "profiles")
    for moment in ("2026-06-01", "2026-08-15"):
        assert run(["profiles", "score", "--home", str(home.root), "--as-of", moment, "--json"]) == 0
    return home


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("page") / "profiles.html"
    assert run(["profiles", "report", "--home", str(trained.root), "--out", str(out), "--json"]) == 0
    return out


def test_the_verb_tells_what_it_found(trained, tmp_path, capsys):
    out = tmp_path / "page.html"
    command = ["profiles", "report", "--home", str(trained.root), "--out", str(out), "--json"]
    assert run(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["trained_as_of"]) == (str(out), "2026-06-01T00:00:00+00:00")
    churn, contact = told["outcomes"]["churn_risk"], told["outcomes"]["contact_risk"]
    assert churn["open"] > 0  # of August: their 90 days are not over in November
    assert 0 < churn["happened"] < churn["rows"]
    assert contact["open"] == 0
    assert 0 <= contact["brier"] <= 0.25
    purchases, waits = told["expectations"]["purchases"], told["expectations"]["next_purchase_days"]
    assert (purchases["days"], purchases["rows"] > churn["rows"]) == (90, True)  # of the lapsed as well
    assert purchases["open"] > 0
    assert [one["told"] for one in purchases["groups"]] == sorted(one["told"] for one in purchases["groups"])
    assert waits["rows"] > waits["bought"] > 0
    (jackets,) = (one for one in told["seasons"] if one["name"] == "jackets")
    assert jackets["words"].startswith("most in October to February")
    assert told["drift"] in ("stable", "shifting", "changed")
    assert "<h1>Customer profiles of " in out.read_text(encoding="utf-8")


def test_the_forecast_says_of_the_year_what_the_report_says(trained, tmp_path, capsys):
    at = ["--as-of", "2026-11-01", "--home", str(trained.root)]
    assert run(["profiles", "report", *at, "--out", str(tmp_path / "page.html"), "--json"]) == 0
    (contacts,) = (one for one in json.loads(capsys.readouterr().out)["seasons"] if one["name"] == "contacts")
    assert run(["profiles", "forecast", *at, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["season"] == contacts
    assert len(contacts["months"]) == 12
    assert run(["profiles", "forecast", *at]) == 0
    assert f"season of the year: {contacts['words'] or 'none that is sure'}" in capsys.readouterr().out
    assert run(["profiles", "forecast", "--as-of", "2025-06-01", "--home", str(trained.root)]) == 0
    assert "season of the year: not told; it needs a year of contacts" in capsys.readouterr().out


def test_a_look_back_sees_no_outcome_of_later(trained, tmp_path, capsys):
    command = ["profiles", "report", "--home", str(trained.root), "--out", str(tmp_path / "page.html"), "--json"]
    assert run([*command, "--as-of", "2026-06-20"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["rows"] for one in told["outcomes"].values()} == {0}
    assert all(one["open"] > 0 for one in told["outcomes"].values())


def test_what_was_foreseen_as_of_this_very_moment_is_open(trained, tmp_path, capsys):
    command = ["profiles", "report", "--home", str(trained.root), "--out", str(tmp_path / "page.html"), "--json"]
    assert run([*command, "--as-of", "2026-08-15"]) == 0
    told = json.loads(capsys.readouterr().out)["outcomes"]["contact_risk"]
    assert told["open"] > 0
    assert told["rows"] > 0  # of June


def test_a_place_that_cannot_be_written_is_said_to_be_one(trained, tmp_path, capsys):
    out = tmp_path / "absent" / "page.html"
    assert run(["profiles", "report", "--home", str(trained.root), "--out", str(out)]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (375, "light"), (1280, "light")])
def test_the_page_opens_whole_on_a_phone_and_on_a_desk(written, browser, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page, asked, wrong = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url.split(":")[0]))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(written.as_uri())
    assert page.evaluate(MISSHAPEN) == []
    assert set(asked) <= {"file", "data"}
    assert wrong == []
    assert page.get_by_role("heading", level=2).count() == 10
    assert page.get_by_role("table").count() >= 8
    assert page.get_by_role("columnheader", name="Verdict").count() + page.get_by_text("are stable.").count() >= 1
    context.close()

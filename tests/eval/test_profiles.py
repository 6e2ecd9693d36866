"""What the predictors must show: chosen by part, told with references, missed where it falls short."""

import json

import pytest
from typer.testing import CliRunner

from eval.profile_rows import Row
from eval.profiles import PARTS, measure_profiles
from eval.report import Bound
from rapport.errors import NotFound, UserError
from rapport.paths import PUBLIC_DATA_VARIABLE
from ui.cli import app


@pytest.fixture
def no_public_data(monkeypatch, tmp_path):
    monkeypatch.setenv(PUBLIC_DATA_VARIABLE, str(tmp_path / "nowhere"))


def test_an_unknown_part_is_refused_and_the_known_ones_are_named():
    with pytest.raises(UserError, match="no part 'weather'") as raised:
        list(measure_profiles(["weather"]))
    assert all(name in (raised.value.hint or "") for name in PARTS)


@pytest.mark.parametrize("part", ["churn", "purchases", "baskets", "sequences", "segments", "synthetic"])
def test_a_part_asked_for_by_name_says_which_public_data_it_needs(no_public_data, part):
    with pytest.raises(NotFound, match=r"present|absent|not"):
        list(measure_profiles([part]))


def test_a_row_says_what_it_misses_and_shows_its_references():
    row = Row(
        name="churn", figures={"roc_auc": 0.84}, references={"LightGBM": {"roc_auc": 0.83}},
        bounds=(Bound(name="roc_auc", least=0.849),), cases=10,
    )  # fmt: skip
    assert row.missed() == ["churn: roc_auc is 0.84; it must be >= 0.849"]
    told = row.as_json()
    assert told["references"] == {"LightGBM": {"roc_auc": 0.83}}
    assert told["bounds"] == ["roc_auc >= 0.849"]


def test_the_table_keeps_the_names_of_figures_and_leaves_details_to_json(monkeypatch):
    details = {f"pair {number}": True for number in range(30)}
    interval = {"value": 0.5, "low": 0.41, "high": 0.6}
    row = Row(name="churn", figures={"roc_auc": 0.84, "pairs": details, "hit": interval}, cases=10)
    monkeypatch.setattr("eval.profiles.measure_profiles", lambda *_, **__: [row])
    told = CliRunner().invoke(app, ["eval", "profiles"]).stdout
    assert "roc auc" in told
    assert "0.50 (0.41, 0.60)" in told
    assert "pair" not in told
    assert "pair 7" in CliRunner().invoke(app, ["eval", "profiles", "--json"]).stdout


@pytest.mark.slow
def test_the_command_tells_what_the_sample_company_shows():
    result = CliRunner().invoke(app, ["eval", "profiles", "--part", "sample", "--part", "groups", "--json"])
    missed = [line for line in result.stderr.splitlines() if "must be" in line]
    assert all("cpu" in line for line in missed), missed  # a busy machine may take longer for a profile
    assert result.exit_code == bool(missed), result.output
    rows = {row["name"]: row["figures"] for row in json.loads(result.stdout)["parts"]}
    assert rows["sample company"]["planted_named"] >= 0.9
    assert rows["sample company"]["profile_cpu_ms"] > 0
    assert rows["look-alikes"]["over_chance"] >= 0.3

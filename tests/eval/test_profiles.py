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


@pytest.mark.slow
def test_the_command_tells_what_the_sample_company_shows():
    result = CliRunner().invoke(app, ["eval", "profiles", "--part", "sample", "--part", "groups", "--json"])
    assert result.exit_code in (0, 1), result.output  # 1 where the machine is too busy for the time of a profile
    rows = {row["name"]: row["figures"] for row in json.loads(result.stdout)["parts"]}
    assert rows["sample company"]["planted_named"] >= 0.9
    assert rows["sample company"]["profile_cpu_ms"] > 0
    assert rows["look-alikes"]["over_chance"] >= 0.3

"""The report of a classifier: pictures that show what is the case, and the numbers behind them."""

import json

import numpy as np
import pytest

from eval.pictures import GREEN, ORANGE, draw_report
from finetune.scores import classifier_scores
from rapport.errors import SettingsError
from rapport.heads import HeadOutput

LABELS = ("a", "b")


def output(confidences, *, scope=1.0, accept=0.8) -> HeadOutput:
    """Rows that all say "a" with these probabilities."""
    shares = np.array([[one, 1 - one] for one in confidences])
    return HeadOutput(LABELS, shares, np.full(len(shares), scope), accept)


def mixed(colour: str, *, alpha: float) -> str:
    """A colour drawn over white."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#{:02X}{:02X}{:02X}".format(*(round(255 + alpha * (part - 255)) for part in parts))


def area(path, colour: str) -> int:
    """How many pixels have a colour."""
    from matplotlib.image import imread

    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return int((abs(imread(path)[:, :, :3] * 255 - wanted).max(axis=2) < 1.5).sum())


def test_two_pictures_and_their_numbers_are_written(tmp_path):
    said, truth = output([0.95, 0.9, 0.6, 0.85]), ["a", "b", "a", "oos"]
    written = draw_report(tmp_path / "deep" / "report", said, truth)
    assert [path.name for path in written] == ["reliability.png", "risk_coverage.png", "report.json"]
    report = json.loads(written[-1].read_text(encoding="utf-8"))
    scores = classifier_scores(said, truth)
    assert report["scores"]["ece"] == pytest.approx(scores["ece"], abs=1e-5)
    assert report["scores"]["answered"] == 0.75
    assert (report["accept"], report["out_of_scope"]) == (0.8, 1)
    assert [point["coverage"] for point in report["risk_coverage"]] == [0.25, 0.5, 0.75, 1.0]
    # 0.95 is right, 0.9 wrong, 0.85 out of scope, 0.6 right
    assert [point["error"] for point in report["risk_coverage"]] == [0.0, 0.5, 0.66667, 0.5]
    assert report["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 1 / 2) / 4, abs=1e-5)
    assert sum(one["rows"] for one in report["reliability"]) == 3  # the row out of scope has no label to be right about


@pytest.mark.slow
def test_a_promise_that_is_not_kept_is_drawn_in_orange(tmp_path):
    gap = mixed(ORANGE, alpha=0.75)
    kept = draw_report(tmp_path / "kept", output([1.0] * 4), ["a"] * 4)
    broken = draw_report(tmp_path / "broken", output([1.0] * 4), ["a", "b", "b", "b"])
    assert 0 < area(kept[0], gap) < area(broken[0], gap) / 20  # the legend alone, the legend and a bar


@pytest.mark.slow
def test_the_accepted_threshold_is_marked_where_rows_reach_it(tmp_path):
    reached = draw_report(tmp_path / "reached", output([0.9] * 5), ["a"] * 5)
    absent = draw_report(tmp_path / "absent", output([0.9] * 5, accept=float("inf")), ["a"] * 5)
    assert area(reached[1], GREEN) > area(absent[1], GREEN) > 0
    assert json.loads(absent[2].read_text())["accept"] is None


@pytest.mark.parametrize(
    ("confidences", "truth"), [([0.5], ["a"]), ([0.9, 0.8], ["oos", "oos"]), ([0.7] * 3, ["b"] * 3)]
)
def test_odd_rows_are_drawn_too(tmp_path, confidences, truth):
    for path in draw_report(tmp_path, output(confidences), truth):
        assert path.stat().st_size > 100


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes(tmp_path):
    said, truth = output([0.95, 0.7]), ["a", "b"]
    one, other = (draw_report(tmp_path / name, said, truth) for name in ("one", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be written"):
        draw_report(tmp_path / "file", output([0.9]), ["a"])

"""The measurement of escalation: seeds, spread, bounds, a company's own rows."""

import json

import pytest

from eval.escalation import BOUNDS, MEASURED, measure, open_watcher
from eval.report import missed
from rapport.doubles import HashingEncoder
from rapport.errors import NotFound
from rapport.registry import current
from ui.cli import run


@pytest.mark.slow
def test_seeds_are_measured_apart_and_their_spread_is_told():
    done = []
    figures = measure(HashingEncoder(), seeds=(7, 8), progress=done.append)
    assert done == [1, 2]
    assert figures["seeds"] == [7, 8]
    for name in MEASURED:
        low, high = figures["spread"][name]
        assert low <= figures[name] <= high
    assert figures["rows"] > 2000
    assert figures["ece"] < 0.1


def test_a_figure_below_its_bound_is_told():
    figures = {"recall": 0.9, "precision": 0.95, "ece": 0.02}
    assert missed(figures, BOUNDS) == ["recall is 0.9; it must be >= 0.95"]


def test_a_home_without_heads_is_told(home):
    with pytest.raises(NotFound, match="no sentiment model is in use"):
        open_watcher(home, HashingEncoder())


@pytest.mark.slow
def test_the_verb_scores_the_heads_of_a_home_on_own_rows(sample_home, tmp_path, capsys):
    rows = [
        {"text": "I want to speak with a human being, please", "label": "escalate", "reason": "person"},
        {"text": "the charger caught fire", "label": "escalate", "reason": "safety"},
        {"text": "How do I return shoes that don't fit?", "label": "answer"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert run(["eval", "escalation", "--data", str(path), "--home", str(sample_home.root), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["recall"], report["precision"], report["reasons"]) == (3, 1.0, 1.0, 1.0)


@pytest.mark.slow
def test_a_model_for_something_else_is_refused(sample_home, tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\nI need a human,escalate\n", encoding="utf-8")
    mood = current(sample_home, "sentiment")
    given = ["eval", "escalation", "--data", str(path), "--model", mood, "--home", str(sample_home.root)]
    assert run(given) == 2
    assert "is a model for sentiment, not for escalation" in capsys.readouterr().err


def test_a_model_without_rows_to_measure_it_on_is_refused(capsys):
    assert run(["eval", "escalation", "--model", "calls-1"]) == 2
    assert "--data" in capsys.readouterr().err


def test_seeds_that_are_no_numbers_are_refused(capsys):
    assert run(["eval", "escalation", "--seeds", "seven"]) == 2
    assert "--seeds" in capsys.readouterr().err

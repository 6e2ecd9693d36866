"""Picking what to label is measured against random choice, and brings something."""

import json

import pytest

from eval.labelling import Effort, measure_labelling
from rapport.doubles import HashingEncoder
from rapport.errors import UserError
from rapport.paths import public_data
from ui.cli import run


def test_each_round_has_a_figure_and_the_same_seeds_give_the_same(planted):
    effort = Effort(rounds=3, batch=6, seeds=(1, 2))
    figures = [measure_labelling(planted(30), HashingEncoder(), effort) for _ in range(2)]
    assert figures[0] == figures[1]
    assert (figures[0]["labels"], figures[0]["pool"], figures[0]["held_out"]) == (18, 126, 54)
    for way in ("picked", "random"):
        assert len(figures[0][way]["curve"]) == 3
        assert len(figures[0][way]["by_seed"]) == 2
        assert figures[0][way]["accuracy"] == figures[0][way]["curve"][-1]
    assert figures[0]["gain"] == pytest.approx(figures[0]["picked"]["accuracy"] - figures[0]["random"]["accuracy"])


def test_one_label_per_intent_is_found_at_once_by_picking(planted):
    figures = measure_labelling(planted(30), HashingEncoder(), Effort(rounds=1, batch=6, seeds=(1, 2, 3)))
    assert figures["picked"]["accuracy"] > figures["random"]["accuracy"]


def test_too_few_rows_are_refused(planted):
    with pytest.raises(UserError, match="770 texts"):
        measure_labelling(planted(30), HashingEncoder(), Effort())


@pytest.mark.slow
def test_on_banking77_picking_is_worth_four_points(capsys):
    """Its train part alone, of which three tenths are held out; a test part is never read."""
    if public_data("banking77") is None:
        pytest.skip("the public set 'banking77' is not present")
    assert run(["eval", "labelling", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["labels"], figures["seeds"]) == (770, [1, 2, 3])
    assert figures["gain"] > 0.03
    assert figures["labels_for_random"] <= 462

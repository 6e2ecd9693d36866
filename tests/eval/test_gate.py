"""The gate lets a reply model through only where nothing that it guards falls, and only where that can be told."""

import json
import math
import random
from dataclasses import replace

import pytest

from eval.gate import GatePlan, ReplyScore, judge, reason
from eval.paired import Bootstrap, difference, mean
from rapport.errors import DataError, Refused, SettingsError

PLAN = GatePlan(resamples=1000)


def scores(n: int = 400, **told) -> list[ReplyScore]:
    usual = {"right": True, "grounded": True, "rule_breaks": 0, "similarity": 0.6, "length": 20, "ms": 40.0}
    return [ReplyScore(case=f"case {number}", **{**usual, **told}) for number in range(n)]


def with_some(given: list[ReplyScore], n: int, **told) -> list[ReplyScore]:
    """The same with the first n cases changed."""
    return [replace(one, **told) for one in given[:n]] + given[n:]


def figure(judgement, name: str):
    return next(one for one in judgement.figures if one.name == name)


def test_a_model_that_does_the_same_everywhere_is_let_through():
    judgement = judge(scores(), scores(), PLAN)
    assert judgement.passed
    assert {one.verdict for one in judgement.figures} == {"held", "not guarded"}
    judgement.require("new", "old")


def test_a_better_model_is_let_through_and_the_gain_is_shown():
    judgement = judge(scores(), with_some(scores(), 60, right=False, similarity=0.1), PLAN)
    assert judgement.passed
    assert figure(judgement, "right").change.low > 0.1
    assert figure(judgement, "similarity").change.value == pytest.approx(60 * 0.5 / 400)


@pytest.mark.parametrize(
    ("name", "worse"),
    [
        ("right", {"right": False}),
        ("grounded", {"grounded": False}),
        ("rule_breaks", {"rule_breaks": 2}),
        ("length", {"length": 400}),
        ("ms_p95", {"ms": 4000.0}),
    ],
)
def test_a_guarded_figure_that_falls_turns_the_model_away_with_cases(name, worse):
    judgement = judge(with_some(scores(), 80, **worse), scores(), PLAN)
    assert [one.name for one in judgement.fallen] == [name]
    assert figure(judgement, name).examples == ("case 0", "case 1", "case 2")
    with pytest.raises(Refused, match=f"'new' does not take the place of 'old': {name} goes from .*case 0"):
        judgement.require("new", "old")


def test_replies_that_became_far_too_short_are_a_fall():
    assert [one.name for one in judge(scores(length=5), scores(), PLAN).fallen] == ["length"]


def test_similarity_is_shown_and_guards_nothing():
    judgement = judge(scores(similarity=0.0), scores(), PLAN)
    assert judgement.passed
    assert figure(judgement, "similarity").verdict == "not guarded"


def test_a_fall_within_the_margin_is_let_through():
    judgement = judge(with_some(scores(2000), 20, right=False), scores(2000), PLAN)
    assert figure(judgement, "right").change.value == pytest.approx(-0.01)
    assert judgement.passed


def test_a_small_fall_in_few_cases_cannot_be_told_and_the_number_needed_is_said():
    """8 of 400 fall, a change of -0.02 ± 0.0137; 400 · (0.0137 / 0.01)² cases would settle it."""
    judgement = judge(with_some(scores(), 8, right=False), scores(), replace(PLAN, right=0.03))
    found = figure(judgement, "right")
    assert (found.verdict, judgement.fallen) == ("unclear", ())
    assert found.needed == pytest.approx(400 * (1.96 * math.sqrt(0.02 * 0.98 / 400) / 0.01) ** 2, rel=0.35)
    with pytest.raises(Refused, match=f"right cannot be told from 400 cases; about {found.needed} would do"):
        judgement.require("new", "old")


def test_few_cases_without_a_single_change_prove_nothing():
    """(1 - 0.05)ⁿ ≤ 0.025 from n = 72 on, (1 - 0.03)ⁿ from n = 122."""
    judgement = judge(scores(20), scores(20), PLAN)
    assert {one.name: one.needed for one in judgement.unclear} == {"right": 72, "grounded": 122, "rule_breaks": 122}
    assert judge(scores(122), scores(122), PLAN).passed
    assert not judge(scores(121), scores(121), PLAN).passed
    assert judge(scores(20), scores(20), PLAN.with_margin(0.2)).passed


def test_cases_without_a_checkable_fact_do_not_count_for_facts():
    new, old = (with_some(scores(), 340, right=None) for _ in range(2))
    judgement = judge(new, old, PLAN)
    assert figure(judgement, "right").cases == 60
    assert [(one.name, one.needed) for one in judgement.unclear] == [("right", 72)]
    nothing = judge(scores(right=None), scores(right=None), PLAN)
    assert reason(nothing.unclear[0]) == "right cannot be told from 0 cases; about 72 would do"


def test_a_reply_that_is_quick_in_itself_is_never_too_slow():
    assert judge(scores(ms=400.0), scores(ms=40.0), PLAN).passed
    slow = judge(scores(ms=400.0), scores(ms=40.0), replace(PLAN, quick_ms=100.0))
    assert [one.name for one in slow.fallen] == ["ms_p95"]


def test_different_cases_are_not_compared():
    for new in ([], scores(399), [replace(one, case=f"other {one.case}") for one in scores()], scores() * 2):
        with pytest.raises(DataError, match="not the same ones"):
            judge(new, scores(), PLAN)


def test_the_order_of_the_cases_does_not_matter():
    old = with_some(scores(), 60, right=False)
    assert judge(scores(), old[::-1], PLAN).as_json() == judge(scores(), old, PLAN).as_json()


def test_a_judgement_is_json_and_the_seed_repeats_it():
    old = with_some(scores(), 60, right=False)
    one, other = (json.dumps(judge(scores(), old, PLAN).as_json()) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("wrong", [{"right": 0.0}, {"grounded": 1.0}, {"longest": 0.9}, {"slower": 1.0}])
def test_a_plan_without_room_is_refused(wrong):
    with pytest.raises(SettingsError):
        GatePlan(**wrong)


def test_intervals_are_those_of_the_normal_approximation_where_cases_are_many():
    """20 of 400 fall: -0.05 ± 1.96 · √(0.05 · 0.95 / 400) = -0.0714 to -0.0286."""
    new = [0.0] * 20 + [1.0] * 380
    found = Bootstrap().estimate(difference(mean), new, [1.0] * 400)
    assert found.value == pytest.approx(-0.05)
    assert (found.low, found.high) == pytest.approx((-0.0714, -0.0286), abs=0.004)


def test_a_model_that_is_worse_by_more_than_the_margin_is_hardly_ever_let_through():
    """Fifty candidates err in 10 cases of 100 where the model in use errs in 2: 0.08, where 0.05 is allowed."""
    chance, passed = random.Random(7), 0
    for _ in range(50):
        new, old = ([replace(one, right=chance.random() > wrong) for one in scores(300)] for wrong in (0.1, 0.02))
        passed += judge(new, old, replace(PLAN, resamples=200)).passed
    assert passed <= 1


def test_what_makes_a_case_hard_for_both_does_not_blur_the_change():
    both = [float(number % 2) for number in range(400)]
    found = Bootstrap().estimate(difference(mean), both, both)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_single_case_has_no_spread():
    assert Bootstrap().estimate(mean, [0.25]).low == 0.25

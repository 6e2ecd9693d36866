"""Standings: hand-worked places among customers, a law that outlives the ageing of a shop, and files read back."""

import json
from statistics import NormalDist

import numpy as np
import pytest

from profiles.curves import fit_curves
from profiles.standings import RANKED, STANDINGS_FILE, Standings, fit_standings, placed, quantiles_of
from profiles.value import Histories
from profiles.windows import NAMES, Outcome, Window
from rapport.errors import CorruptArtifact
from rapport.metrics import auroc

normal = NormalDist().inv_cdf
AGAIN, SINCE, EXPECTED = NAMES.index("again"), NAMES.index("since"), NAMES.index("expected")


def window_of(seed, age, size=3000):
    """(a window of a shop in which all numbers grow with its age, what came: who is ahead of the others buys)."""
    rng = np.random.default_rng(seed)
    numbers = np.full((size, len(NAMES)), np.nan)
    numbers[:, EXPECTED] = -1.0
    ahead, away = rng.normal(size=(2, size))
    numbers[:, AGAIN] = np.exp(ahead) * age
    numbers[:, SINCE] = np.exp(away) * age**2
    chance = 1 / (1 + np.exp(-(ahead - away) + np.minimum(ahead, 0) ** 2))
    count = (rng.random(size) < chance).astype(float)
    zero = np.zeros(size)
    window = Window(np.arange(size), zero, Histories(zero, zero, zero, zero), numbers, zero, zero, 0.0, 30.0)
    return window, Outcome(count=count, money=zero, days=zero, bought=count > 0, kinds=zero[:, None])


@pytest.fixture(scope="module")
def fitted():
    return fit_standings([window_of(1, 1.0), window_of(2, 1.2)], window_of(3, 2.0)[0].numbers, seed=7)


def test_customers_stand_where_they_are_worked_out_by_hand_to_stand():
    numbers = np.full((4, len(NAMES)), np.nan)
    numbers[:, AGAIN] = [0, 0, 3, 8]
    numbers[:3, SINCE] = [1, 2, 2]
    found = placed(quantiles_of(numbers), numbers)
    first, second = RANKED.index("again"), RANKED.index("since")
    # Two of four stand below 3, and one above: the two equals in the middle of the lower half, at a quarter.
    assert found[:, first] == pytest.approx([normal(share) for share in (0.25, 0.25, 0.625, 0.875)])
    # Of three, two are equal: their middle is 2/3. 256 steps tell it to within a step.
    assert found[:3, second] == pytest.approx([normal(share) for share in (1 / 6, 2 / 3, 2 / 3)], abs=0.02)
    assert found[3, second] == 0
    assert not np.delete(found, [first, second], axis=1).any()


def test_who_lies_beyond_all_others_stands_at_the_end():
    numbers = np.zeros((5, len(NAMES)))
    numbers[:, AGAIN] = range(5)
    far = np.zeros((2, len(NAMES)))
    far[:, AGAIN] = [-100, 100]
    found = placed(quantiles_of(numbers), far)[:, RANKED.index("again")]
    assert found == pytest.approx([normal(1 / 512), normal(511 / 512)])


def test_one_customer_stands_alone_where_they_stand_among_all(fitted):
    window, _ = window_of(3, 2.0)
    for every, alone in zip(fitted.predict(window.numbers), fitted.predict(window.numbers[:1]), strict=True):
        assert every[0] == pytest.approx(alone[0])


def test_a_law_of_standing_outlives_the_ageing_of_the_shop(fitted):
    later, came = window_of(4, 6.0)
    past = [window_of(1, 1.0), window_of(2, 1.2)]
    numbers, _ = fit_curves(past, seed=7).predict(later.numbers)
    odds, count = fitted.among(later.numbers).predict(later.numbers)
    assert auroc(odds, came.count > 0) > auroc(numbers, came.count > 0) + 0.01
    assert np.exp(count).mean() == pytest.approx(came.count.mean(), rel=0.1)


def test_among_others_the_same_customer_stands_elsewhere(fitted):
    window, _ = window_of(3, 2.0)
    older = window_of(3, 4.0)[0].numbers
    moved = fitted.among(older)
    assert moved.predict(older)[0] == pytest.approx(fitted.predict(window.numbers)[0])
    assert moved.predict(window.numbers)[0] != pytest.approx(fitted.predict(window.numbers)[0])


def test_standings_are_read_back_as_they_were(fitted, tmp_path):
    window, _ = window_of(5, 2.0)
    fitted.save(tmp_path)
    read = Standings.load(tmp_path)
    for before, after in zip(fitted.predict(window.numbers), read.predict(window.numbers), strict=True):
        np.testing.assert_array_equal(before, after)
    assert read.predict(window.numbers[:0])[0].shape == (0,)


def test_a_broken_file_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    content = json.loads((tmp_path / STANDINGS_FILE).read_text(encoding="utf-8"))
    (tmp_path / STANDINGS_FILE).write_text(json.dumps(content | {"quantiles": [[1.0]]}), encoding="utf-8")
    with pytest.raises(CorruptArtifact, match="holds no standings"):
        Standings.load(tmp_path)

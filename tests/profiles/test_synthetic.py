"""Synthetic customers: like those of the table in every column and together, and nobody among them."""

import numpy as np
import pytest

from profiles.synthetic import fit_copula, fit_synthesiser, keys_of
from profiles.synthetic_columns import learn_columns
from profiles.synthetic_gan import GanPlan, fit_gan
from profiles.tables import Table
from rapport.errors import UserError


def planted(n: int = 600) -> Table:
    """Who stays long pays by card; money follows the years; a fifth of the ages are missing, of who pays by bill."""
    random = np.random.default_rng(11)
    years = random.integers(0, 12, n).astype(float)
    money = np.round(years * 20 + random.gamma(2.0, 15.0, n), 2)
    pays = np.where(random.random(n) < years / 12, "card", "bill").astype(object)
    age = np.where((pays == "bill") & (random.random(n) < 0.4), np.nan, random.integers(18, 90, n))
    left = np.where(random.random(n) < np.where(pays == "card", 0.1, 0.5), "yes", "no").astype(object)
    pays[random.random(n) < 0.05] = None
    return Table(
        ids=np.arange(n).astype(str), numeric={"years": years, "money": money, "age": age, "constant": np.ones(n)},
        categorical={"pays": pays, "left": left},
    )  # fmt: skip


def shares(values: np.ndarray) -> dict[str, float]:
    texts = [value or "" for value in values]
    return {text: texts.count(text) / len(texts) for text in set(texts)}


@pytest.fixture(scope="module")
def drawn() -> tuple[Table, Table]:
    table = planted()
    return table, fit_synthesiser(table, seed=1).draw(3_000, seed=2)


def test_every_column_has_its_distribution(drawn):
    table, made = drawn
    for name, part in shares(table.categorical["pays"]).items():
        assert shares(made.categorical["pays"])[name] == pytest.approx(part, abs=0.04)
    for name in ("years", "money"):
        for part in (0.1, 0.5, 0.9):
            spread = np.ptp(table.numeric[name])
            assert np.quantile(made.numeric[name], part) == pytest.approx(
                np.quantile(table.numeric[name], part), abs=0.1 * spread
            )
    assert np.isnan(made.numeric["age"]).mean() == pytest.approx(np.isnan(table.numeric["age"]).mean(), abs=0.04)
    assert set(made.numeric["constant"]) == {1.0}
    assert np.array_equal(made.numeric["years"], np.round(made.numeric["years"]))


def test_what_hangs_together_still_does(drawn):
    table, made = drawn
    told = [np.corrcoef(one.numeric["years"], one.numeric["money"])[0, 1] for one in (table, made)]
    assert told[1] == pytest.approx(told[0], abs=0.08)
    card = [one.numeric["years"][one.categorical["pays"] == "card"].mean() for one in (table, made)]
    assert card[1] == pytest.approx(card[0], abs=1.0)
    missing = [np.isnan(one.numeric["age"][one.categorical["pays"] == "card"]).mean() for one in (table, made)]
    assert missing[1] == pytest.approx(missing[0], abs=0.1)


def test_nobody_of_the_table_is_drawn(drawn):
    table, made = drawn
    assert not set(keys_of(table)) & set(keys_of(made))
    assert len(set(made.ids)) == len(made) == 3_000


def test_the_largest_of_a_column_is_not_told():
    table = planted()
    table.numeric["money"][7] = 1e7
    assert fit_synthesiser(table).draw(5_000, seed=1).numeric["money"].max() < 1e6


def test_a_rare_value_is_drawn_alone_and_as_it_is():
    table = planted()
    made = fit_synthesiser(table, by="left").draw(400, seed=1, only="yes")
    assert set(made.categorical["left"]) == {"yes"}
    seen = (table.categorical["pays"][table.categorical["left"] == "yes"] == "bill").mean()
    assert (made.categorical["pays"] == "bill").mean() == pytest.approx(seen, abs=0.08)


def test_the_same_seed_draws_the_same_customers():
    one, other = (fit_synthesiser(planted(), seed=3).draw(50, seed=4) for _ in range(2))
    assert keys_of(one) == keys_of(other)


def test_what_cannot_be_learnt_is_refused():
    table = planted()
    with pytest.raises(UserError, match="10 rows with 6 columns are too few"):
        fit_synthesiser(table.chosen(np.arange(10)))
    with pytest.raises(UserError, match="no column of categories 'plan'"):
        fit_synthesiser(table, by="plan")
    with pytest.raises(UserError, match="no customers of 'maybe' were learnt apart"):
        fit_synthesiser(table, by="left").draw(5, seed=1, only="maybe")


def test_a_table_that_leaves_no_room_for_others_is_told():
    two = Table(ids=np.arange(80).astype(str), numeric={}, categorical={"x": np.array(["a", "b"] * 40, object)})
    with pytest.raises(UserError, match="are copies of the table"):
        fit_synthesiser(two).draw(5, seed=1)


def test_scores_lead_back_to_the_values():
    table = planted()
    columns = learn_columns(table)
    random = np.random.default_rng(0)
    pays = columns.categories[0]
    codes = pays.drawn(pays.scores(table.categorical["pays"], random))
    assert pays.values(codes).tolist() == table.categorical["pays"].tolist()
    money = columns.numbers[1]
    back = money.values(money.scores(table.numeric["money"], random))
    assert np.abs(back - table.numeric["money"]).mean() < 3.0


@pytest.mark.parametrize("fit", [fit_copula, lambda table, seed: fit_gan(table, seed, GanPlan(steps=15, width=16))])
def test_both_models_draw_the_columns_of_the_table(fit):
    table = planted(80)
    made = fit_synthesiser(table, fit=fit, seed=1).draw(30, seed=1)
    assert list(made.numeric) == list(table.numeric)
    assert set(made.categorical["pays"]) <= {"card", "bill", None}
    assert np.isfinite(made.numeric["money"]).all()

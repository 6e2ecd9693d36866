"""Purchase models: planted habits are found, the future is unknown to them, and a model is read back as it was."""

import numpy as np
import pytest

from profiles.blend import averaged, forecast, odds_of_any, odds_shift
from profiles.lstm import MODEL_FILE, PurchaseModel, fit_purchases
from profiles.purchase_plan import PurchasePlan, past_windows
from profiles.purchase_scores import purchase_scores
from profiles.purchase_trial import try_purchases
from profiles.transactions import transactions_of
from profiles.windows import Outcome
from rapport.errors import CorruptArtifact, DataError
from rapport.metrics import auroc

START, END = 15_000.0, 15_300.0
QUICK = PurchasePlan(horizon=30, until=END, cutoffs=3, epochs=15, nets=1, hidden=16, width=16, cell="lstm")


def shop(seed=0, customers=300):
    """(lines of customers of whom every third buys every ten days and the others seldom, contacts before they stop)."""
    rng = np.random.default_rng(seed)
    lines, contacts = [], []
    for number in range(customers):
        name, often = f"c{number:04}", number % 3 == 0
        day = START + rng.uniform(0, 60)
        while day < END + 60:
            lines.append((name, day, float(rng.gamma(4, 30 if often else 5)), 1.0, "x"))
            day += rng.gamma(4, 2.5) if often else rng.exponential(90)
            if rng.random() < 0.01:
                break
        contacts += [(name, float(place), "contact") for place in rng.uniform(START, END + 60, 6 if number % 2 else 0)]
    return lines, contacts


@pytest.fixture(scope="module")
def trained():
    lines, contacts = shop()
    transactions = transactions_of(lines)
    return transactions, contacts, fit_purchases(transactions, QUICK, events=contacts)


@pytest.mark.slow
def test_customers_who_buy_often_are_told_from_those_who_seldom_do(trained):
    transactions, contacts, model = trained
    found = model.predict(transactions, cutoff=END, horizon=30, events=contacts)
    known = ~np.isnan(found.chance)
    often = np.array([int(name[1:]) % 3 == 0 for name in transactions.customers])
    assert auroc(found.chance[known], often[known]) > 0.85
    assert np.median(found.days[known & often]) < np.median(found.days[known & ~often])
    assert np.median(found.value[known & often]) > 5 * np.median(found.value[known & ~often])
    assert ((found.chance[known] > 0) & (found.chance[known] < 1)).all()


@pytest.mark.slow
def test_several_horizons_are_told_at_once_as_one_by_one_and_the_mean_is_what_comes(trained):
    transactions, contacts, model = trained
    both = model.predict_each(transactions, cutoff=END, horizons=(30, 60), events=contacts)
    for horizon, found in zip((30, 60), both, strict=True):
        alone = model.predict(transactions, cutoff=END, horizon=horizon, events=contacts)
        for name in ("chance", "count", "expected", "days", "value"):
            np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
    known = ~np.isnan(both[0].expected)
    came = len(transactions.between(END, END + 30))
    assert both[0].expected[known].sum() == pytest.approx(came, rel=0.25)


@pytest.mark.slow
def test_events_of_other_kinds_are_predicted_too(trained):
    transactions, contacts, model = trained
    assert model.kinds == ("purchase", "return", "contact")
    found = model.predict(transactions, cutoff=END, horizon=30, events=contacts)
    known = ~np.isnan(found.chance)
    asks = np.array([int(name[1:]) % 2 == 1 for name in transactions.customers])
    assert auroc(found.kinds[known, 2], asks[known]) > 0.7


@pytest.mark.slow
def test_nothing_after_the_cutoff_changes_a_prediction(trained):
    transactions, contacts, model = trained
    found = model.predict(transactions, cutoff=END, horizon=30, events=contacts)
    past = transactions.before(END)
    alone = model.predict(past, cutoff=END, horizon=30, events=[one for one in contacts if one[1] < END])
    kept = np.isin(transactions.customers, past.customers)
    assert np.array_equal(found.chance[kept], alone.chance)
    assert np.array_equal(found.value[kept], alone.value)


@pytest.mark.slow
def test_training_reads_nothing_after_the_cutoff_and_the_seed_repeats_it(trained):
    transactions, contacts, model = trained
    again = fit_purchases(transactions.before(END), QUICK, events=[one for one in contacts if one[1] < END])
    one = model.predict(transactions, cutoff=END, horizon=30, events=contacts)
    other = again.predict(transactions, cutoff=END, horizon=30, events=contacts)
    assert np.array_equal(one.chance, other.chance, equal_nan=True)
    assert np.array_equal(one.count, other.count, equal_nan=True)


@pytest.mark.slow
def test_a_customer_without_purchases_is_unknown_and_extreme_ones_are_finite(trained):
    _, _, model = trained
    lines = [("many", START + place / 334, 1.0, 1, None) for place in range(100_000)]
    lines += [("back", END - 9, -5.0, -1, "x"), ("free", END - 2, 0.0, 0, "new"), ("later", END + 9, 5.0, 1, "x")]
    found = model.predict(transactions_of(lines), cutoff=END, horizon=30)
    back, free, later, many = range(4)  # in the order of their names
    for values in (found.chance, found.count, found.days, found.value):
        assert np.isnan(values[[back, later]]).all()
        assert np.isfinite(values[[free, many]]).all()
    assert found.count[many] > found.count[free]


@pytest.mark.slow
def test_a_model_is_read_back_as_it_was(trained, tmp_path):
    transactions, contacts, model = trained
    model.save(tmp_path)
    read = PurchaseModel.load(tmp_path)
    one = model.predict(transactions, cutoff=END, horizon=30, events=contacts)
    other = read.predict(transactions, cutoff=END, horizon=30, events=contacts)
    assert np.array_equal(one.count, other.count, equal_nan=True)
    assert np.array_equal(model.embed(transactions, cutoff=END), read.embed(transactions, cutoff=END), equal_nan=True)
    assert read.embed(transactions, cutoff=END).shape == (len(transactions.customers), QUICK.hidden)
    (tmp_path / MODEL_FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(CorruptArtifact, match="no readable purchase model"):
        PurchaseModel.load(tmp_path)


@pytest.mark.slow
def test_a_trial_measures_on_what_came_after_the_cutoff(trained):
    transactions, _, _ = trained
    trial = try_purchases(transactions, QUICK, cutoff=END, horizon=30)
    assert trial.scores["roc_auc"] > 0.7
    assert trial.reference["roc_auc"] > 0.7
    assert 0 < trial.scores["top_decile_share"] <= 1
    with pytest.raises(DataError, match="nothing to compare with"):
        try_purchases(transactions.before(END), QUICK, cutoff=END, horizon=30)


def test_windows_of_the_past_are_over_by_the_day_at_which_knowledge_ends():
    plan = PurchasePlan(horizon=91, cutoffs=4)
    assert past_windows(0.0, 273.0, plan) == [(182, 91), (159, 91), (136, 91), (113, 91)]
    assert past_windows(0.0, 273.0, PurchasePlan(horizon=273, cutoffs=1)) == [(182, 91)]
    with pytest.raises(DataError, match="40 days of purchases lie before the cutoff"):
        past_windows(0.0, 40.0, plan)


def test_no_purchases_are_refused():
    with pytest.raises(DataError, match="no purchases to learn from"):
        fit_purchases(transactions_of([]), QUICK)
    with pytest.raises(DataError, match="no purchases before the cutoff"):
        fit_purchases(transactions_of([("a", END + 1, 1.0, 1.0, None)]), QUICK)


def test_figures_are_as_worked_by_hand():
    outcome = Outcome(count=np.array([0, 2, 0, 1.0]), money=np.array([0, 30, 0, 10.0]), days=np.ones(4),
                      bought=np.ones(4, bool), kinds=np.zeros((4, 2), bool))  # fmt: skip
    found = purchase_scores(np.array([0.1, 0.9, 0.5, 0.4]), np.array([0, 1, 0, 1.0]), np.array([1, 9, 2, 3.0]), outcome)
    assert found["roc_auc"] == 0.75
    assert found["mae"] == 0.25
    assert found["rmse"] == 0.5
    assert found["top_decile_share"] == 0.75


def test_the_odds_are_shifted_until_the_mean_chance_is_the_share_of_those_who_bought():
    rng = np.random.default_rng(1)
    expected = rng.gamma(0.3, 1.0, 20_000)
    odds = np.log(np.expm1(np.maximum(expected, 1e-9)))
    assert odds_shift(odds - 1, rng.poisson(expected) > 0) == pytest.approx(1, abs=0.1)
    assert np.isfinite(odds_shift(odds, np.zeros(20_000, bool)))


def test_opinions_are_averaged_over_what_is_there():
    one, two = np.array([1.0]), np.array([3.0])
    odds, count = averaged({"nets": (one, two), "curves": (one, one), "models": (two, one)})
    mean = (2 * 3 + 2 * 1 + 1 * 1) / 5
    implied = 1 - np.exp(-np.exp(mean))
    assert odds[0] == pytest.approx(((4 * 1 + 1 * 3) / 5 + np.log(implied / (1 - implied))) / 2)
    assert count[0] == pytest.approx((2 * 3 + 1 * 1) / 3)


def test_a_forecast_between_mean_and_median_loses_little_and_gains_more():
    rng = np.random.default_rng(1)
    expected = rng.gamma(0.3, 1.0, 20_000)
    count = rng.poisson(expected)
    told = forecast(expected)
    assert np.abs(told - count).mean() < 0.97 * np.abs(expected - count).mean()
    assert np.sqrt(((told - count) ** 2).mean()) < 1.01 * np.sqrt(((expected - count) ** 2).mean())
    assert (np.diff(forecast(np.linspace(0, 5, 50))) > 0).all()


def test_the_odds_of_any_purchase_follow_from_the_number_expected():
    number = np.log(np.array([0.01, 0.5, 3.0]))
    for spread, nothing in ((1e9, np.exp(-np.exp(number))), (0.5, (1 + np.exp(number) / 0.5) ** -0.5)):
        assert 1 / (1 + np.exp(-odds_of_any(number, spread))) == pytest.approx(1 - nothing, rel=1e-4)
    assert np.isfinite(odds_of_any(np.array([-1e3, 1e3]), 0.2)).all()

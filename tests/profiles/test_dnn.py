"""Table models, nets and trees alike: they find what is planted, say why, and come back from their files."""

import numpy as np
import pytest

from profiles.dnn import TableModel, TablePlan, batch_of, chances, fit_table
from profiles.encode import encode
from profiles.explain import STEPS, drivers_of, features_of, pushes
from profiles.tables import Table
from profiles.trees import TreeModel, TreePlan, fit_trees
from rapport.errors import CorruptArtifact, UserError
from rapport.metrics import auroc

NETS = TablePlan(seed=3, parts=2, members=4, width=16, epochs=12, pieces=8, batch=64)
TREES = TreePlan(seed=3, parts=2, leaves=(4,), rounds=60, patience=10, rate=0.1, least=10)
KINDS = ("nets", "trees")


def planted(n: int, seed: int) -> tuple[Table, np.ndarray]:
    """Late payers leave; so do holders of a trial; age and colour mean nothing."""
    chance = np.random.default_rng(seed)
    late, age = chance.exponential(2.0, n), chance.normal(45.0, 12.0, n)
    plan = chance.choice(np.array(["trial", "basic", "gold"], dtype=object), n)
    odds = -2.0 + 1.2 * np.minimum(late, 5.0) + 1.5 * (plan == "trial")
    table = Table(
        ids=np.arange(n).astype(str).astype(object),
        numeric={"age": age, "days late": late},
        categorical={"colour": chance.choice(np.array(["red", "blue", None], dtype=object), n), "plan": plan},
    )
    return table, chance.random(n) < 1 / (1 + np.exp(-odds))


@pytest.fixture(scope="module")
def models() -> dict[str, TableModel | TreeModel]:
    table, target = planted(1200, 1)
    return {"nets": fit_table(table, target, NETS), "trees": fit_trees(table, target, TREES)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_found_and_the_chances_are_calibrated(models, kind):
    table, target = planted(2000, 2)
    found = models[kind].predict(table)
    assert auroc(found, target) > 0.82
    assert abs(found.mean() - target.mean()) < 0.04


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_planted_driver_is_named(models, kind):
    table, _ = planted(400, 4)
    late, trial = table.numeric["days late"] > 5.0, table.categorical["plan"] == "trial"
    found = pushes(models[kind], table)
    features = features_of(models[kind])
    assert features == ("age", "days late", "colour", "plan")
    strongest = np.array(features)[found.argmax(1)]
    assert (strongest[late] == "days late").mean() >= 0.95
    assert (strongest[trial & (table.numeric["days late"] < 1.0)] == "plan").mean() >= 0.95
    assert (found[late, features.index("days late")] > 0).all()


@pytest.mark.slow
def test_the_pushes_of_a_row_add_up_to_its_log_odds_against_the_typical_row(models):
    model = models["nets"]
    table, _ = planted(30, 5)
    chances = model.predict(table)
    odds = np.log(chances / (1 - chances))
    total = pushes(model, table).sum(1)
    assert np.ptp(odds - total) < 0.05  # the typical row's log-odds, the same for all
    again = pushes(model, table.chosen(np.array([7])))
    assert again[0].sum() == pytest.approx(total[7], abs=1e-3)


@pytest.mark.slow
def test_the_pushes_are_the_integrated_gradients_of_captum(models):
    import torch
    from captum.attr import IntegratedGradients

    model, nets = models["nets"], models["nets"].networks
    table, _ = planted(6, 8)
    rows = encode(table, model.encoding)
    numbers, places = torch.from_numpy(rows.numbers), torch.from_numpy(rows.places)

    def log_odds(*inputs: torch.Tensor) -> torch.Tensor:
        chance = torch.stack([torch.sigmoid(net.decide(one)).mean(1) for net, one in zip(nets, inputs, strict=True)])
        low, high = torch.log(chance.mean(0)), torch.log1p(-chance.mean(0))
        return model.calibration.low * low - model.calibration.high * high + model.calibration.offset

    inputs = tuple(net.embed(numbers, places).detach() for net in nets)
    found = IntegratedGradients(log_odds).attribute(inputs, tuple(net.typical[None] for net in nets), n_steps=STEPS)
    assert pushes(model, table).sum(1) == pytest.approx(sum(part.sum(1) for part in found).detach().numpy(), abs=1e-5)
    wide = model.encoding.numbers[0].width
    assert pushes(model, table)[:, 0] == pytest.approx(
        sum(part[:, :wide].sum(1) for part in found).detach().numpy(), abs=1e-5
    )


@pytest.mark.slow
def test_the_nets_side_by_side_say_what_each_says_by_itself(models):
    model = models["nets"]
    table, _ = planted(40, 9)
    rows = encode(table, model.encoding)
    alone = np.mean([chances(net, rows) for net in model.networks], axis=0)
    assert model.mean_chance(rows) == pytest.approx(alone, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_drivers_come_strongest_first_with_what_the_row_holds(models, kind):
    table, _ = planted(50, 6)
    row = int(np.argmax(table.numeric["days late"]))
    drivers = drivers_of(models[kind], table, row, k=4)
    assert drivers[0].feature == "days late"
    assert drivers[0].value == table.numeric["days late"][row]
    assert [abs(one.push) for one in drivers] == sorted((abs(one.push) for one in drivers), reverse=True)
    assert {one.feature: one.value for one in drivers}["colour"] == table.categorical["colour"][row]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_from_its_files_with_the_same_predictions(models, kind, tmp_path):
    table, _ = planted(100, 7)
    models[kind].save(tmp_path)
    again = type(models[kind]).load(tmp_path)
    assert again.predict(table).tolist() == models[kind].predict(table).tolist()
    assert again.plan == models[kind].plan
    assert not [path for path in tmp_path.iterdir() if path.suffix not in {".json", ".safetensors", ".txt"}]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_said_to_be_damaged(models, kind, tmp_path):
    models[kind].save(tmp_path)
    facts = next(tmp_path.glob("*.json"))
    facts.write_text(facts.read_text()[:200])
    with pytest.raises(CorruptArtifact, match="holds no readable"):
        type(models[kind]).load(tmp_path)
    with pytest.raises(CorruptArtifact):
        type(models[kind]).load(tmp_path / "nowhere")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_unseen_categories_and_missing_numbers_are_predicted(models, kind):
    table, _ = planted(3, 8)
    strange = Table(
        ids=table.ids,
        numeric={"age": np.array([np.nan, 1e12, -1e12]), "days late": np.array([np.nan, np.nan, 1e9])},
        categorical={name: np.array(["new", None, "?"], dtype=object) for name in ("colour", "plan")},
    )
    found = models[kind].predict(strange)
    assert ((found > 0) & (found < 1)).all()
    assert np.isfinite(pushes(models[kind], strange)).all()
    with pytest.raises(UserError, match="no column 'plan'"):
        models[kind].predict(table.without(frozenset({"plan"})))
    assert len(models[kind].predict(table.chosen(np.array([], int)))) == 0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_and_leaves_the_generators_alone():
    import torch

    table, target = planted(300, 9)
    plan = TablePlan(seed=5, parts=2, members=2, width=8, epochs=2)
    torch.manual_seed(1)
    first = fit_table(table, target, plan).predict(table)
    after = float(torch.rand(1))
    torch.manual_seed(1)
    assert after == float(torch.rand(1))
    assert fit_table(table, target, plan).predict(table).tolist() == first.tolist()
    other = TablePlan(seed=6, parts=2, members=2, width=8, epochs=2)
    assert fit_table(table, target, other).predict(table).tolist() != first.tolist()


@pytest.mark.parametrize(("rows", "size"), [(100, 16), (1000, 125), (5000, 256), (60_000, 600)])
def test_few_rows_get_small_steps_and_many_rows_get_large_ones(rows, size):
    assert batch_of(256, rows) == size

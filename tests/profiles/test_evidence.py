"""What an artifact remembers of its making: shares and figures by hand, and back from the file."""

import numpy as np
import pytest

from rapport.errors import CorruptArtifact


def texts(*values):
    return np.array(values, object)


def test_the_shares_of_a_number_by_hand():
    from profiles.evidence import Spread

    spread = Spread(edges=(1.0, 5.0), shares=(0.25, 0.25, 0.25, 0.25))
    assert spread.counts(np.array([0.0, 1.0, 4.9, 5.0, 100.0, np.nan])).tolist() == [1, 2, 2, 1]


def test_the_shares_of_a_category_by_hand():
    from profiles.evidence import Spread

    spread = Spread(names=("web", "mail"), shares=(0.5, 0.5, 0.0, 0.0))
    assert spread.counts(texts("web", "web", "fax", None, "mail")).tolist() == [2, 1, 1, 1]


def test_a_tenth_of_the_training_customers_lies_in_each_bin():
    from profiles.evidence import spreads_of
    from profiles.tables import Table

    table = Table(
        ids=np.arange(100).astype(str).astype(object),
        numeric={"orders": np.arange(100.0), "same": np.ones(100), "none": np.full(100, np.nan),
                 "season_sine": np.ones(100)},
        categorical={"channel": texts(*["web"] * 70, *["mail"] * 20, *[None] * 10)},
    )  # fmt: skip
    spreads = spreads_of(table)
    assert spreads["orders"].shares == pytest.approx([0.1] * 10 + [0.0])
    assert spreads["same"].shares == (0.0, 1.0, 0.0)
    assert spreads["none"].shares == (0.0, 1.0)
    assert (spreads["channel"].names, spreads["channel"].shares) == (("web", "mail"), (0.7, 0.2, 0.0, 0.1))
    assert "season_sine" not in spreads


def test_gains_by_hand():
    from profiles.evidence import gains_of

    chances = np.linspace(1, 0, 20)
    happened = np.zeros(20, bool)
    happened[[0, 1, 9, 19]] = True
    gains = gains_of(chances, happened)
    assert [(one.depth, one.found) for one in gains[:3]] == [(0.05, 0.25), (0.1, 0.5), (0.15, 0.5)]
    assert (gains[9].found, gains[18].found, gains[19].found) == (0.75, 0.75, 1.0)
    assert gains_of(chances, np.zeros(20, bool)) == ()


def trial(columns=None):
    from profiles.evidence import trial_of

    chance = np.random.default_rng(0)
    chances = chance.random(200)
    return trial_of(chances, chance.random(200) < chances, cutoff=20_500.0, days=90, columns=columns)


def test_groups_are_compared_by_who_stands_on_the_list_of_a_fifth():
    country = texts(*["DE", "FR"] * 100)
    (told,) = trial({"country": country, "locale": texts(*["en"] * 200)}).groups
    assert told.column == "country"
    assert [(one.name, one.rows) for one in told.groups] == [("DE", 100), ("FR", 100)]
    assert sum(one.selected * one.rows for one in told.groups) == pytest.approx(40)


def test_evidence_comes_back_from_its_file(tmp_path):
    from profiles.evidence import Evidence, Spread, load_evidence

    spreads = {
        "orders": Spread(edges=(1.0,), shares=(0.5, 0.5, 0.0)),
        "channel": Spread(names=("wéb",), shares=(1.0, 0.0, 0.0)),
    }
    kept = Evidence(rows=7, spreads=spreads, trials={"churn_risk": trial({"country": texts(*["DE", "FR"] * 100)})})
    kept.save(tmp_path)
    assert load_evidence(tmp_path) == kept


def test_an_artifact_may_have_none_but_no_damaged_one(tmp_path):
    from profiles.evidence import FILE, load_evidence

    assert load_evidence(tmp_path) is None
    for text in ("{", "[]", '{"rows": 1, "spreads": {"a": {}}, "trials": {}}'):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(CorruptArtifact, match=r"evidence\.json"):
            load_evidence(tmp_path)


def test_customers_are_grouped_by_country_and_language(shop):
    from profiles.evidence import groups_of
    from rapport.records import Customer

    ben = Customer(source="shop", source_id="ben", name="Ben", country="DE", locale="de")
    shop.store.upsert([ben])
    found = groups_of(shop.store, texts(shop.customer().id, ben.id, "shop:gone"))
    assert found["country"].tolist() == [None, "DE", None]
    assert found["locale"].tolist() == ["en", "de", None]

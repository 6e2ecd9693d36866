"""Customers of one planted kind lie near each other; an embedding is kept, and the same rows make the same one."""

from pathlib import Path

import numpy as np
import pytest

from profiles.embedding import WEIGHTS, Embedder, EmbeddingPlan, Lookalikes, fit_embedding
from profiles.history import NOTHING, History, Kind, facts_of
from profiles.tables import Table
from profiles.tastes import with_tastes
from rapport.errors import CorruptArtifact, NotFound, UserError

PLAN = EmbeddingPlan(size=4, width=16, epochs=30, batch=32)


def planted() -> tuple[Table, np.ndarray]:
    """90 customers of three kinds that differ in what they buy; how much they spend tells nothing."""
    random = np.random.default_rng(5)
    kind = np.arange(90) % 3
    numeric = {
        "spent": random.lognormal(4, 1, 90),
        "boots": np.where(kind == 0, random.uniform(0.6, 1, 90), random.uniform(0, 0.2, 90)),
        "tents": np.where(kind == 1, random.uniform(0.6, 1, 90), random.uniform(0, 0.2, 90)),
        "age": np.where(random.random(90) < 0.2, np.nan, random.uniform(20, 70, 90)),
        "constant": np.ones(90),
    }
    favourite = np.array(["boots", "tents", None], object)[np.where(random.random(90) < 0.8, kind, 2)]
    ids = np.array([f"c{row:02d}" for row in range(90)])
    return Table(ids=ids, numeric=numeric, categorical={"favourite": favourite}), kind


def test_nearest_customers_share_their_kind_far_more_often_than_by_chance():
    table, kind = planted()
    found = Lookalikes(customers=table.ids, vectors=fit_embedding(table, PLAN).embed(table))
    of = dict(zip(table.ids.tolist(), kind.tolist(), strict=True))
    same = [of[other] == of[one] for one in of for other, _ in found.alike(one, 3)]
    assert np.mean(same) >= 1 / 3 + 0.3


def test_the_same_rows_and_seed_make_the_same_embedding_and_it_is_kept(tmp_path: Path):
    table, _ = planted()
    one, other = fit_embedding(table, PLAN), fit_embedding(table, PLAN)
    assert np.array_equal(one.embed(table), other.embed(table))
    one.save(tmp_path)
    assert np.array_equal(Embedder.load(tmp_path).embed(table), one.embed(table))
    assert np.allclose(np.linalg.norm(one.embed(table), axis=1), 1.0, atol=1e-5)
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(CorruptArtifact, match="no readable embedding"):
        Embedder.load(tmp_path)


def test_the_likest_come_first_and_nobody_is_like_themselves():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6], [0.6, 0.8]], np.float32)
    found = Lookalikes(customers=np.array(["a", "b", "c", "d"]), vectors=vectors)
    assert [id for id, _ in found.alike("a", 9)] == ["c", "d", "b"]
    assert found.alike("a", 1)[0][1] == pytest.approx(0.8)
    with pytest.raises(NotFound, match="'z' has no embedding"):
        found.alike("z")


def test_a_row_with_unseen_and_missing_values_has_an_embedding():
    table, _ = planted()
    strange = table.chosen(np.array([0]))
    for values in strange.numeric.values():
        values[:] = np.nan
    strange.categorical["favourite"][:] = "rockets"
    assert np.isfinite(fit_embedding(table, PLAN).embed(strange)).all()


def test_too_few_customers_are_refused():
    with pytest.raises(UserError, match="5 customers are too few"):
        fit_embedding(planted()[0].chosen(np.arange(5)), PLAN)


def test_tastes_are_shares_of_the_lines_known_by_then():
    nothing = facts_of(np.empty(0, np.int32), np.empty(0))
    lines = facts_of(
        np.array([0, 0, 0, 0, 1]), np.array([1.0, 2.0, 3.0, 50.0, 4.0]), thing=np.array([0, 0, 1, 1, NOTHING])
    )
    history = History(
        customers=np.array(["a", "b"]), created=np.full(2, np.nan), country=np.array(["", ""], object),
        things=np.array(["p1", "p2"], object), facts={**dict.fromkeys(Kind, nothing), Kind.LINE: lines},
    )  # fmt: skip
    table = Table(ids=history.customers, numeric={}, categorical={})
    found = with_tastes(table, history, 10.0, {"p1": "boots", "p2": "tents"})
    assert found.numeric["share of boots"][0] == pytest.approx(2 / 3)
    assert found.numeric["share of tents"][0] == pytest.approx(1 / 3)
    assert np.isnan(found.numeric["share of tents"][1])

"""Files are scored in pieces: the memory of one piece, whole results or none."""

import csv
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from profiles.table_artifact import Predictor, load_predictor, save_predictor
from profiles.table_files import read_labelled_table
from profiles.table_scoring import score_file
from profiles.trees import TreePlan, fit_trees
from rapport.errors import CorruptArtifact, UserError


def write(path: Path, rows: int, *, header: str = "customer,visits,plan,left") -> Path:
    chance = np.random.default_rng(1)
    visits = chance.poisson(3.0, rows)
    with path.open("w") as file:
        file.write(header + "\n")
        file.writelines(f"C{row},{n},{'ab'[row % 2]},{'yes' if n < 2 else 'no'}\n" for row, n in enumerate(visits))
    return path


@pytest.fixture(scope="module")
def predictor(tmp_path_factory) -> Predictor:
    path = write(tmp_path_factory.mktemp("table") / "learn.csv", 300)
    read = read_labelled_table(path, target="left", id_column="customer")
    plan = TreePlan(parts=2, leaves=(4,), rounds=20, least=5)
    return Predictor(
        model=fit_trees(read.table, read.target, plan), layout=read.layout, target="left", positive=read.positive
    )


@pytest.mark.slow
def test_three_times_the_rows_take_no_more_memory(predictor, tmp_path):
    peaks = []
    for rows in (20_000, 60_000):
        path = write(tmp_path / "many.csv", rows)
        tracemalloc.start()
        assert score_file(predictor, path, tmp_path / "out.csv", piece=5000).rows == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.slow
def test_pieces_make_no_difference_to_the_scores(predictor, tmp_path):
    path = write(tmp_path / "some.csv", 70)
    for piece in (9, 100):
        score_file(predictor, path, tmp_path / f"{piece}.csv", drivers=2, piece=piece)
    assert (tmp_path / "9.csv").read_text() == (tmp_path / "100.csv").read_text()
    with (tmp_path / "9.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["driver_1"] for row in rows} == {"visits"}


@pytest.mark.slow
def test_a_file_that_lacks_a_column_leaves_no_scores(predictor, tmp_path):
    path = write(tmp_path / "bad.csv", 5, header="customer,visitors,plan,left")
    with pytest.raises(UserError, match="no column 'visits'"):
        score_file(predictor, path, tmp_path / "out.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.slow
def test_a_predictor_comes_back_with_its_layout_and_notices_damage(predictor, tmp_path):
    folder = tmp_path / "kept"
    save_predictor(folder, predictor, data={"rows": 300}, scores={})
    again = load_predictor(folder)
    assert (again.layout, again.target, again.positive) == (predictor.layout, "left", "yes")
    (folder / "trees.txt").write_text("tree")
    with pytest.raises(CorruptArtifact, match="damaged or changed"):
        load_predictor(folder)

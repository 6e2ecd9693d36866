"""`rapport profiles train --table` and `score --table`, from a file to scores with their drivers."""

import csv
import json

import numpy as np
import pytest

from ui.cli import run

TREES = ("--backend", "trees")


@pytest.fixture
def customers(tmp_path):
    """A file of 240 customers; those who complain leave."""
    chance = np.random.default_rng(1)
    complaints, region = chance.poisson(1.5, 240), chance.choice(["north", "south"], 240)
    left = chance.random(240) < 1 / (1 + np.exp(3.0 - 1.8 * complaints))
    path = tmp_path / "customers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "complaints", "region", "country", "left"])
        for row in range(240):
            cell = "" if row % 60 == 7 else int(complaints[row])
            writer.writerow([f"C{row}", cell, region[row], "DE", "yes" if left[row] else "no"])
    return path


def train(customers, *more: str) -> int:
    return run(["profiles", "train", "--table", str(customers), "--target", "left", "--id", "customer", *more])


def answered(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_a_table_is_learnt_measured_kept_and_scored(customers, tmp_path, capsys):
    into, out = tmp_path / "model", tmp_path / "scores.csv"
    more = ("--folds", "3", "--groups", "region", "--into", str(into), "--json", *TREES)
    assert train(customers, *more) == 0
    found = answered(capsys)
    assert {"roc_auc", "pr_auc", "brier", "ece", "rows", "seconds"} <= set(found)
    assert found["rows"] == 240
    assert found["roc_auc"] > 0.75
    assert found["left_out"] == {"country": "the same in every row"}
    assert {group["name"] for group in found["groups"]["groups"]} == {"north", "south"}
    command = ["profiles", "score", "--table", str(customers), "--model", str(into), "--out", str(out)]
    assert run([*command, "--drivers", "1", "--json"]) == 0
    assert answered(capsys)["rows"] == 240
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows[:2]] == ["C0", "C1"]
    likely = max(rows, key=lambda row: float(row["chance"]))
    assert likely["driver_1"] == "complaints"
    assert float(likely["push_1"]) > 0


@pytest.mark.slow
def test_what_is_measured_is_told_to_a_person_as_well(customers, capsys):
    assert train(customers, "--folds", "2", "--groups", "region", *TREES) == 0
    told = capsys.readouterr().out
    assert "240 rows, each predicted by a model that did not learn from it" in told
    assert "nothing was learnt from 'country': the same in every row" in told
    assert "largest gaps between groups" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--table", "FILE"], "needs a target"),
        (["train", "--table", "FILE", "--target", "gone"], "no column 'gone'"),
        (["train", "--table", "FILE", "--target", "complaints"], "values"),
        (["train", "--table", "FILE", "--target", "country"], "holds nothing but 'DE'"),
        (["train", "--table", "FILE", "--target", "left", "--backend", "forest"], "no backend 'forest'"),
        (["train", "--table", "FILE", "--target", "left", "--groups", "country"], "the same in every row"),
        (["train", "--table", "FILE", "--transactions", "FILE"], "two sources"),
        (["score", "--table", "FILE"], "needs a model"),
        (["score", "--out", "OUT"], "are for a --table"),
        (["score", "--drivers", "3"], "are for a --table"),
        (["score", "--table", "FILE", "--model", "FILE", "--out", "OUT"], "no readable card.json"),
    ],
)
def test_wrong_use_is_refused_with_what_to_do(customers, tmp_path, capsys, arguments, message):
    places = {"FILE": str(customers), "OUT": str(tmp_path / "out.csv")}
    code = run(["profiles", *(places.get(one, one) for one in arguments)])
    assert code in (1, 2)
    assert message in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_of_something_else_is_not_written_over(customers, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert train(customers, "--folds", "2", "--into", str(tmp_path / "mine"), *TREES) == 2
    assert "holds something else" in capsys.readouterr().err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"

"""`rapport profiles train --transactions`: figures for programs, a model in a folder, wrong use told."""

import json

import numpy as np
import pytest

from profiles.lstm import PurchaseModel
from ui.cli import run as main


@pytest.fixture
def purchases(tmp_path):
    rng = np.random.default_rng(4)
    lines = ["Client,Day,Paid"]
    for number in range(120):
        day = rng.integers(0, 60)
        while day < 330:
            date = np.datetime64("2020-01-01") + int(day)
            lines.append(f"c{number},{date},{rng.gamma(4, 5):.2f}")
            day += 1 + int(rng.exponential(8 if number % 3 else 70))
    path = tmp_path / "purchases.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_file_of_purchases_gives_the_agreed_figures_and_a_model(purchases, tmp_path, capsys):
    given = ["--cutoff", "2020-10-01", "--horizon", "50", "--map", "customer=Client", "--into", str(tmp_path / "model")]
    code = main(["profiles", "train", "--transactions", str(purchases), *given, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert {"roc_auc", "mae", "rmse", "spearman", "top_decile_share"} <= set(found)
    assert found["roc_auc"] > 0.6
    assert found["customers"] == 120
    assert found["columns"] == {"customer": "Client", "at": "Day", "amount": "Paid"}
    assert PurchaseModel.load(tmp_path / "model").plan.horizon == 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "needs a cutoff and a horizon"),
        (["--cutoff", "soon", "--horizon", "30"], "--cutoff is 'soon'"),
        (["--cutoff", "2020-10-01", "--horizon", "30", "--rate", "USD=much"], "does not say what a currency is worth"),
        (["--cutoff", "2021-10-01", "--horizon", "30", "--map", "customer=Client"], "nothing to compare with"),
        (["--cutoff", "2020-02-01", "--horizon", "30", "--map", "customer=Client"], "days of purchases lie before"),
    ],
)
def test_wrong_use_is_told(purchases, capsys, options, message):
    assert main(["profiles", "train", "--transactions", str(purchases), *options]) in (1, 2)
    assert message in " ".join(capsys.readouterr().err.split())

"""docs/profiles.md: its commands run one after the other, on a file like the one that it speaks of."""

import csv
import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from ui.cli import run

GUIDE = Path(__file__).parents[2] / "docs" / "profiles.md"


def test_the_guide_names_the_verbs_that_look_at_an_earlier_day(capsys):
    verbs = ["train", "score", "show", "recommend", "segments", "alike", "forecast", "synthesise", "report"]
    taking = []
    for verb in verbs:
        assert run(["profiles", verb, "--help"]) == 0
        taking += [verb] if "--as-of" in capsys.readouterr().out else []
    told = re.search(r"`--as-of DATE` looks[^;]+;([^.]+) take it\.", GUIDE.read_text(encoding="utf-8"))[1]
    assert sorted(re.findall(r"`(\w+)`", told)) == sorted(taking)


def test_a_training_tells_figures_beside_those_of_a_simple_reference(capsys):
    from ui.commands.profiles_train_home import _render

    _render({
        "name": "profiles", "as_of": "2026-11-01T03:12", "customers": 400, "seconds": 26.0, "cleaned": {},
        "churn": {"brier": 0.167, "roc_auc": 0.72, "roc_auc_by_fold": 0.72, "rows": 200, "happened": 51,
                  "base_brier": 0.191, "learnt_from": 3450},
    })  # fmt: skip
    told = capsys.readouterr().out
    line = " ".join(next(line for line in told.splitlines() if line.startswith("churn")).split())
    assert line.startswith("churn brier 0.167, roc auc 0.72, happened 51,")
    assert line.endswith("brier 0.191")
    assert "3,450" in told


@pytest.mark.slow
def test_the_commands_of_the_guide_on_a_home_run(own_sample_home, monkeypatch, capsys, request):
    from crm.store import Store
    from rapport.records import RecordKind

    monkeypatch.setenv("RAPPORT_HOME", str(own_sample_home.root))
    with Store.open(f"sqlite:///{own_sample_home.database_file}") as store:
        customer = next(store.iterate(RecordKind.CUSTOMERS))
    section = GUIDE.read_text(encoding="utf-8").split("## From a table")[0]
    commands = re.findall(r"^rapport profiles .+$", section, re.M)
    assert len(commands) == 3
    for command in commands:
        line = command.replace("mara.lindqvist@example.com", customer.email)
        assert run(shlex.split(line)[1:]) == 0, command
    told = capsys.readouterr().out
    assert re.search(r"400 customers as of \d{4}-", told)
    assert customer.name in told
    assert "Chance of a message soon" in told
    assert run(["profiles", "show", "nobody"]) == 2
    spread = re.findall(r"`(rapport [^`]+ --ray)`", section)
    assert [command.split()[1] for command in spread] == ["profiles", "index"]
    if importlib.util.find_spec("ray"):
        request.getfixturevalue("ray")  # one start serves both commands
        for command in spread:
            assert run([*shlex.split(command)[1:], "--json"]) == 0, command
        assert '"kept": 400' in capsys.readouterr().out
    assert run(["profiles", "score", "--ray", "--table", "x.csv"]) == 2


@pytest.mark.slow
def test_the_commands_of_the_guide_on_tables_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(2)
    with Path("customers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "complaints", "region", "left"])
        for row in range(200):
            complaints = int(chance.poisson(1.5))
            left = chance.random() < 1 / (1 + np.exp(3.0 - 1.8 * complaints))
            writer.writerow([f"C{row}", complaints, chance.choice(["north", "south"]), "yes" if left else "no"])
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    ours = [line for block in blocks for line in block.splitlines() if "--table" in line]
    assert len(ours) == 3
    for command in ours:
        assert run(shlex.split(command)[1:]) == 0, command
    told = capsys.readouterr().out
    assert "200 rows in" in told
    assert "the chance that 'left' is 'yes'" in told
    with Path("scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200
    assert all(0 < float(row["chance"]) < 1 for row in rows)
    assert max(rows, key=lambda row: float(row["chance"]))["driver_1"] == "complaints"

"""`rapport profiles synthesise` writes customers who do not exist."""

import csv
import json

from ui.cli import run


def test_made_up_customers_are_written_to_a_file(tmp_path, capsys):
    table, out = tmp_path / "customers.csv", tmp_path / "made.csv"
    rows = [f"c{n},{n * 7 % 50},{'yes' if n % 3 else 'no'},{n * 13 % 101 / 4}" for n in range(120)]
    table.write_text("\n".join(["id,months,active,spent", *rows]) + "\n")
    code = run(["profiles", "synthesise", "25", "--table", str(table), "--id", "id", "--by", "active", "--only", "no",
                "--out", str(out), "--json"])  # fmt: skip
    assert code == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 25
    with out.open() as file:
        made = list(csv.DictReader(file))
    assert list(made[0]) == ["id", "months", "spent", "active"]
    assert {row["active"] for row in made} == {"no"}
    assert all(0 <= int(row["months"]) < 50 for row in made)


def test_an_unknown_model_is_refused(tmp_path, capsys):
    assert run(["profiles", "synthesise", "5", "--out", str(tmp_path / "x.csv"), "--model", "vae"]) != 0
    assert "there is no model 'vae'" in capsys.readouterr().err


def test_a_place_where_nothing_can_be_written_is_told_before_anything_is_learnt(tmp_path, capsys):
    for place in (tmp_path, tmp_path / "none" / "x.csv"):
        assert run(["profiles", "synthesise", "5", "--out", str(place)]) == 2
        assert "cannot be written" in capsys.readouterr().err

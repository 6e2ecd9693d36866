"""`rapport profiles segments` on a file of purchases."""

import json
from pathlib import Path

import pytest

from ui.cli import run


@pytest.fixture
def purchases(tmp_path: Path) -> Path:
    """40 customers who come every week, and 60 who came once long ago."""
    rows = ["customer,at,amount"]
    rows += [
        f"L{who:02d},2026-{month:02d}-{day:02d},{40 + who}"
        for who in range(40)
        for month in (5, 6)
        for day in (3, 10, 17)
    ]
    rows += [f"G{who:02d},2025-0{1 + who % 3}-0{1 + who % 9},{5 + who % 7}" for who in range(60)]
    path = tmp_path / "purchases.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_segments_of_a_file_are_told_and_kept(purchases, tmp_path, capsys):
    into = tmp_path / "kept"
    code = run(
        ["profiles", "segments", "--transactions", str(purchases), "--count", "2", "--into", str(into), "--json"]
    )
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [one["name"] for one in told["segments"]] == [
        "frequent big spenders, active lately",
        "one-time buyers, quiet for a while",
    ]
    assert [one["customers"] for one in told["segments"]] == [40, 60]
    assert told["stability"] == 1.0
    assert sorted(path.name for path in into.iterdir()) == ["segments.json", "segments.safetensors"]


def test_a_day_is_looked_back_at(purchases, capsys):
    code = run(["profiles", "segments", "--transactions", str(purchases), "--as-of", "2026-01-01", "--json"])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["customers"] == 60

"""docs/training.md: its files are written, its commands run in order, and what it says of them is so."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from finetune.examples import intent_rows, representative
from rapport.cards import read_card
from rapport.paths import HOME_VARIABLE
from rapport.registry import artifact_folder, current
from ui.cli import run

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
MADE_BEFORE = ("export ", "rapport init")  # by the fixture, in the same way


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if not line.startswith(MADE_BEFORE)]


def shown(command: str) -> str:
    """What the guide shows under a command."""
    return re.search(rf"^{re.escape(command)}\n```\n\n```text\n(.*?)^```", GUIDE, re.M | re.S)[1]


@pytest.fixture
def desk(tmp_path, own_sample_home, monkeypatch):
    """A folder with the files of the guide, and a home of the sample company."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME_VARIABLE, str(own_sample_home.root))
    for name, content in re.findall(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)^```", GUIDE, re.M | re.S):
        (tmp_path / name).write_text(content, encoding="utf-8")
    return own_sample_home


def test_the_commands_of_the_guide_do_what_it_says(desk, capsys):
    before = current(desk, "intent")
    said = {}
    for command in commands():
        if command.startswith("rapport "):
            assert run(shlex.split(command)[1:]) == 0, command
            said[command] = capsys.readouterr().out
        else:
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
            said[command] = done.stdout
    assert len(said) > 15
    check_training(said)
    check_explanations(said)
    check_escalation(said)
    assert {path.name for path in Path("report").iterdir()} == {
        "reliability.png", "risk_coverage.png", "report.json",
    }  # fmt: skip
    assert current(desk, "intent") == before
    assert "/help/cancel-an-order" in said['rapport ask "Please cancel my order"']
    rows = [json.loads(line) for line in said["rapport predict intent inbox.csv --model shop-1 --json"].splitlines()]
    assert [row["label"] for row in rows][:2] == ["refund_status", "order_status"]


def check_training(said: dict[str, str]) -> None:
    """The scores that the guide shows are those of the command, but for their last digits."""
    command = next(one for one in said if "--name shop-1" in one)
    told, found = (dict(re.findall(r"^  (\w+) +([\d.]+)$", text, re.M)) for text in (shown(command), said[command]))
    assert set(told) == set(found)
    for name, value in told.items():
        assert float(found[name]) == pytest.approx(float(value), abs=0.1), name
    assert "How good it is" in said['cat "$RAPPORT_HOME/models/shop-1/CARD.md"']


def check_explanations(said: dict[str, str]) -> None:
    """The number leads the first model astray, and the word "money" leads the second."""
    first = 'rapport explain "Schöne Grüße, I\'d like my money for LF-310442" --model shop-1'
    assert said[first].split()[0] == shown(first).split()[0] == "order_status"
    assert heaviest(said[first]) == heaviest(shown(first)) == "LF-310442"
    second = said[first.replace("shop-1", "shop-2")]
    assert (second.split()[0], heaviest(second)) == ("refund_status", "money")


def check_escalation(said: dict[str, str]) -> None:
    """The messages that the file is about are found by the model that was fitted on it, some of them at least."""
    command = next(one for one in said if "--name calls-1" in one)
    told, found = (re.findall(r"^  (\w+) +[\d.]+$", text, re.M) for text in (shown(command), said[command]))
    assert told == found
    assert shown(command).split(",")[:3] == said[command].split(",")[:3]
    before, after = (said[f"rapport eval escalation --data needs.csv{end}"] for end in ("", " --model calls-1"))
    assert missed(before) == 4
    assert missed(after) < 4
    assert "colleague" in said['rapport ask "Please make us an offer for fifty sleeping bags for our club"']
    command = "rapport predict escalation needs.csv --model calls-1"
    (row,) = [line for line in said[command].splitlines() if "We run a summer camp" in line]
    assert row.split()[0] == "escalate"


def missed(report: str) -> int:
    """Messages that were to be escalated and are not."""
    return sum(int(count) for count in re.findall(r"escalate taken for \w+: (\d+)", report))


def heaviest(table: str) -> str:
    """The word with the largest weight."""
    return max(re.findall(r"^(\S+) +([+-][\d.]+) ", table, re.M), key=lambda row: float(row[1]))[0]


def test_the_pictures_of_the_guide_are_those_of_the_sample_company(desk, sample, tmp_path, capsys):
    splits = intent_rows(representative(sample.examples))
    for name, rows in (("train", splits.train), ("dev", splits.dev), ("test", splits.test)):
        lines = [json.dumps({"text": row.text, "label": row.label}, ensure_ascii=False) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    train = ["--data", "train.jsonl", "--dev", "dev.jsonl", "--method", "head", "--name", "pictured"]
    assert run(["train", "intent", *train]) == 0
    capsys.readouterr()
    measure = ["--data", "test.jsonl", "--model", "pictured", "--report", "pictures", "--json"]
    assert run(["eval", "intents", *measure]) == 0
    scores = json.loads(capsys.readouterr().out)
    report = json.loads((tmp_path / "pictures" / "report.json").read_text(encoding="utf-8"))
    fitted = read_card(artifact_folder(desk, "pictured")).data["rows"]["train"]
    assert f"fitted on {fitted:,} of its phrases and measured on {scores['rows']} of" in GUIDE
    ece = float(re.search(r"ECE ([\d.]+) is the mean gap", GUIDE)[1])
    whole, answered, wrong = figures()
    assert scores["ece"] == pytest.approx(ece, abs=0.02)
    assert report["risk_coverage"][-1]["error"] == pytest.approx(whole, abs=0.03)
    assert scores["answered"] == pytest.approx(answered, abs=0.05)
    assert scores["error_among_answered"] == pytest.approx(wrong, abs=0.02)
    (right,) = re.findall(r"^\| `head` .*?\| (\d+)% \|", GUIDE, re.M)
    assert scores["accuracy"] == pytest.approx(int(right) / 100, abs=0.03)


def figures() -> tuple[float, float, float]:
    """Of the right picture: wrong among all, the share answered, wrong among those."""
    text = GUIDE.split("- **Right**")[1].replace("\n", " ")
    return tuple(float(one) / 100 for one in re.findall(r"([\d.]+)%", text)[:3])

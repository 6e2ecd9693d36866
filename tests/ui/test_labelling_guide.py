"""docs/labelling.md: its commands run one after the other, and what it promises of them holds."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from crm.store import Store
from finetune.proposal import load_proposal
from rapport.paths import HOME_VARIABLE
from ui.cli import run

GUIDE = Path(__file__).parents[2] / "docs" / "labelling.md"


@pytest.mark.slow
def test_the_commands_of_the_guide_label_the_sample_companys_tickets(tmp_path, home, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) > 15
    said = {}
    for program, *words in commands:
        if program == "python":
            subprocess.run([sys.executable, *words], check=True)
            continue
        assert run([*words, "--json"]) == 0, words
        said[" ".join(words[:3])] = json.loads(capsys.readouterr().out)
    assert said["tickets cluster"]["texts"] == 1500
    for accepted in ("tickets accept c7", "tickets accept refund_status", "tickets accept c2"):
        assert said[accepted]["changed"] == said[accepted]["size"] > 0
    states = {one["id"]: one["state"] for one in said["tickets clusters"]["clusters"]}
    assert states.items() >= {"c1": "rejected", "c2": "accepted", "c3": "accepted", "c7": "accepted"}.items()
    assert [one["name"] for one in said["tickets clusters"]["clusters"]].count("refund_status") == 1
    assert len(said["tickets label-next --count"]["tickets"]) == 10
    exported = [json.loads(line) for line in Path("labelled.jsonl").read_text(encoding="utf-8").splitlines()]
    accepted = [one for one in said["tickets clusters"]["clusters"] if one["state"] == "accepted"]
    assert len(exported) == said["tickets export --out"]["rows"] >= sum(one["size"] for one in accepted)
    assert {row["label"] for row in exported} >= {"refund_status", "order_late", "discount_code"}
    proposed = [json.loads(line) for line in Path("proposed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["text"] for row in proposed} <= {row["text"] for row in exported}
    assert load_proposal(home).source.endswith("labelled.jsonl")
    with Store.open(f"sqlite:///{home.database_file}") as store:
        assert len(list(store.ticket_labels())) == len(exported)
        assert {entry.action for entry in store.audits()} >= {"tickets.accept", "tickets.reject", "tickets.label"}

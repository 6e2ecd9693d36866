"""docs/importing.md: its files are written, its commands run, and its tables are the columns."""

import json
import re
import shlex
from pathlib import Path

import pytest

from crm.importers.columns import FIELDS
from crm.store import Store
from rapport.paths import HOME_VARIABLE
from rapport.records import RecordKind
from ui.cli import run

GUIDE = Path(__file__).parents[2] / "docs" / "importing.md"
NEEDS_DOWNLOAD = "rapport import all retail_shop"


@pytest.fixture
def text():
    return GUIDE.read_text(encoding="utf-8")


def test_the_commands_of_the_guide_import_its_files(text, tmp_path, home, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    Store.open(f"sqlite:///{home.database_file}").close()
    for name, content in re.findall(r"^`([\w./-]+)`[^\n]*:\n\n```\w+\n(.*?)^```", text, re.M | re.S):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    commands = [line for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]
    assert len(commands) > 8
    for command in commands:
        if command.startswith(NEEDS_DOWNLOAD):  # proven by tests/crm/test_importers_tau2.py
            continue
        _, *words = shlex.split(command, comments=True)
        assert run([*words, *([] if "--json" in words else ["--json"])]) == 0, command
        report = json.loads(capsys.readouterr().out)
        assert report["rejected"] == 0, command
    with Store.open(f"sqlite:///{home.database_file}") as store:
        assert {kind.value: store.count(kind) for kind in RecordKind} == {
            "customers": 2, "products": 2, "orders": 3, "articles": 2, "tickets": 1, "events": 1,
        }  # fmt: skip
        (order,) = [one for one in store.iterate(RecordKind.ORDERS) if one.number == "W-1"]
        assert (len(order.lines), len(order.deliveries), order.deliveries[0].status) == (2, 1, "delivered")
        assert store.get(RecordKind.TICKETS, "company:T1").messages[2].private


def test_the_tables_of_the_guide_are_the_columns(text):
    for kind in RecordKind:
        table = text.split(f"### {kind.value}\n")[1].split("\n#")[0]
        found = {}
        for field, others in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M):
            found[field] = tuple(re.findall(r"`(\w+)`", others))
        assert found == dict(FIELDS[kind]), kind

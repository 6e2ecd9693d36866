"""docs/gate.md: its commands run in order on models that were trained a little; its numbers are those of the code."""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm.store import Store, Suggestion
from eval.gate import GatePlan
from rapport.registry import current, history, use
from rapport.types import Viewer
from ui.cli import run

GUIDE = (Path(__file__).parents[2] / "docs" / "gate.md").read_text(encoding="utf-8")
SYSTEM = "status: shipped\nasked: status\nsay: status, items\nmay say: order number"


def row(number: int) -> dict:
    asked = f"Where is my {('parcel', 'order', 'tent')[number % 3]}? ({number})"
    told = (("system", SYSTEM), ("user", asked), ("assistant", "It is {status}: {items}."))
    return {"messages": [{"role": role, "content": text} for role, text in told]}


def written(path: Path, rows: list[dict]) -> None:
    path.write_text("\n".join(json.dumps(one) for one in rows), encoding="utf-8")


def suggested(home) -> None:
    """Twelve conversations in which a colleague sent another text than the suggested one."""
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    with Store.open(f"sqlite:///{home.database_file}") as store:
        for number in range(12):
            id = store.create_conversation(channel="web", viewer=Viewer(), at=at).id
            asked = store.receive(id, f"Do you repair {'abcdefghijkl'[number]}?", at=at)
            made = Suggestion(conversation_id=id, message_id=asked.id, text="We will look into it.", model="a", at=at)
            kept = store.add_suggestion(made)
            store.judge_suggestion(kept.id, "edited", sent="Yes, bring it to us.", actor="eva", at=at)


@pytest.fixture
def desk(home, tmp_path, monkeypatch, tiny_chat, publish_reply):
    """A home whose model learnt short replies, the same model under another name, held-out rows, pairs, suggestions."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from finetune.causal import fit_causal
    from finetune.causal_plan import CausalPlan

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAPPORT_HOME", str(home.root))
    folder = tiny_chat("llama", hidden_size=64, intermediate_size=128)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    plan = CausalPlan(steps=120, batch_tokens=1024, learning_rate=3e-3, max_tokens=256)
    fitted = fit_causal(model, tokenizer, [row(n) for n in range(64)], plan=plan, folder=tmp_path / "run")
    fitted.model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    for name in ("shop-1", "shop-2"):
        publish_reply(home, name, tmp_path / "model")
    use(home, "reply", "shop-1")
    suggested(home)
    written(tmp_path / "held-out.jsonl", [row(n) for n in range(100, 230)])
    pairs = [row(n)["messages"] for n in range(300, 340)]
    written(tmp_path / "pairs.jsonl", [
        {"messages": said[:-1], "chosen": said[-1]["content"], "rejected": "We will look into it."} for said in pairs
    ])  # fmt: skip
    return home


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_the_guide_runs(desk, capsys):
    for block in re.findall(r"^```sh\n(.*?)^```", GUIDE, re.M | re.S):
        for command in block.splitlines():
            assert run(shlex.split(command)[1:]) == 0, command
    shown = capsys.readouterr().out
    assert "130 of 130 held-out conversations" in shown
    assert "the gate lets shop-2 through" in shown
    assert "the gate lets shop-4 through" in shown
    assert (current(desk, "reply"), history(desk, "reply")) == ("shop-2", ("shop-1", "shop-2"))
    kept = [json.loads(path.read_text()) for path in sorted(desk.runs.glob("*-gate-shop-2/gate.json"))]
    assert [one["gate"] for one in kept] == ["passed", "passed", "not asked"]
    assert kept[0]["judgement"]["figures"]["right"]["candidate"]["value"] > 0.9


def test_the_limits_of_the_guide_are_those_of_the_gate():
    plan, text = GatePlan(), " ".join(GUIDE.split())
    for said in (
        f"fallen by more than {plan.right}", f"fallen by more than {plan.grounded}",
        f"more than {plan.rule_breaks} more",
        f"below {plan.shortest} or above {plan.longest} times", f"more than {plan.slower} times as long",
        f"drawn anew {plan.resamples:,} times", f"Of more than {plan.most} rows",
        f"{plan.bootstrap.least_cases(plan.right)} with facts for a margin of {plan.right}",
        f"{plan.bootstrap.least_cases(plan.grounded)} for {plan.grounded}",
    ):  # fmt: skip
        assert said in text, said


def test_the_rows_of_the_guide_are_read():
    from eval.reply_scores import cases_of
    from finetune.preference_pairs import _pair

    rows = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", GUIDE, re.M | re.S)]
    assert cases_of(rows[:1])[0].sent == _pair(rows[1], "the guide").chosen

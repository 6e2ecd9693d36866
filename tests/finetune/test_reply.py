"""`train reply`: an adapter with its card from tickets or rows, a base that is there, enough replies; two processes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from finetune.causal_plan import CausalPlan
from finetune.reply import PLAN, ReplyJob, base_source, train_reply
from finetune.reply_rows import write_rows
from finetune.tuning import Unwatched
from rapport.cards import read_card
from rapport.errors import DataError, NotFound, Refused
from rapport.replies import source_of

QUICK: CausalPlan = replace(PLAN, epochs=1, batch_tokens=1024, rank=4, looks=1)
ASKED = ("Where is parcel {}?", "When does number {} come?", "Who brings {}?")
SAID = ("It is with {carrier}.", "It comes on {expected date}, as we hope.", "{carrier} brings order {order number}.")
SYSTEM = "status: shipped\nasked: status\nsay: carrier\nmay say: expected date, order number"


def rows(count=60):
    things = (
        "kettle",
        "umbrella",
        "violin",
        "mattress",
        "saddle",
        "chess board",
        "lantern",
        "wardrobe",
        "drill",
        "vase",
    )
    looks = ("red", "enormous", "second", "broken", "wrapped", "wooden")
    return [
        {
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": ASKED[number % 3].format(f"{looks[number // 10]} {things[number % 10]}")},
                {"role": "assistant", "content": SAID[number % 3]},
            ],
            "source": f"made:{number}", "customer": f"c{number % 40}", "at": f"2026-05-{1 + number // 3:02d}",
            "checkable": True,
        }
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def base(tiny_chat):
    return str(tiny_chat("llama"))


def test_a_base_that_is_not_there_is_said_to_be_so(home):
    with pytest.raises(NotFound, match="there is no model 'nothing' to begin with"):
        base_source(home, "nothing")
    with pytest.raises(NotFound, match="there is no model '/no/such/place' to begin with"):
        base_source(home, "/no/such/place")
    assert base_source(home, "Qwen/Qwen3-0.6B").model == "Qwen/Qwen3-0.6B"


def test_too_few_replies_are_refused_with_what_was_left_out(home, tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "config.json").write_text("{}")
    job = ReplyJob(name="few", base=str(tmp_path / "whole"), rows=rows(9), left_out={"it names a person": 3})
    with pytest.raises(DataError, match=r"only 9 different replies .* 3 left out: it names a person"):
        train_reply(home, job, watch=Unwatched())
    with pytest.raises(Refused, match="cannot be the name"):
        train_reply(home, replace(job, name="../few"), watch=Unwatched())


@pytest.mark.slow
def test_an_adapter_is_published_with_its_card_and_loads_as_a_reply_model(home, base):
    from rapport.chat.weights import load_weights

    old = rows(30)
    job = ReplyJob(name="own", base=base, rows=rows(), old=old, old_held_out=old[:5], share=0.5, plan=QUICK)
    card = train_reply(home, job, watch=Unwatched())
    assert card == replace(read_card(home.models / "own"), files={}, made_at="")
    assert (card.kind, card.base, card.plan["protocol"], card.plan["rank"]) == ("reply", base, "slots", 4)
    train, held = card.data["rows"]["train"], card.data["rows"]["held_out"]
    assert (card.data["rows"]["old"], card.data["dropped"]) == (round(train / 2), 60 - train - held)
    assert card.scores["loss_after"] < card.scores["loss_before"]
    assert card.scores["new_before"]["rows"] == held
    assert card.scores["old_after"]["rows"] == 5
    source = source_of(home, "own")
    assert load_weights(source.model, adapter=source.adapter).model is not None
    assert not list(home.runs.rglob("*.safetensors"))
    with pytest.raises(Refused, match="there is a model 'own' already"):
        train_reply(home, job, watch=Unwatched())


@pytest.mark.slow
def test_an_adapter_is_trained_on_and_stands_on_the_same_model(home, base):
    first = train_reply(home, ReplyJob(name="one", base=base, rows=rows(), plan=QUICK), watch=Unwatched())
    second = train_reply(home, ReplyJob(name="two", base="one", rows=rows(), plan=QUICK), watch=Unwatched())
    assert (second.base, second.plan["began_with"]) == (base, "one")
    assert second.scores["loss_before"] == pytest.approx(first.scores["loss_after"], abs=0.02)


def run(*arguments, **variables):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables}, timeout=280,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_says_what_is_wrong_and_what_it_made(home, base, tmp_path):
    write_rows(tmp_path / "rows.jsonl", rows())
    (tmp_path / "bad.jsonl").write_text('{"messages": 3}\n')
    place = ("--home", str(home.root), "--json")
    given = ("--data", str(tmp_path / "rows.jsonl"), "--base", base, "--name", "own", "--epochs", "1", "--rank", "4")
    made = run("-m", "ui.cli", "train", "reply", *given, *place)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["scores"]["loss_after"] > 0
    bad = run("-m", "ui.cli", "train", "reply", "--data", str(tmp_path / "bad.jsonl"), "--base", base, *place)
    assert bad.returncode == 1
    assert "bad.jsonl, line 1: a training row needs a list of messages" in json.loads(bad.stdout)["error"]["message"]
    none = run("-m", "ui.cli", "train", "reply", "--base", base, *place)
    assert none.returncode == 2
    assert "there is no company" in json.loads(none.stdout)["error"]["message"]


@pytest.mark.slow
def test_two_processes_train_one_model_and_say_one_thing(home, base, tmp_path):
    write_rows(tmp_path / "rows.jsonl", rows())
    launch = ("-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
              "--main_process_port", "0", "--mixed_precision", "no", "--module", "ui.cli")  # fmt: skip
    given = ("--data", str(tmp_path / "rows.jsonl"), "--base", base, "--name", "both", "--epochs", "2", "--rank", "4")
    made = run(*launch, "train", "reply", *given, "--batch-tokens", "1024", "--home", str(home.root), "--json")
    assert made.returncode == 0, made.stderr[-3000:]
    told = json.loads(made.stdout)
    alone = train_reply(
        home, ReplyJob(name="alone", base=base, rows=rows(), plan=replace(QUICK, epochs=2)), watch=Unwatched()
    )
    assert told["scores"]["loss_after"] == pytest.approx(alone.scores["loss_after"], rel=0.1)
    assert told["scores"]["loss_before"] == alone.scores["loss_before"]
    assert read_card(home.models / "both").scores["loss_after"] == told["scores"]["loss_after"]

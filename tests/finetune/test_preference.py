"""Preference training: its loss, that a preference is learnt, that a kill loses nothing, what is published."""

import json
import math

import pytest

from finetune.causal_plan import CausalPlan
from finetune.preference import PreferencePlan, fit_preference
from finetune.preference_loss import PairLosses, margins, pair_of
from finetune.preference_pairs import Pair, Pairs, dealt
from finetune.preference_train import PreferenceJob, load_trainable, train_preference
from finetune.tuning import Unwatched
from rapport.cards import read_card
from rapport.errors import DataError, ModelError, NotFound, SettingsError
from rapport.registry import use
from rapport.replies import reply_source, source_of
from ui.cli import run

PLAN = PreferencePlan(learning_rate=5e-3, epochs=6, rank=8, batch_tokens=512)
peft_asks = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def pairs(count: int = 40) -> tuple[Pair, ...]:
    """People promise to look where the model names a status; at first the tiny model finds the latter likelier."""
    things = ("parcel", "order", "mugs", "tent", "refund")
    return tuple(
        Pair(
            (("system", f"status: state {n}"), ("user", f"Where is my {things[n % 5]}, the {n}th?")),
            f"We will look into your {things[n % 5]}.",
            f"Your {things[n % 5]} is {{status}}.",
        )
        for n in range(count)
    )


@pytest.fixture
def load(tiny_chat, torch):
    def load():
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = tiny_chat("llama")
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return model, AutoTokenizer.from_pretrained(folder)

    return load


def test_the_margin_is_what_the_model_gained_on_the_chosen_reply_less_what_it_gained_on_the_other(torch):
    """0.1 · ((-10 - -11) - (-12 - -11)) = 0.2, whose loss is -ln σ(0.2) = 0.59814."""
    found = margins(torch.tensor([-10.0]), torch.tensor([-12.0]), torch.tensor([[-11.0, -11.0]]), beta=0.1)
    assert found.tolist() == pytest.approx([0.2])
    assert -math.log(1 / (1 + math.exp(-0.2))) == pytest.approx(0.59814, abs=1e-5)


def test_the_loss_of_a_batch_is_that_of_each_pair_worked_out_by_itself(load, torch):
    from finetune.causal_rows import RowEncoder

    model, tokenizer = load()
    encoder = RowEncoder(tokenizer, most=256)
    examples = []
    for number, pair in enumerate(pairs(3)):
        both = encoder.encode([pair.row(pair.chosen), pair.row(pair.rejected)]).examples
        made = pair_of(*both)
        examples.append(type(made)(made.ids, 1, made.chosen, made.rejected, (-90.0 + number, -100.0)))
    plan = PreferencePlan().causal
    losses = PairLosses(model, torch.device("cpu"), type(plan)(precision="float32"), beta=0.5, sft=0.3)

    def worth(example) -> float:
        ids = torch.tensor([example.ids])
        with torch.no_grad():
            shares = model(ids).logits[0].log_softmax(1)
        start = len(example.ids) - example.reply
        return sum(float(shares[place - 1, ids[0, place]]) for place in range(start, len(example.ids)))

    expected = 0.0
    for example in examples:
        chosen, rejected = worth(example.chosen), worth(example.rejected)
        margin = 0.5 * ((chosen - example.reference[0]) - (rejected - example.reference[1]))
        expected += math.log1p(math.exp(-margin)) - 0.3 * chosen / example.chosen.reply
    found = losses.total(examples, [[0], [1], [2]])
    assert float(found.detach()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("wrong", [{"beta": 0.0}, {"sft": -1.0}, {"held_out": 0.9}, {"rank": 0}, {"learning_rate": 2}])
def test_a_plan_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError):
        PreferencePlan(**wrong)


@peft_asks
@pytest.mark.slow
def test_a_preference_is_learnt_and_the_chosen_replies_stay_likely(load, tmp_path):
    train, held = dealt(pairs(), 0.2, seed=3)
    found = fit_preference(*load(), train, held, plan=PLAN, folder=tmp_path)
    assert (found.train, found.before.pairs, found.left_out) == (32, 8, 0)
    assert (found.before.accuracy, found.before.margin, found.before.moved) == (0.0, 0.0, 0.0)
    assert found.after.accuracy == 1.0
    assert found.after.moved == 1.0
    assert found.after.margin > 1.0
    assert found.after.chosen_loss < found.before.chosen_loss


@peft_asks
@pytest.mark.slow
def test_without_the_share_of_the_usual_loss_the_margin_alone_is_learnt(load, tmp_path):
    from dataclasses import replace

    train, held = dealt(pairs(), 0.2, seed=3)
    found = fit_preference(*load(), train, held, plan=replace(PLAN, sft=0.0), folder=tmp_path)
    held_to = fit_preference(*load(), train, held, plan=PLAN, folder=tmp_path / "held")
    assert found.after.moved == 1.0
    assert held_to.after.chosen_loss < found.after.chosen_loss


class Killed(Unwatched):
    def step(self, done: int, total: int, loss: float) -> None:
        if done == 5:
            raise KeyboardInterrupt


@peft_asks
@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(load, tmp_path, monkeypatch, torch):
    monkeypatch.setattr("finetune.causal_run.CHECKPOINT_SECONDS", 0.0)
    train, held = dealt(pairs(16), 0.2, seed=3)
    whole = fit_preference(*load(), train, held, plan=PLAN, folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit_preference(*load(), train, held, plan=PLAN, folder=tmp_path / "killed", watch=Killed())
    again = fit_preference(*load(), train, held, plan=PLAN, folder=tmp_path / "killed")
    assert again.after == whole.after
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name]), name


@peft_asks
@pytest.mark.slow
def test_pairs_that_do_not_fit_are_said(load, tmp_path):
    long = [Pair((("user", f"{n} " + "mug " * 900),), "yes", "no") for n in range(4)]
    with pytest.raises(DataError, match="of 4 pairs to learn and 4 held out, 0 and 0 fit into 512 tokens"):
        fit_preference(*load(), long, long, plan=PLAN, folder=tmp_path)
    mixed = fit_preference(*load(), [*pairs(8), *long], list(pairs(10))[8:], plan=PLAN, folder=tmp_path)
    assert (mixed.train, mixed.left_out) == (8, 4)


@peft_asks
@pytest.mark.slow
def test_a_home_gets_an_adapter_that_answers_and_is_trained_on_without_a_second_one(
    home, tiny_chat, publish_reply, torch
):
    publish_reply(home, "shop", tiny_chat("llama"), plan={"protocol": "text"})
    job = PreferenceJob(pairs=Pairs(pairs(), 2), base="shop", name="shop-1", plan=PLAN)
    card = train_preference(home, job, Unwatched())
    assert (card.base, card.plan["protocol"], card.plan["began_with"]) == ("shop", "text", "shop")
    assert card.data["pairs"] == {"train": 32, "held_out": 8}
    assert card.scores["after"]["accuracy"] > card.scores["before"]["accuracy"]
    assert set(read_card(home.models / "shop-1").files) == {"adapter_config.json", "adapter_model.safetensors"}
    config = json.loads((home.models / "shop-1" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "shop"
    again = train_preference(home, PreferenceJob(pairs=Pairs(pairs(12), 0), base="shop-1", name="shop-2", plan=PLAN),
                             Unwatched())  # fmt: skip
    assert (again.base, again.plan["began_with"]) == ("shop", "shop-1")
    use(home, "reply", "shop-2")
    found = reply_source(home)
    assert (found.model, found.adapter) == (str(home.models / "shop"), str(home.models / "shop-2"))
    from rapport.chat.model import TransformersChat

    replies = {
        TransformersChat(model=found.model, adapter=adapter, max_new_tokens=20, seconds=60).invoke("Where is it?").text
        for adapter in ("", source_of(home, "shop-1").adapter, found.adapter)
    }
    assert len(replies) == 3
    model, _ = load_trainable(found)
    assert all("lora" in name for name, item in model.named_parameters() if item.requires_grad)
    assert not list(home.runs.rglob("checkpoint.safetensors"))


@peft_asks
@pytest.mark.slow
def test_the_command_trains_on_the_model_in_use(home, tiny_chat, publish_reply, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAPPORT_HOME", str(home.root))
    monkeypatch.setattr("rapport.bases.STARTER_FOLDER", tmp_path / "nothing")
    path = tmp_path / "pairs.jsonl"
    rows = [{"messages": pair.row("")["messages"][:-1], "chosen": pair.chosen, "rejected": pair.rejected}
            for pair in pairs(12)]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    command = ["train", "preference", "--data", str(path), "--json"]
    assert run(command) == 2
    assert "--base" in json.loads(capsys.readouterr().out)["error"]["hint"]
    publish_reply(home, "shop", tiny_chat("llama"))
    use(home, "reply", "shop")
    assert run(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["name"], said["base"], said["pairs"]) == ("shop-preferred", "shop", {"train": 10, "held_out": 2})
    assert set(said["before"]) == set(said["after"]) == {"pairs", "accuracy", "margin", "moved", "chosen_loss"}
    assert run(command) == 2
    assert "--replace" in json.loads(capsys.readouterr().out)["error"]["hint"]
    assert run([*command[:-1], "--replace", "--epochs", "1"]) == 0
    assert "rapport models use shop-preferred" in capsys.readouterr().out
    with pytest.raises(NotFound):
        source_of(home, "nothing")


def test_a_model_without_a_head_is_refused(load, torch, monkeypatch):
    model, _ = load()
    monkeypatch.setattr(model, "get_output_embeddings", lambda: None)
    with pytest.raises(ModelError, match="names no head"):
        PairLosses(model, torch.device("cpu"), CausalPlan(), beta=0.5, sft=0.3)

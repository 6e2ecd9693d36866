"""The training loop of language models: it learns replies alone, goes on after a kill, and halves batches."""

from dataclasses import replace

import pytest

from finetune.causal_plan import CausalPlan
from rapport.errors import DataError, ModelError

PLAN = CausalPlan(epochs=4, batch_tokens=256, max_tokens=256, learning_rate=3e-3, looks=4, seed=3)
ASKED = ("Where is my order?", "When will it come?", "Can I return the mugs please, they are too small?", "Cancel it")
SAID = ("Your order {order number} is on its way.", "It comes on {expected date}.", "You can return it.", "It is gone.")


def rows(count=24):
    return [
        {
            "messages": [
                {"role": "system", "content": f"status: shipped, field {number % 3}"},
                {"role": "user", "content": ASKED[number % 4]},
                {"role": "assistant", "content": SAID[number % 4]},
            ]
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def folders(tiny_chat):
    return {family: tiny_chat(family) for family in ("qwen", "llama")}


@pytest.fixture
def load(folders, torch):
    def load(family="llama"):
        from transformers import AutoModelForCausalLM, AutoTokenizer

        model = AutoModelForCausalLM.from_pretrained(folders[family], dtype=torch.float32)
        return model, AutoTokenizer.from_pretrained(folders[family])

    return load


def weights(fitted):
    return {name: tensor.detach().clone() for name, tensor in fitted.model.state_dict().items()}


def encode(tokenizer, messages, most=256):
    from finetune.causal_rows import RowEncoder

    made = [{"role": role, "content": text} for role, text in messages]
    return RowEncoder(tokenizer, most=most).encode([{"messages": made}])


@pytest.mark.parametrize("family", ["qwen", "llama"])
def test_a_reply_follows_the_prompt_that_serving_gives_and_ends_with_the_end_token(load, family):
    from langchain_core.messages import HumanMessage

    from rapport.chat.prompt import Prompter

    tokenizer = load(family)[1]
    (example,) = encode(tokenizer, [("user", "Where?"), ("assistant", "On its way.")]).examples
    prompter = Prompter(tokenizer, name=family)
    assert list(example.ids[: -example.reply]) == prompter.encode([HumanMessage("Where?")])
    assert example.ids[-1] in prompter.ends
    assert tokenizer.decode(example.ids[-example.reply : -1]) == "On its way."


@pytest.mark.parametrize("family", ["qwen", "llama"])
def test_control_tokens_that_somebody_wrote_stay_text(load, family):
    tokenizer = load(family)[1]
    marks = "<|im_end|> <think> <|eot_id|> <|end_of_text|>"
    (plain,) = encode(tokenizer, [("user", "hi"), ("assistant", "ho")]).examples
    (marked,) = encode(tokenizer, [("user", f"hi {marks}"), ("assistant", f"ho {marks}")]).examples
    control = set(tokenizer.added_tokens_decoder)
    assert sum(token in control for token in marked.ids) == sum(token in control for token in plain.ids)
    assert tokenizer.decode(marked.ids[-marked.reply : -1]) == f"ho {marks}"


def test_a_long_conversation_loses_its_oldest_messages_and_a_long_reply_its_row(load):
    tokenizer = load()[1]
    said = [("system", "s"), ("user", "old " * 60), ("assistant", "b"), ("user", "new"), ("assistant", "It comes.")]
    (example,) = encode(tokenizer, said, most=120).examples
    text = tokenizer.decode(example.ids)
    assert "new" in text
    assert "old" not in text
    assert encode(tokenizer, [("user", "a"), ("assistant", "word " * 200)], most=120).left_out == 1


def test_batches_hold_every_example_once_and_keep_to_their_tokens():
    from finetune.causal_batches import packed_batches, padded_batches

    lengths = [5, 90, 17, 33, 61, 8, 12, 140, 40, 23] * 7
    for make in (padded_batches, packed_batches):
        found = make(lengths, 100, seed=1)
        assert sorted(place for batch in found for row in batch for place in row) == list(range(70))
        for batch in found:
            size = len(batch) * max(sum(lengths[place] for place in row) for row in batch)
            assert size <= (100 if make is padded_batches else 140) or sum(len(row) for row in batch) == 1
        assert make(lengths, 100, seed=1) == found
        assert make(lengths, 100, seed=2) != found


@pytest.mark.parametrize("family", ["qwen", "llama"])
def test_packed_examples_see_only_themselves(load, torch, family):
    from finetune.causal_batches import tensors_of
    from finetune.causal_rows import RowEncoder

    model, tokenizer = load(family)
    examples = RowEncoder(tokenizer, most=256).encode(rows(5)).examples
    ids, positions, _ = tensors_of(examples, [[0, 1, 2], [3, 4]])
    with torch.no_grad():
        packed = model(input_ids=ids, position_ids=positions, use_cache=False).logits
        for row, places in enumerate([[0, 1, 2], [3, 4]]):
            at = 0
            for place in places:
                length = len(examples[place].ids)
                alone = model(input_ids=torch.tensor([examples[place].ids])).logits[0]
                assert torch.allclose(packed[row, at : at + length], alone, atol=1e-3)
                at += length


def test_the_loss_is_that_of_the_reply_alone_however_the_rows_are_laid_out(load, torch):
    from finetune.causal_loss import Losses
    from finetune.causal_rows import RowEncoder

    model, tokenizer = load()
    examples = RowEncoder(tokenizer, most=256).encode(rows(4)).examples
    wanted = 0.0
    for example in examples:
        labels = torch.tensor([(-100,) * (len(example.ids) - example.reply) + example.ids[-example.reply :]])
        with torch.no_grad():
            wanted += float(model(input_ids=torch.tensor([example.ids]), labels=labels).loss) * example.reply
    losses = Losses(model, torch.device("cpu"), replace(PLAN, precision="float32"))
    for batch in ([[0], [1], [2], [3]], [[0, 1, 2, 3]], [[2, 0], [3, 1]]):
        assert float(losses.total(examples, batch).detach()) == pytest.approx(wanted, rel=1e-4)
    mean = wanted / sum(example.reply for example in examples)
    assert losses.mean(examples) == pytest.approx(mean, rel=1e-4)


def test_muon_takes_the_hidden_matrices_alone(load):
    from finetune.causal_optimizers import optimizers_for

    for family in ("qwen", "llama"):
        model = load(family)[0]
        muon, adamw = optimizers_for(model, replace(PLAN, optimizer="muon"))
        names = {id(item): name for name, item in model.named_parameters()}
        taken = [names[id(item)] for group in muon.param_groups for item in group["params"]]
        assert taken == [name for name in names.values() if "proj.weight" in name]
        rest = [names[id(item)] for group in adamw.param_groups for item in group["params"]]
        assert sorted([*taken, *rest]) == sorted(names.values())
        assert [group["weight_decay"] for group in adamw.param_groups] == [0.01, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize("change", [
    {"optimizer": "muon"}, {"layout": "packed"}, {"rank": 4, "learning_rate": 1e-2}, {"gradient_checkpointing": True},
    {"rank": 4, "gradient_checkpointing": True, "learning_rate": 1e-2}, {"precision": "bfloat16"},
], ids=str)  # fmt: skip
def test_training_lowers_the_loss_on_rows_held_out(load, tmp_path, change):
    from finetune.causal import fit_causal

    for family in ("qwen", "llama"):
        model, tokenizer = load(family)
        plan = replace(PLAN, epochs=8, **change)
        fitted = fit_causal(model, tokenizer, rows(), held_out=rows(8), plan=plan, folder=tmp_path / family)
        assert fitted.after < 0.7 * fitted.before
        assert fitted.rows == 24
        assert len(fitted.history) == 4
        assert list((tmp_path / family).rglob("events.out.tfevents*"))


@pytest.mark.slow
def test_an_adapter_leaves_the_model_below_it_as_it_was(load, tmp_path, torch):
    from finetune.causal import fit_causal

    model, tokenizer = load()
    before = {name: item.clone() for name, item in model.state_dict().items()}
    fitted = fit_causal(model, tokenizer, rows(), plan=replace(PLAN, rank=4), folder=tmp_path)
    now = fitted.model.get_base_model().state_dict()
    assert all(torch.equal(item, now[name.replace("proj.", "proj.base_layer.")]) for name, item in before.items())
    assert any("lora_B" in name and bool(item.any()) for name, item in now.items())


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"optimizer": "muon"}, {"rank": 4, "dropout": 0.1}], ids=str)
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(load, torch, tmp_path, monkeypatch, change, noting):
    import finetune.causal_run
    from finetune.causal import fit_causal

    monkeypatch.setattr(finetune.causal_run, "CHECKPOINT_SECONDS", 0.0)
    plan = replace(PLAN, **change)

    def run(name, watch):
        model, tokenizer = load()
        return fit_causal(model, tokenizer, rows(), held_out=rows(8), plan=plan, folder=tmp_path / name,
                          progress=watch)  # fmt: skip

    whole = run("whole", noting())
    with pytest.raises(KeyboardInterrupt):
        run("cut", noting(stop_at=19))
    again = noting()
    resumed = run("cut", again)
    assert again.steps[0] == 19  # eighteen steps were kept
    assert "Going on from step 18" in again.said[0]
    kept = weights(resumed)
    assert all(torch.equal(item, kept[name]) for name, item in weights(whole).items())
    assert (resumed.history, resumed.tokens, resumed.before) == (whole.history, whole.tokens, whole.before)
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file() and "tfevents" not in path.name}
    assert kinds <= {".safetensors", ".yml"}


@pytest.mark.slow
def test_a_checkpoint_of_other_rows_is_not_gone_on_from(load, tmp_path, monkeypatch, noting):
    import finetune.causal_run
    from finetune.causal import fit_causal

    monkeypatch.setattr(finetune.causal_run, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        fit_causal(*load(), rows(), plan=PLAN, folder=tmp_path, progress=noting(stop_at=5))
    other = noting()
    fit_causal(*load(), rows(20), plan=PLAN, folder=tmp_path, progress=other)
    assert other.steps[0] == 1


@pytest.mark.slow
def test_the_run_stops_when_held_out_rows_get_no_better_and_keeps_the_best_weights(load, torch, tmp_path):
    from finetune.causal import fit_causal

    strange = [{"messages": [{"role": "user", "content": "hm"}, {"role": "assistant", "content": "zzz qq 77"}]}]
    model, tokenizer = load()
    plan = replace(PLAN, epochs=40, looks=40, patience=3, learning_rate=1e-2)
    fitted = fit_causal(model, tokenizer, rows(), held_out=strange, plan=plan, folder=tmp_path)
    assert fitted.steps < 40 * 8
    losses = [loss for _, loss in fitted.history]
    assert min(losses) == losses[-4] == fitted.after
    from finetune.causal_loss import Losses
    from finetune.causal_rows import RowEncoder

    examples = RowEncoder(tokenizer, most=256).encode(strange).examples
    assert Losses(fitted.model, torch.device("cpu"), plan).mean(examples) == pytest.approx(fitted.after, abs=1e-4)


@pytest.mark.slow
def test_where_memory_ends_the_batch_is_halved_and_said_so(load, torch, tmp_path, monkeypatch, noting):
    import finetune.causal_loss as loss
    from finetune.causal import fit_causal

    whole = loss.tensors_of

    def scarce(examples, batch):
        ids, positions, labels = whole(examples, batch)
        if ids.numel() > 150:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return ids, positions, labels

    monkeypatch.setattr(loss, "tensors_of", scarce)
    watch = noting()
    plan = replace(PLAN, batch_tokens=512, epochs=1)
    fitted = fit_causal(*load(), rows(), plan=plan, folder=tmp_path, progress=watch)
    assert fitted.plan.batch_tokens == 128
    assert watch.said == [
        f"The memory does not suffice; going on with batches of {size} tokens." for size in (256, 128)
    ]
    monkeypatch.setattr(loss, "tensors_of", lambda *_: scarce(*[_[0], _[1] * 100]))
    with pytest.raises(RuntimeError, match="out of memory"):
        fit_causal(*load(), rows(), plan=plan, folder=tmp_path / "none")


def test_rows_that_do_not_fit_and_templates_that_take_no_reply_are_refused(load, tmp_path):
    from finetune.causal import fit_causal
    from finetune.causal_rows import RowEncoder

    model, tokenizer = load()
    with pytest.raises(DataError, match="none of 2 rows can be learnt"):
        fit_causal(model, tokenizer, rows(2), plan=replace(PLAN, max_tokens=20), folder=tmp_path)
    tokenizer.chat_template = "{% for message in messages %}{{ message.content }}|{% endfor %}Reply:"
    with pytest.raises(ModelError, match="puts a reply elsewhere"):
        RowEncoder(tokenizer, most=99).encode(rows(1))


@pytest.mark.parametrize(("over", "way"), [(0, "eager"), (1, "sdpa")])
def test_short_examples_are_learnt_with_plain_attention_and_the_models_own_is_put_back(
    load, torch, tmp_path, monkeypatch, over, way
):
    import finetune.causal_run as run
    from finetune.causal import fit_causal
    from finetune.causal_rows import RowEncoder

    model, tokenizer = load()
    longest = max(len(example.ids) for example in RowEncoder(tokenizer, most=256).encode(rows()).examples)
    step, seen = run.Run._step, set()
    monkeypatch.setattr(run.Run, "_step", lambda *given: (step(*given), seen.add(run.attention_of(given[0].model)))[0])
    monkeypatch.setattr(run, "SHORT", longest - over)
    fitted = fit_causal(model, tokenizer, rows(), plan=replace(PLAN, epochs=1), folder=tmp_path)
    assert seen == {way}
    assert run.attention_of(fitted.model) == "sdpa"

"""`TransformersChat` on real tiny models: loads, streams, stops, is seeded, cancelled, shared and timed."""

import asyncio
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from rapport.chat.model import TransformersChat
from rapport.errors import CorruptArtifact, ModelError, SettingsError

TALK = [SystemMessage("Be brief."), HumanMessage("Where is my order #W2611340?")]


@pytest.fixture(scope="module", params=["qwen", "llama"])
def folder(request, tiny_chat) -> Path:
    return tiny_chat(request.param)


@pytest.fixture(scope="module")
def llama(tiny_chat) -> Path:
    return tiny_chat("llama")


def chat(folder: Path, **more) -> TransformersChat:
    return TransformersChat(model=str(folder), **{"max_new_tokens": 40, "seconds": 60.0, "dtype": "float32", **more})


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "copy"))


def test_a_reply_is_streamed_as_it_is_made_and_is_what_invoke_gives(folder):
    model = chat(folder)
    chunks = list(model.stream(TALK))
    assert len(chunks) > 10
    reply = model.invoke(TALK)
    assert "".join(chunk.text for chunk in chunks) == reply.text != ""
    assert reply.response_metadata["finish_reason"] == "length"
    assert reply.usage_metadata["output_tokens"] == 40
    assert reply.usage_metadata["input_tokens"] == len(model.engine.prompter.encode(TALK))


def test_a_reply_is_that_of_transformers_by_the_same_template(folder, torch):
    model = chat(folder)
    loaded = model.engine.loaded
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": TALK[1].text}]
    ids = loaded.tokenizer.apply_chat_template(
        said, add_generation_prompt=True, enable_thinking=False, return_tensors="pt"
    )["input_ids"]
    reply = model.invoke(TALK)
    from transformers import AutoModelForCausalLM

    own = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    made = own.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False, pad_token_id=0,
        eos_token_id=sorted(model.engine.ends),
    )[0, ids.shape[1] :]  # fmt: skip
    assert reply.text == loaded.tokenizer.decode(made, skip_special_tokens=True)


def test_a_reply_ends_before_a_stop_string(folder):
    whole = chat(folder).invoke(TALK).text
    stop = whole[len(whole) // 2 :][:3]
    for reply in (chat(folder, stop=(stop,)).invoke(TALK), chat(folder).invoke(TALK, stop=[stop])):
        assert reply.text == whole[: whole.index(stop)]
        assert reply.response_metadata["finish_reason"] == "stop"


def test_a_seed_gives_the_same_text_and_another_seed_another(folder):
    texts = [chat(folder, temperature=1.0, seed=seed).invoke(TALK).text for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def test_a_consumer_that_leaves_ends_the_generation(folder):
    model = chat(folder, max_new_tokens=400)
    scheduler = model.engine.scheduler
    before = scheduler.passes
    stream = model.stream(TALK)
    next(stream)
    stream.close()
    for thread in threading.enumerate():
        if thread.name == "chat model":
            thread.join(timeout=30)
    assert scheduler.idle
    assert scheduler.passes - before < 400


def test_threads_share_passes_and_get_what_each_would_get_alone(folder):
    model = chat(folder)
    talks = [[HumanMessage(f"question {'again ' * number}")] for number in range(8)]
    start = model.engine.scheduler.passes
    alone = [model.invoke(talk).text for talk in talks]
    middle = model.engine.scheduler.passes
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda talk: model.invoke(talk).text, talks))
    assert together == alone
    assert model.engine.scheduler.passes - middle < (middle - start) / 2


def test_it_runs_in_an_event_loop(llama):
    async def both() -> tuple[str, str]:
        reply = await chat(llama).ainvoke(TALK)
        return reply.text, "".join([chunk.text async for chunk in chat(llama).astream(TALK)])

    assert asyncio.run(both()) == (chat(llama).invoke(TALK).text,) * 2


def test_models_of_one_folder_share_their_weights(llama):
    assert chat(llama).engine is chat(llama, temperature=1.0).engine


def test_a_reply_that_takes_too_long_is_an_error(llama):
    with pytest.raises(ModelError, match="longer than"):
        chat(llama, seconds=1e-6).invoke(TALK)


def test_an_old_message_gives_way_to_the_reply(llama):
    model = chat(llama)
    room = model.engine.loaded.window - 40
    long = [TALK[0], HumanMessage("old " * 300), AIMessage("so"), HumanMessage("new")]
    assert len(model.engine.prompter.encode(long)) > room
    assert model.invoke(long).usage_metadata["input_tokens"] <= room
    with pytest.raises(ModelError, match="window"):
        model.invoke([TALK[0], HumanMessage("long " * 300)])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_is_loaded_is_told(llama, dtype):
    told = chat(llama, dtype=dtype).describe()
    assert told.startswith("LlamaForCausalLM, ")
    assert f"{dtype} on c" in told
    assert "window 512 tokens" in told


@pytest.mark.parametrize("name", ["./nowhere", "/no/where/at/all", "nobody/has-this-model"])
def test_a_model_that_is_not_there_is_a_setting_to_mend(name):
    with pytest.raises(SettingsError) as caught:
        TransformersChat(model=name).describe()
    assert name.lstrip("./") in caught.value.message
    assert "hub id or the folder" in caught.value.hint


def test_a_folder_without_a_model_is_a_setting_to_mend(tmp_path):
    with pytest.raises(SettingsError, match=r"config\.json"):
        chat(tmp_path).describe()


def test_a_model_without_a_chat_template_is_an_error(llama, tmp_path):
    folder = copied(llama, tmp_path)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="no chat template"):
        chat(folder).describe()


def test_weights_that_lack_a_tensor_are_not_filled_with_chance(llama, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = copied(llama, tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptArtifact, match=r"lack model\.layers\.1\.mlp\.up_proj\.weight"):
        chat(folder).describe()


def test_damaged_weights_are_an_error(llama, tmp_path):
    folder = copied(llama, tmp_path)
    (folder / "model.safetensors").write_bytes(b"\x10" * 100)
    with pytest.raises(CorruptArtifact, match="cannot be read"):
        chat(folder).describe()


def test_pickled_weights_are_never_read(llama, tmp_path):
    folder = copied(llama, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(SettingsError, match="not found or incomplete"):
        chat(folder).describe()


# peft asks transformers by a name that is about to go
peft_asks = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def adapter_for(folder: Path, to: Path, **more) -> Path:
    """A LoRA adapter of random weights."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    targets = {"target_modules": ["q_proj", "v_proj", "up_proj"], "r": 4, **more}
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **targets))
    model.save_pretrained(to)
    return to


@peft_asks
@pytest.mark.slow
def test_an_adapter_changes_the_replies_to_those_of_peft(folder, tmp_path, torch):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = adapter_for(folder, tmp_path / "adapter")
    adapted = chat(folder, adapter=str(adapter))
    reply = adapted.invoke(TALK).text
    assert reply != chat(folder).invoke(TALK).text
    assert f"adapter {adapter}" in adapted.describe()
    ids = torch.tensor([adapted.engine.prompter.encode(TALK)])
    peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), adapter)
    made = peft.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False, pad_token_id=0,
        eos_token_id=sorted(adapted.engine.ends),
    )[0, ids.shape[1] :]  # fmt: skip
    assert reply == adapted.engine.loaded.tokenizer.decode(made, skip_special_tokens=True)


@peft_asks
@pytest.mark.slow
def test_an_adapter_that_does_not_fit_is_an_error(llama, tmp_path, tiny_chat):
    wide = adapter_for(tiny_chat("llama", hidden_size=64), tmp_path / "wide")
    with pytest.raises(ModelError, match="does not load"):
        chat(llama, adapter=str(wide)).describe()
    (wide / "adapter_model.safetensors").rename(wide / "adapter_model.bin")
    with pytest.raises(CorruptArtifact, match="safetensors"):
        chat(llama, adapter=str(wide)).describe()
    with pytest.raises(SettingsError, match="adapter_config"):
        chat(llama, adapter=str(tmp_path)).describe()


@peft_asks
@pytest.mark.slow
def test_an_adapter_that_cannot_be_merged_is_an_error(llama, tmp_path):
    from peft import PromptTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    get_peft_model(AutoModelForCausalLM.from_pretrained(llama), config).save_pretrained(tmp_path / "prompt")
    assert json.loads((tmp_path / "prompt" / "adapter_config.json").read_text())["peft_type"] == "PROMPT_TUNING"
    with pytest.raises(ModelError, match="cannot be merged"):
        chat(llama, adapter=str(tmp_path / "prompt")).describe()

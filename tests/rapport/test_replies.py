"""Which reply model is in use, what it stands on, and that going back gives the same answers to the byte."""

import json
import shutil
from pathlib import Path

import pytest

from rapport.bases import BASE_WEIGHTS, standing_on, weights_of
from rapport.cards import Card, publish, read_card
from rapport.errors import CorruptArtifact, NotFound, Refused
from rapport.registry import artifacts, current, rollback, use
from rapport.replies import reply_source, source_of


@pytest.fixture
def files(tmp_path) -> Path:
    """A folder that looks like a whole model."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def adapter(tmp_path) -> Path:
    """A folder that looks like an adapter."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(b"change")
    return folder


def test_a_new_home_leaves_the_writing_to_the_setting(home):
    assert reply_source(home) is None


def test_a_whole_model_stands_on_itself(home, files, publish_reply):
    folder = publish_reply(home, "shop", files, plan={"protocol": "text"})
    use(home, "reply", "shop")
    found = reply_source(home)
    assert (found.name, found.model, found.adapter, found.protocol) == ("shop", str(folder), "", "text")


@pytest.mark.parametrize("name", ["a model of the home", "a folder", "a hub id"])
def test_an_adapter_stands_on_what_its_card_names(home, files, adapter, publish_reply, name):
    base = {"a model of the home": "shop", "a folder": str(files), "a hub id": "owner/name"}[name]
    whole = publish_reply(home, "shop", files)
    own = publish_reply(home, "shop-1", adapter, base=base)
    use(home, "reply", "shop-1")
    found = reply_source(home)
    assert found.model == (str(whole) if base == "shop" else base)
    assert (found.adapter, found.protocol) == (str(own), "slots")


def test_a_model_whose_base_is_gone_says_so_and_cannot_be_put_to_use(home, files, adapter, publish_reply):
    whole = publish_reply(home, "shop", files)
    publish_reply(home, "shop-1", adapter, base="shop")
    publish_reply(home, "other", files)
    use(home, "reply", "shop-1")
    use(home, "reply", "other")
    shutil.rmtree(whole)
    for again in (lambda: source_of(home, "shop-1"), lambda: use(home, "reply", "shop-1"),
                  lambda: rollback(home, "reply")):  # fmt: skip
        with pytest.raises(NotFound, match="'shop-1' stands on 'shop', which is not there"):
            again()
    assert current(home, "reply") == "other"


@pytest.mark.parametrize("base", ["starter-2", "/nowhere/at/all"])
def test_a_base_that_never_was_is_named(home, adapter, publish_reply, base):
    publish_reply(home, "shop-1", adapter, base=base)
    with pytest.raises(NotFound, match=base):
        use(home, "reply", "shop-1")


def test_a_damaged_base_is_not_answered_from(home, files, adapter, publish_reply):
    whole = publish_reply(home, "shop", files)
    publish_reply(home, "shop-1", adapter, base="shop")
    (whole / "model.safetensors").write_bytes(b"other")
    with pytest.raises(CorruptArtifact, match="damaged"):
        use(home, "reply", "shop-1")


def test_a_base_that_was_made_anew_is_not_the_one_that_was_trained_on(home, files, adapter, publish_reply):
    trained_on = weights_of(read_card(publish_reply(home, "shop", files)))
    publish_reply(home, "shop-1", adapter, base="shop", data={BASE_WEIGHTS: trained_on})
    use(home, "reply", "shop-1")
    (files / "model.safetensors").write_bytes(b"other")
    publish_reply(home, "shop", files)
    with pytest.raises(CorruptArtifact, match="another 'shop'"):
        reply_source(home)


def test_an_adapter_on_an_adapter_is_refused(home, adapter, publish_reply):
    publish_reply(home, "shop-1", adapter, base="owner/name")
    publish_reply(home, "shop-2", adapter, base="shop-1")
    with pytest.raises(Refused, match="an adapter itself"):
        use(home, "reply", "shop-2")


def test_who_stands_on_a_model_is_known_and_it_is_not_replaced(home, files, adapter, publish_reply):
    from finetune.train import check_name

    publish_reply(home, "shop", files)
    check_name(home, "shop", replaced=True)
    publish_reply(home, "shop-1", adapter, base="shop")
    (home.models / "broken").mkdir()
    (home.models / "broken" / "card.json").write_text("{")
    assert standing_on(home.models, "shop") == ("shop-1",)
    with pytest.raises(Refused, match="'shop-1' stands on the model 'shop'"):
        check_name(home, "shop", replaced=True)
    use(home, "reply", "shop-1")
    with pytest.raises(Refused, match="'shop-1' is in use"):
        check_name(home, "shop-1", replaced=True)
    with pytest.raises(Refused, match="cannot be the name"):
        check_name(home, "starter", replaced=True)


def test_a_model_of_another_kind_and_one_of_no_kind_are_refused(home, files, publish_reply):
    publish_reply(home, "mood", files, kind="sentiment")
    with pytest.raises(Refused, match="for sentiment, not for reply"):
        source_of(home, "mood")
    (files / "config.json").unlink()
    publish_reply(home, "empty", files)
    with pytest.raises(CorruptArtifact, match="neither"):
        use(home, "reply", "empty")


def test_an_unknown_protocol_is_not_guessed(home, files, publish_reply):
    publish_reply(home, "shop", files, plan={"protocol": "tables"})
    with pytest.raises(CorruptArtifact, match="'tables'"):
        source_of(home, "shop")


def test_going_back_from_the_first_reply_model_leaves_none(home, files, publish_reply):
    publish_reply(home, "shop", files)
    use(home, "reply", "shop")
    assert rollback(home, "reply") is None
    assert reply_source(home) is None
    with pytest.raises(Refused, match="no earlier reply model"):
        rollback(home, "reply")


@pytest.fixture
def shipped(tmp_path, monkeypatch, files) -> Path:
    """An installation that carries a starter."""
    folder = tmp_path / "starter"
    with publish(folder, Card(name="starter", kind="reply", base="itself")) as temporary:
        shutil.copytree(files, temporary, dirs_exist_ok=True)
    monkeypatch.setattr("rapport.bases.STARTER_FOLDER", folder)
    return folder


def test_the_shipped_starter_is_used_and_stood_on_as_models_of_the_home_are(home, shipped, adapter, publish_reply):
    publish_reply(home, "shop-1", adapter, base="starter")
    use(home, "reply", "starter")
    use(home, "reply", "shop-1")
    assert (reply_source(home).model, reply_source(home).adapter) == (str(shipped), str(home.models / "shop-1"))
    assert rollback(home, "reply") == "starter"
    assert reply_source(home).model == str(shipped)
    assert [card.name for card in artifacts(home)] == ["shop-1", "starter"]


def test_an_installation_without_a_starter_says_so(home, adapter, publish_reply, monkeypatch, tmp_path):
    monkeypatch.setattr("rapport.bases.STARTER_FOLDER", tmp_path / "nothing")
    publish_reply(home, "shop-1", adapter, base="starter")
    with pytest.raises(NotFound, match="stands on 'starter'"):
        use(home, "reply", "shop-1")
    with pytest.raises(NotFound, match="no model 'starter'"):
        use(home, "reply", "starter")


QUESTIONS = ("Where is my order #W2611340?", "Can I return it within 45 days?", "Größe, ñandú, 東京?")


def answers(home) -> bytes:
    """What the reply model in use says to the questions, loaded from the disk as at a start."""
    from langchain_core.messages import HumanMessage

    from rapport.chat import model

    model._engine.cache_clear()
    found = reply_source(home)
    chat = model.TransformersChat(model=found.model, adapter=found.adapter, max_new_tokens=40, seconds=60.0)
    return json.dumps([chat.invoke([HumanMessage(text)]).text for text in QUESTIONS]).encode()


def test_a_rollback_gives_the_same_replies_to_the_byte(home, tiny_chat, publish_reply):
    publish_reply(home, "first", tiny_chat("llama"))
    publish_reply(home, "second", tiny_chat("llama", intermediate_size=48))
    use(home, "reply", "first")
    before = answers(home)
    use(home, "reply", "second")
    assert answers(home) != before
    rollback(home, "reply")
    assert answers(home) == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_a_rollback_to_an_adapter_gives_the_same_replies_to_the_byte(home, tiny_chat, tmp_path, publish_reply):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = publish_reply(home, "first", tiny_chat("llama"))
    torch.manual_seed(1)
    config = LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, target_modules=["q_proj", "up_proj"], r=4)
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(tmp_path / "adapter")
    trained_on = weights_of(read_card(base))
    publish_reply(home, "second", tmp_path / "adapter", base="first", data={BASE_WEIGHTS: trained_on})
    use(home, "reply", "second")
    before = answers(home)
    use(home, "reply", "first")
    assert answers(home) != before
    rollback(home, "reply")
    assert answers(home) == before

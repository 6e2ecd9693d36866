"""A language model on this machine as the agent's writer: its nonsense never reaches a customer."""

import threading

import pytest

from agent.writer import ChatWriter, load_writer
from rapport.chat.model import TransformersChat
from rapport.errors import ModelError, SettingsError
from rapport.settings import AgentSettings, Settings
from rapport.types import Identity, Viewer

pytestmark = pytest.mark.slow  # loads transformers beside all that the shop needs

OWNER = Viewer("t:anna", Identity.VERIFIED)
QUESTION = "Where is my order #W2611340?"
FACTS = ("shipped", "Enamel Mug", "Desk Lamp", "5 March 2026")


def settings_for(folder, **more) -> Settings:
    return Settings(agent=AgentSettings(chat_model=f"transformers:{folder}", **more))


@pytest.fixture(scope="module", params=["qwen", "llama"])
def folder(request, tiny_chat):
    return tiny_chat(request.param, max_position_embeddings=4096)


@pytest.mark.parametrize("question", [QUESTION, "how do I return an item?"])
def test_nonsense_is_stopped_by_the_checks_and_the_composer_answers(shop, folder, question):
    model = TransformersChat(model=str(folder), temperature=1.0, seed=3, stop=("e", "i"), seconds=30.0)
    (turn,) = shop.writing_with(model, seconds=30.0).talk(question, viewer=OWNER)
    assert turn.models["writer"] == "composer"
    assert turn.verdict.passed
    assert all(fact in turn.reply.text for fact in FACTS) or question != QUESTION


def test_the_checks_see_what_the_model_wrote(shop, folder, caplog):
    model = TransformersChat(model=str(folder), temperature=1.0, seed=3, stop=("e", "i"), seconds=30.0)
    shop.writing_with(model, seconds=30.0).talk(QUESTION, viewer=OWNER)
    assert "a chat model's reply failed the checks and was dropped" in caplog.text


def test_a_reply_that_is_cut_off_is_not_sent(shop, folder, caplog):
    model = TransformersChat(model=str(folder), max_new_tokens=8)
    (turn,) = shop.writing_with(model).talk(QUESTION, viewer=OWNER)
    assert turn.models["writer"] == "composer"
    assert "cut off before its reply was whole" in caplog.text


def test_a_model_that_takes_too_long_is_answered_for_and_ends(shop, folder, caplog):
    model = TransformersChat(model=str(folder), max_new_tokens=2000, seconds=0.05)
    (turn,) = shop.writing_with(model).talk(QUESTION, viewer=OWNER)
    assert turn.models["writer"] == "composer"
    assert all(fact in turn.reply.text for fact in FACTS)
    assert "longer than 0.05 seconds" in caplog.text
    for thread in threading.enumerate():
        if thread.name == "chat model":
            thread.join(timeout=30)
    assert model.engine.scheduler.idle


def test_a_prompt_without_room_is_answered_by_the_composer(shop, tiny_chat, caplog):
    model = TransformersChat(model=str(tiny_chat("llama", max_position_embeddings=300)))
    (turn,) = shop.writing_with(model).talk(QUESTION, viewer=OWNER)
    assert all(fact in turn.reply.text for fact in FACTS)
    assert "the window of" in caplog.text


def test_the_setting_loads_the_model_with_the_time_it_may_take(folder, home):
    model = load_writer(settings_for(folder, chat_timeout_seconds=7.5), home).model
    assert isinstance(model, TransformersChat)
    assert (model.model, model.adapter, model.seconds) == (str(folder), "", 7.5)


def test_a_wrong_path_is_told_before_any_customer_asks(tmp_path, home):
    with pytest.raises(SettingsError):
        load_writer(settings_for(tmp_path / "nowhere"), home)
    with pytest.raises(SettingsError):
        load_writer(Settings(agent=AgentSettings(chat_model="transformers:")), home)


def test_a_writer_raises_what_the_desk_handles(folder, brief):
    with pytest.raises(ModelError):
        list(ChatWriter(TransformersChat(model=str(folder), seconds=1e-6)).write(brief, seconds=5))


@pytest.fixture
def brief():
    from agent.brief import Brief, Part, Say

    return Brief(parts=(Part(rule="verified", lines=(Say("verified"),)),), question="hello?", company="C")

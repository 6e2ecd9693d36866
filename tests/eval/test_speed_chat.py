"""What the speed of replies is measured with: a model, prompts and counts of tokens. No assert on a time."""

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from eval.speed_chat import MADE, make_model, measure_chat
from rapport.chat.forward import Packed
from rapport.chat.model import TransformersChat


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    make_model(folder)
    return folder


@pytest.mark.slow
def test_every_reply_of_the_model_is_as_long_as_it_may_be_and_made_in_shared_passes(folder):
    chat = TransformersChat(model=str(folder), max_new_tokens=MADE, seconds=120.0)
    for asked in ("Where is my parcel?", "hello", "What does it cost to send boots back?"):
        reply = chat.invoke([SystemMessage("Be brief."), HumanMessage(asked)])
        assert reply.usage_metadata["output_tokens"] == MADE
        assert reply.response_metadata["finish_reason"] == "length"
    assert isinstance(chat.engine.scheduler.forward, Packed)


@pytest.mark.slow
def test_each_way_of_generating_is_timed_as_often_as_asked(folder):
    speed = measure_chat(repetitions=2)
    assert {speed.over_bare.n, speed.eight_over_one.n, speed.tokens_per_s.n} == {2}
    assert 80 < speed.prompt < 130
    assert min(speed.tokens_per_s.low, speed.bare_per_s.low, speed.one_per_s.low, speed.eight_per_s.low) > 0

"""The trie that keeps a model to the slots that there are, on models of random weights that would write anything."""

import pytest

from prompts.fields import SLOT
from rapport.chat.model import TransformersChat
from rapport.chat.slots import Slots, SlotTrie

TALK = "Which carrier has order #W2611340?"
SLOTS = Slots(("order number", "carrier", "tracking number", "shop's own"), ("carrier", "order number"))


@pytest.fixture(scope="module", params=["qwen", "llama"])
def model(request, tiny_chat) -> TransformersChat:
    folder = str(tiny_chat(request.param))
    return TransformersChat(model=folder, max_new_tokens=120, seconds=60.0, dtype="float32", temperature=1.5, seed=1)


def likely(model: TransformersChat, seed: int, slots: Slots | None) -> str:
    return str(model.model_copy(update={"seed": seed}).invoke(TALK, slots=slots).text)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_model_would_write_it_names_only_slots_that_are_allowed(model, seed):
    text = likely(model, seed, SLOTS)
    assert set(SLOT.findall(text)) <= set(SLOTS.allowed)
    rest = text
    for name in SLOTS.allowed:
        rest = rest.replace(f"{{{name}}}", "")
    # cut off at its limit of tokens a reply may end within a slot
    assert "}" not in rest
    assert rest.count("{") <= 1


def test_a_reply_does_not_end_before_it_names_what_it_must(model, torch):
    engine = model.engine
    trie = SlotTrie(engine.loaded.tokenizer, SLOTS, ends=sorted(engine.ends))
    size = engine.loaded.model.config.vocab_size
    wants_to_end = torch.full((size,), -5.0)
    wants_to_end[sorted(engine.ends)] = 5.0
    carrier = engine.loaded.tokenizer.encode(" {carrier}", add_special_tokens=False)
    number = engine.loaded.tokenizer.encode("{order number}", add_special_tokens=False)
    ends = lambda made: int(trie.masked(made, wants_to_end).argmax()) in engine.ends  # noqa: E731
    assert not ends([])
    assert not ends(carrier)
    assert not ends([*carrier, *number[:-1]])
    assert ends([*carrier, *number])


def test_inside_a_slot_only_its_next_token_is_left(model, torch):
    tokenizer = model.engine.loaded.tokenizer
    trie = SlotTrie(tokenizer, SLOTS)
    scores = torch.zeros(model.engine.loaded.model.config.vocab_size)
    tokens = tokenizer.encode("{tracking number}", add_special_tokens=False)
    for place in range(1, len(tokens)):
        left = torch.isfinite(trie.masked(tokens[:place], scores)).nonzero().flatten().tolist()
        if place > 3:  # "{t" is shared by no other slot
            assert left == [tokens[place]]
        assert tokens[place] in left


def test_it_is_a_processor_of_logits_as_transformers_calls_it(model, torch):
    trie = SlotTrie(model.engine.loaded.tokenizer, SLOTS, ends=sorted(model.engine.ends), skip=3)
    size = model.engine.loaded.model.config.vocab_size
    scores = trie(torch.tensor([[5, 6, 7], [8, 9, 5]]), torch.zeros(2, size))
    assert scores.shape == (2, size)
    assert torch.isneginf(scores[:, sorted(model.engine.ends)]).all()


def test_without_slots_a_model_writes_as_it_likes(model):
    assert likely(model, 3, None) == likely(model, 3, None) != likely(model, 3, SLOTS)

"""An encoder's top layers by themselves."""

import pytest

from rapport.classifiers import local
from rapport.errors import CorruptArtifact
from rapport.layers import depth_of, load_layers, save_layers, top_of
from rapport.models import find_weights

pytestmark = pytest.mark.slow  # the real encoder in float32


@pytest.fixture(scope="module")
def transformer(torch):
    from transformers import AutoModel

    return AutoModel.from_pretrained(str(find_weights()), dtype=torch.float32).eval()


@pytest.mark.parametrize("start", [0, 2, 5])
def test_layers_behind_the_shared_ones_give_what_the_whole_gives(transformer, torch, start):
    ids = torch.tensor([[101, 2073, 2003, 2026, 2344, 102], [101, 7632, 102, 0, 0, 0]])
    mask = (ids > 0).long()
    with torch.inference_mode():
        whole = transformer(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        top = top_of(transformer, start).eval()
        given = {"inputs_embeds": whole.hidden_states[start]} if start else {"input_ids": ids}
        states = top(attention_mask=mask, **given).last_hidden_state
    assert torch.allclose(states[mask.bool()], whole.last_hidden_state[mask.bool()], atol=1e-5)


def test_a_copy_leaves_the_encoder_as_it_was(transformer, torch):
    top = top_of(transformer, 4)
    before = transformer.encoder.layer[4].output.dense.weight.clone()
    with torch.no_grad():
        top.encoder.layer[0].output.dense.weight.add_(1.0)
    assert torch.equal(transformer.encoder.layer[4].output.dense.weight, before)


def test_saved_layers_come_back(transformer, torch, tmp_path):
    top = top_of(transformer, 4)
    save_layers(top, tmp_path / "layers.safetensors")
    again = load_layers(transformer, 4, tmp_path / "layers.safetensors")
    for name, tensor in top.state_dict().items():
        assert torch.allclose(tensor, again.state_dict()[name].float(), atol=1e-3), name


def test_layers_of_another_depth_are_refused(transformer, tmp_path):
    save_layers(top_of(transformer, 4), tmp_path / "layers.safetensors")
    with pytest.raises(CorruptArtifact, match="do not fit the encoder"):
        load_layers(transformer, 3, tmp_path / "layers.safetensors")


def test_the_encoder_says_how_deep_it_is(encoder):
    assert depth_of(local(encoder).transformer) == 6

"""The top layers of an encoder by themselves: what a classifier trains and runs behind the layers that all share.

Knows BERT-shaped encoders of transformers (`embeddings`, then `encoder.layer`); nothing of labels or training.
"""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact, ModelError

if TYPE_CHECKING:
    import torch


def depth_of(transformer: Any) -> int:
    """How many layers an encoder has. Raises ModelError for one that is not BERT-shaped."""
    layers = getattr(getattr(transformer, "encoder", None), "layer", None)
    if layers is None or not hasattr(transformer, "embeddings"):
        raise ModelError(
            f"{type(transformer).__name__} has no layers that can be trained by themselves.",
            hint="Use --method head, or a BERT-shaped encoder.",
        )
    return len(layers)


def top_of(transformer: Any, start: int) -> Any:
    """A float32 copy of the encoder from layer `start` on; 0: with its embeddings.

    With start > 0 it takes the hidden states (n, tokens, dim) at that layer as `inputs_embeds`; with 0, `input_ids`.
    """
    import torch

    depth_of(transformer)
    kept = transformer.encoder.layer[start:]
    config = copy.deepcopy(transformer.config)
    config.num_hidden_layers = len(kept)
    with torch.device("meta"):  # the weights come from the copy below; making them first would cost a second
        top: Any = type(transformer)(config, add_pooling_layer=False)
    top.embeddings = _passing() if start else copy.deepcopy(transformer.embeddings)
    top.encoder.layer = copy.deepcopy(kept)
    return top.float()


def save_layers(top: Any, path: Path) -> None:
    """Write the weights in float16, which loses nothing that bfloat16 arithmetic would keep."""
    import torch
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in top.state_dict().items()}
    save_file(tensors, str(path))


def load_layers(transformer: Any, start: int, path: Path) -> Any:
    """The encoder from layer `start` on with the weights of `save_layers`, in the encoder's own number format.

    Raises CorruptArtifact where the file does not fit the encoder.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    top = top_of(transformer, start)
    try:
        top.load_state_dict(load_file(str(path)), strict=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CorruptArtifact(
            f"the layers in {path} do not fit the encoder ({str(error).splitlines()[0]}).", hint="Train it again."
        ) from error
    return top.to(dtype=transformer.dtype, device=transformer.device).eval()


def load_adapter(transformer: Any, start: int, folder: Path) -> Any:
    """The encoder from layer `start` on with a LoRA adapter merged into it.

    Raises CorruptArtifact where the adapter does not fit the encoder.
    """
    from peft import PeftModel

    try:
        with without_peft_warnings():
            adapted: Any = PeftModel.from_pretrained(top_of(transformer, start), str(folder))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise CorruptArtifact(
            f"the adapter in {folder} does not fit the encoder ({error}).", hint="Train it again."
        ) from error
    merged = adapted.merge_and_unload()
    return merged.to(dtype=transformer.dtype, device=transformer.device).eval()


@contextmanager
def without_peft_warnings() -> Iterator[None]:
    """Without the warning that peft asks transformers for a property by a name that will go."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
        yield


def _passing() -> "torch.nn.Module":
    """What stands where the embeddings were: it hands on the hidden states that it is given."""
    import torch

    class Passing(torch.nn.Module):
        def forward(self, *, inputs_embeds: torch.Tensor, **_: Any) -> torch.Tensor:
            return inputs_embeds

    return Passing()

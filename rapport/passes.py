"""One pass of texts through an encoder, with the hidden states that classifiers' own layers go on from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapport.encoders import BertEncoder

if TYPE_CHECKING:
    import numpy as np
    import torch

CHUNK = 64  # texts in one pass; with more, what a layer makes no longer stays in the cache


@dataclass(frozen=True, slots=True)
class Pass:
    """n texts in one pass. rows: their places in what was given. vectors: (n, dim) float32 unit rows.

    states: layer -> (n, tokens, dim) hidden states that enter it; for layer 0 the (n, tokens) ids. mask: (n, tokens).
    """

    rows: tuple[int, ...]
    vectors: "np.ndarray"
    states: dict[int, "torch.Tensor"]
    mask: "torch.Tensor"


def passes(encoder: BertEncoder, texts: Sequence[str], *, layers: frozenset[int] = frozenset()) -> Iterator[Pass]:
    """Encode all texts, those of like length together. layers: whose entering states are kept."""
    encodings = encoder.tokenize(texts)
    order = sorted(range(len(texts)), key=lambda row: len(encodings[row]))
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        vectors, states, mask = encoder.forward([encodings[row].ids for row in rows], layers=layers)
        yield Pass(tuple(rows), vectors, states, mask)


def own_vectors(encoder: BertEncoder, texts: Sequence[str], *, top: Any, start: int) -> "np.ndarray":
    """(n, dim) float32 unit vectors of a classifier's own layers, of each different text once.

    Of the encoder only the layers below `start` run.
    """
    import numpy as np

    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    encodings = encoder.tokenize(list(places))
    order = sorted(range(len(places)), key=lambda row: len(encodings[row]))
    own = np.zeros((len(places), encoder.dim), dtype=np.float32)
    for first in range(0, len(order), CHUNK):
        rows = order[first : first + CHUNK]
        ids = [encodings[row].ids for row in rows]
        given, mask = encoder.entering(ids, start)
        with encoder.threads(sum(map(len, ids))):
            own[rows] = pooled(top, given, mask)
    return own[[places[text] for text in texts]]


def pooled(top: Any, given: "torch.Tensor", mask: "torch.Tensor") -> "np.ndarray":
    """`unit_vectors` at inference: float32 without gradients, off the device."""
    import torch

    with torch.inference_mode():
        if given.is_floating_point() and top.config._attn_implementation == "sdpa":
            # what a whole model does around its layers takes half as long as one of them
            seen = None if bool(mask.all()) else mask[:, None, None, :].bool()
            found = unit_means(top.encoder(given, seen).last_hidden_state, mask)
        else:
            found = unit_vectors(top, given, mask)
        vectors: np.ndarray = found.cpu().numpy()
    return vectors


def unit_vectors(top: Any, given: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """(n, dim) float32 unit vectors of a classifier's own layers, from the states or, for all layers, the ids there."""
    named = {"inputs_embeds": given} if given.is_floating_point() else {"input_ids": given}
    return unit_means(top(attention_mask=mask, **named).last_hidden_state, mask)


def unit_means(hidden: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """(n, dim) float32 unit vectors: the mean of the (n, tokens, dim) hidden states where the mask is 1."""
    import torch

    kept = mask.unsqueeze(-1).float()
    means = (hidden.float() * kept).sum(1) / kept.sum(1).clamp(min=1.0)
    return torch.nn.functional.normalize(means, dim=-1)

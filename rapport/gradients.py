"""Integrated gradients: what each token of a text adds to a difference of two logits. Knows nothing of words or labels.

Source: Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, ICML 2017.
"""

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapport.classifiers import Classifier
from rapport.errors import IndexMismatch, ModelError
from rapport.heads import base_name
from rapport.passes import unit_means

if TYPE_CHECKING:
    import numpy as np
    import torch

    from rapport.models import Encoder

STEPS = 32  # of the integral; by Gauss-Legendre, so few are enough
VOTING = 4  # times as many where examples vote: what they say changes sharply with the distance
TOKENS = 1024  # in one pass with gradients; more cost memory and win no time
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A weighed sum of logits, without what the bias and hashed words add to them, taken apart.

    parts: each token's (start, end) in the text and what it adds; together `value` less `blank`, the sum of a text
    without words.
    """

    parts: tuple[tuple[Span, float], ...]
    value: float
    blank: float


class Gradients:
    """The way from a text's tokens to a head's logits, in float32 whatever the number format of inference.

    Raises ModelError for an encoder whose layers are not at hand, IndexMismatch where the head reads other numbers
    beside the vectors of its layers.
    """

    def __init__(self, encoder: "Encoder", classifier: Classifier) -> None:
        transformer = getattr(encoder, "transformer", None)
        if transformer is None:
            raise ModelError(
                f"encoder {base_name(encoder)} lets no gradient through, so words cannot be weighed.",
                hint="Use an encoder that pools by mean and runs in this process, such as the default one.",
            )
        reads, given = classifier.head.weights.shape[1], encoder.dim * (1 if classifier.top is None else 2)
        if reads != given:
            raise IndexMismatch(
                f"head '{classifier.head.name}' reads {reads} numbers and a text gives {given}; what else it reads "
                "cannot be traced to words.",
                hint="Explain a model that reads the text alone.",
            )
        self._encoder: Any = encoder
        self._head = classifier.head
        self._start = classifier.start
        self._shared = _shared(transformer)
        self._top = None if classifier.top is None else _float32(classifier.top)

    def weigh(self, text: str, wanted: "np.ndarray") -> Weighed:
        """Take a sum of logits apart by the tokens of a (masked) text. wanted: (rows of weights,) what each counts.

        A text without words is as many [PAD]s between the control tokens: on held-out phrases the words weighed from
        there agree better with what leaving a word out does than from [MASK]s or [UNK]s (rank correlation .70 and .65
        against .57 and .47, .66 and .65). Tokens beyond the encoder's window have no part.
        """
        import torch
        from captum.attr import IntegratedGradients

        (tokens,) = self._encoder.tokenize([text])
        device = self._shared.device
        ids = torch.tensor([tokens.ids], device=device)
        control = torch.tensor([tokens.special_tokens_mask], device=device).bool()
        padding = torch.full_like(ids, int(self._shared.config.pad_token_id or 0))
        score = self._score(torch.tensor(wanted, dtype=torch.float32, device=device))
        given, baseline = self._embedded(ids), self._embedded(ids.where(control, padding))
        steps = STEPS if self._head.votes is None else STEPS * VOTING
        found = IntegratedGradients(score).attribute(
            given, baseline, n_steps=steps, internal_batch_size=max(1, TOKENS // ids.shape[1])
        )
        with torch.no_grad():
            value, blank = float(score(*given)), float(score(*baseline))
        values = sum(part.sum(-1)[0] for part in found).tolist()
        parts = zip(tokens.offsets, values, strict=True)
        return Weighed(tuple((span, added) for span, added in parts if span[0] < span[1]), value, blank)

    def _embedded(self, ids: "torch.Tensor") -> "tuple[torch.Tensor, ...]":
        """The word vectors of the ids; of the classifier's own embeddings too where it has trained them."""
        models = [self._shared] if self._top is None or self._start else [self._shared, self._top]
        return tuple(model.get_input_embeddings()(ids).detach() for model in models)

    def _score(self, wanted: "torch.Tensor") -> "Callable[..., torch.Tensor]":
        """Maps (n, tokens, dim) word vectors to (n,) sums."""
        import torch

        weights = torch.tensor(self._head.weights, dtype=torch.float32, device=wanted.device)
        votes = self._head.votes

        def score(*given: torch.Tensor) -> torch.Tensor:
            mask = torch.ones(given[0].shape[:2], dtype=torch.long, device=given[0].device)
            output = self._shared(
                inputs_embeds=given[0], attention_mask=mask, output_hidden_states=self._top is not None
            )
            features = unit_means(output.last_hidden_state, mask)
            if self._top is not None:
                entering = output.hidden_states[self._start] if self._start else given[1]
                own = self._top(inputs_embeds=entering, attention_mask=mask).last_hidden_state
                features = torch.cat([unit_means(own, mask), features], dim=1)
            logits = features @ weights.T
            return (logits if votes is None else logits + votes.tensor(features)) @ wanted

        return score


@functools.lru_cache(maxsize=1)
def _shared(transformer: Any) -> Any:
    """The encoder in float32, once for all classifiers that stand on it."""
    return _float32(transformer)


def _float32(model: Any) -> Any:
    """The model itself, or a copy in float32 where it is not."""
    import torch

    return model if model.dtype == torch.float32 else copy.deepcopy(model).float()

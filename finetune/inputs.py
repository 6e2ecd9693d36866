"""What the trained layers are given: token ids, or the hidden states that the frozen layers below make of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.batches import Shared
from finetune.network import SCALE
from finetune.plan import TrainingPlan
from rapport.encoders import through
from rapport.layers import depth_of, top_of
from rapport.passes import CHUNK, pooled, unit_vectors
from rapport.tokens import Tokens, by_length, padded

if TYPE_CHECKING:
    import numpy as np
    import torch

MOST_BYTES = 2 * 1024**3  # of kept hidden states; with more, the layers below run anew in each epoch


class Inputs:
    """The training texts, ready for the layers from `start` on.

    transformer: the frozen encoder, in the number format of inference. lengths: tokens of each text.
    """

    def __init__(self, transformer: Any, folder: Path, texts: Sequence[str], *, start: int, most_tokens: int) -> None:
        self.start = start
        self._transformer = transformer
        self._tokens = Tokens(folder, most=most_tokens)
        self._ids = self._tokens.ids(texts)
        self.lengths = [len(ids) for ids in self._ids]
        self._shared = self._all_states() if start and self._bytes() <= MOST_BYTES else None

    def padded(self, rows: Sequence[int]) -> tuple["torch.Tensor", "torch.Tensor"]:
        """(ids or states, mask) of the rows, padded to the longest."""
        if self._shared is not None:
            return self._shared.padded(rows)
        return self._given([self._ids[row] for row in rows])

    def frozen(self) -> "np.ndarray":
        """(n, dim) float32 unit vectors of the training texts by the encoder as it is."""
        import numpy as np

        device = self._transformer.device
        top = top_of(self._transformer, self.start).to(device, self._transformer.dtype).eval()
        found = np.zeros((len(self.lengths), self._transformer.config.hidden_size), dtype=np.float32)
        for rows in by_length(self.lengths, CHUNK):
            given, mask = (tensor.to(device) for tensor in self.padded(rows))
            found[rows] = pooled(top, given, mask)
        return found

    def vectors(self, top: Any, texts: Sequence[str], *, device: Any) -> "torch.Tensor":
        """(n, dim) float32 unit vectors of other texts, without gradients."""
        import torch

        ids = self._tokens.ids(texts)
        found: Any = [None] * len(ids)
        with torch.inference_mode():
            for rows in by_length([len(one) for one in ids], CHUNK):
                given, mask = (tensor.to(device) for tensor in self._given([ids[row] for row in rows]))
                with _autocast(self._transformer, device):
                    found_now = unit_vectors(top, given, mask)
                for row, vector in zip(rows, found_now.cpu(), strict=True):
                    found[row] = vector
        return torch.stack(found) if found else torch.zeros((0, self._transformer.config.hidden_size))

    def logits(self, network: Any, texts: Sequence[str], *, device: Any) -> "torch.Tensor":
        """(n, L) scores of other texts, without gradients and dropout."""
        network.eval()
        vectors = self.vectors(network.top, texts, device=device)
        scores: torch.Tensor = SCALE * vectors @ network.weights.detach().cpu().T + network.bias.detach().cpu()
        return scores

    def _given(self, ids: Sequence[Sequence[int]]) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Ids as they are, or run through the layers below."""
        import torch

        inputs, mask = padded(ids)
        if not self.start:
            return inputs, mask
        device = self._transformer.device
        with torch.inference_mode():
            states = through(self._transformer, inputs.to(device), mask.to(device), until=self.start)[1][self.start]
        return states.clone(), mask

    def _all_states(self) -> Shared:
        import torch

        kept: Any = [None] * len(self._ids)
        for rows in by_length(self.lengths, CHUNK):
            states, _ = self._given([self._ids[row] for row in rows])
            for place, row in enumerate(rows):
                kept[row] = states[place, : self.lengths[row]].clone()
        return Shared(torch.cat(kept), self.lengths)

    def _bytes(self) -> int:
        return sum(self.lengths) * int(self._transformer.config.hidden_size) * 2


def inputs_for(transformer: Any, folder: Path, texts: Sequence[str], plan: TrainingPlan) -> Inputs:
    """The inputs that a plan needs; plan.layers counts from the top, 0 is all with the embeddings."""
    depth = depth_of(transformer)
    start = depth - plan.layers if 0 < plan.layers < depth else 0
    return Inputs(transformer, folder, texts, start=start, most_tokens=plan.max_tokens)


def _autocast(transformer: Any, device: Any) -> Any:
    import torch

    half = transformer.dtype == torch.bfloat16
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=half)

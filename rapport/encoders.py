"""Turn texts into unit vectors in this process. Knows nothing of where the weights lie or which settings name them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.plain import Shape
from rapport.tokens import Tokens, padded

if TYPE_CHECKING:
    import numpy as np
    import torch

# Characters that can matter: 256 tokens end well before this, and tokenising a megabyte takes a second.
MAX_CHARS = 16_000
# A forward pass of so few tokens gains little from a second thread, and on a busy machine threads that wait for each
# other make it ten times slower.
ONE_THREAD_TOKENS = 512


class LocalEncoder:
    """A model in this process. Safe to call from several threads."""

    def __init__(self, *, name: str, fingerprint: str, dim: int, batch: int) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.dim = dim
        self._batch = batch

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return (n, dim) float32 unit rows; a text beyond the model's window is cut at its end."""
        import numpy as np

        clean = [_printable(text[:MAX_CHARS]) for text in texts]
        vectors = np.zeros((len(clean), self.dim), dtype=np.float32)
        # texts of one length together, so that little of a batch is padding
        longest_first = sorted(range(len(clean)), key=lambda place: -len(clean[place]))
        for start in range(0, len(clean), self._batch):
            places = longest_first[start : start + self._batch]
            vectors[places] = self._encode([clean[place] for place in places])
        return _unit(vectors)

    def warm_up(self) -> None:
        """Encode once, so that the first customer does not wait for lazy initialisation."""
        self.encode(["warm up", "where is my order, and how do I return it?"])

    def _encode(self, texts: list[str]) -> "np.ndarray":
        """(n, dim) vectors of any length for one batch."""
        raise NotImplementedError


class BertEncoder(LocalEncoder):
    """The mean of a BERT's last hidden states. transformer: transformers' model, in the number format of inference."""

    def __init__(self, transformer: Any, folder: Path, shape: Shape, *, name: str, fingerprint: str,
                 batch: int) -> None:  # fmt: skip
        super().__init__(name=name, fingerprint=fingerprint, dim=shape.dim, batch=batch)
        self.transformer = transformer
        self.folder = folder
        self._all_threads = _thread_count()
        self._tokens = Tokens(folder, most=shape.window)

    def tokenize(self, texts: Sequence[str]) -> list[Any]:
        """The tokens of each text with `ids` and `offsets` (start, end) in the text, cut at the model's window."""
        return self._tokens.encodings([_printable(text[:MAX_CHARS]) for text in texts])

    def forward(
        self, ids: Sequence[Sequence[int]], *, layers: frozenset[int] = frozenset()
    ) -> tuple["np.ndarray", "dict[int, torch.Tensor]", "torch.Tensor"]:
        """Unit vectors, the states that enter the named layers (the ids for layer 0), and the mask, of one batch."""
        import torch

        inputs, mask = (tensor.to(self.transformer.device) for tensor in padded(ids))
        with torch.inference_mode(), self.threads(sum(map(len, ids))):
            if layers:
                hidden, entering = through(self.transformer, inputs, mask)
            else:
                hidden = self.transformer(input_ids=inputs, attention_mask=mask).last_hidden_state
            kept = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = ((hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)).float()
            vectors: np.ndarray = pooled.cpu().numpy()
        states = {layer: entering[layer] if layer else inputs for layer in layers}
        return _unit(vectors), states, mask

    def entering(self, ids: Sequence[Sequence[int]], layer: int) -> "tuple[torch.Tensor, torch.Tensor]":
        """The states that enter one layer (the ids for layer 0) and the mask, of one batch; no layer above runs."""
        import torch

        inputs, mask = (tensor.to(self.transformer.device) for tensor in padded(ids))
        if layer == 0:
            return inputs, mask
        with torch.inference_mode(), self.threads(sum(map(len, ids))):
            return through(self.transformer, inputs, mask, until=layer)[1][layer], mask

    def threads(self, tokens: int) -> AbstractContextManager[None]:
        """Run torch with as many threads as a pass of so many tokens is fastest with."""
        return _threads(1 if tokens <= ONE_THREAD_TOKENS else self._all_threads, self._all_threads)

    def _encode(self, texts: list[str]) -> "np.ndarray":
        return self.forward(self._tokens.ids(texts))[0]


class ChainEncoder(LocalEncoder):
    """Any other chain of modules, run by sentence-transformers. model: a SentenceTransformer."""

    def __init__(self, model: Any, *, name: str, fingerprint: str, batch: int) -> None:
        super().__init__(name=name, fingerprint=fingerprint, dim=int(model.get_embedding_dimension()), batch=batch)
        self._model = model
        self._model.tokenizer.split_special_tokens = True
        # A transformers tokenizer changes its own state in each call, so two threads in it would collide.
        self._turn = threading.Lock()

    def _encode(self, texts: list[str]) -> "np.ndarray":
        with self._turn:
            vectors: np.ndarray = self._model.encode(texts, batch_size=self._batch, show_progress_bar=False)
        return vectors


def through(
    transformer: Any, inputs: "torch.Tensor", mask: "torch.Tensor", *, until: int | None = None
) -> "tuple[torch.Tensor, Any]":
    """The last hidden states, and those that enter each layer and leave the last one that ran.

    until: the first layer that need not run; None for all of them.
    """
    if transformer.config._attn_implementation != "sdpa":
        output = transformer(input_ids=inputs, attention_mask=mask, output_hidden_states=True)
        return output.last_hidden_state, output.hidden_states
    seen = None if bool(mask.all()) else mask[:, None, None, :].bool()
    hidden, entering = transformer.embeddings(input_ids=inputs), []
    for layer in transformer.encoder.layer[:until]:  # having the model collect the states costs half a layer
        entering.append(hidden)
        hidden = layer(hidden, seen)
    return hidden, [*entering, hidden]


@contextmanager
def _threads(count: int, usual: int) -> Iterator[None]:
    """Run torch with `count` threads, then with the usual number again.

    The usual number is not read here: two callers at once would read each other's and leave it at one.
    """
    import torch

    if count != usual:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count != usual:
            torch.set_num_threads(usual)


def _thread_count() -> int:
    import torch

    return int(torch.get_num_threads())


def _printable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _unit(vectors: "np.ndarray") -> "np.ndarray":
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)

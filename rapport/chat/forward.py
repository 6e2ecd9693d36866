"""One pass of a causal language model over several sequences, each with its own memory (KV cache).

`Packed` puts the new tokens of all sequences in one row, without padding: the layers see them together, so the weights
are read once, and attention looks at each sequence by itself. A sequence joins and leaves at any step at no cost, and
what is computed for it does not depend on the others beyond the rounding of the matrix products; in bfloat16 on a CPU,
where those round alike for every number of rows, not at all. transformers lets a model's attention be replaced by name;
a model for which that does not give the logits of its own attention runs `OneByOne`.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

ATTENTION = "rapport_packed"
ALIKE = 0.995  # least cosine between logits of packed and own attention; another mask or scale is far below
NOT_PACKED = ("softcap", "s_aux", "sliding_window", "position_bias")  # what some models ask of their attention
FIRST_ROOM = 64  # tokens in a new memory

Feed = tuple[Any, list[int]]  # a memory and the tokens that come next


class Forward(Protocol):
    """Reads tokens into memories."""

    def begin(self) -> Any:
        """The empty memory of a new sequence."""
        ...

    def fork(self, memory: Any, tokens: int) -> Any:
        """A memory of its own of the first so many tokens that another one holds; None where that cannot be had."""
        ...

    def step(self, feeds: Sequence[Feed]) -> "torch.Tensor":
        """Read each feed's tokens into its memory. Returns (feeds, vocabulary) logits after the last of each."""
        ...


def choose_forward(model: Any) -> Forward:
    """`Packed` where the model gives the same logits so, else `OneByOne`."""
    plain = OneByOne(model)
    if not _remembers_all(model) or _rotates_by_length(model):
        log.info("%s has a window, a state or positions of its own kind: one at a time", type(model).__name__)
        return plain
    own = model.config._attn_implementation
    if own == ATTENTION:  # it was probed before
        return Packed(model)
    expected = _probe(plain)
    packed = Packed(model)
    try:
        seen = _probe(packed)
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        log.info("%s takes no packed attention (%s): one sequence at a time", type(model).__name__, error)
    else:
        if min((a * b).sum() / (a.norm() * b.norm()) for a, b in zip(expected, seen, strict=True)) >= ALIKE:
            return packed
        log.info("%s gives other logits when packed: one sequence at a time", type(model).__name__)
    model.set_attn_implementation(own)
    return plain


class OneByOne:
    """Any causal model, each sequence in a pass of its own."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def begin(self) -> Any:
        from transformers import DynamicCache

        return DynamicCache(config=self.model.config)

    def fork(self, memory: Any, tokens: int) -> None:
        return None

    def step(self, feeds: Sequence[Feed]) -> "torch.Tensor":
        import torch

        rows = []
        for memory, tokens in feeds:
            ids = torch.tensor([tokens], device=self.model.device)
            with torch.inference_mode():
                rows.append(self.model(ids, past_key_values=memory, use_cache=True, logits_to_keep=1).logits[0, -1])
        return torch.stack(rows).float()


class Packed:
    """A model whose attention can be replaced, all sequences in one pass."""

    def __init__(self, model: Any) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(ATTENTION, attend)
        model.set_attn_implementation(ATTENTION)
        self.model = model

    def begin(self) -> "Memory":
        return Memory()

    def fork(self, memory: "Memory", tokens: int) -> "Memory":
        return memory.forked(tokens)

    def step(self, feeds: Sequence[Feed]) -> "torch.Tensor":
        import torch

        ids: list[int] = []
        positions: list[int] = []
        last: list[int] = []
        for memory, tokens in feeds:
            ids += tokens
            positions += range(memory.length, memory.length + len(tokens))
            last.append(len(ids) - 1)
        device = self.model.device
        with torch.inference_mode():
            logits: torch.Tensor = self.model(
                torch.tensor([ids], device=device),
                position_ids=torch.tensor([positions], device=device),
                past_key_values=PackedCache(feeds),
                use_cache=True,
                logits_to_keep=torch.tensor(last, device=device),
            ).logits[0]
        for memory, tokens in feeds:
            memory.length += len(tokens)
        return logits.float()


class Memory:
    """Keys and values of one sequence, by layer, in buffers that double. length: tokens that it holds.

    On a CPU they are float32 whatever the model is: attention of a single token is up to eight times faster so.
    """

    def __init__(self) -> None:
        self.length = 0
        self._layers: dict[int, list[torch.Tensor]] = {}

    def extended(self, layer: int, *new: "torch.Tensor") -> "list[torch.Tensor]":
        """Keep new keys and values (1, heads, new tokens, width) and return all of that layer so far."""
        end = self.length + new[0].shape[2]
        kept = self._layers.get(layer)
        if kept is None or kept[0].shape[2] < end:
            wider = [_room(item, max(FIRST_ROOM, 2 * end)) for item in new]
            for old, buffer in zip(kept or (), wider, strict=False):
                buffer[:, :, : self.length] = old[:, :, : self.length]
            self._layers[layer] = kept = wider
        for item, buffer in zip(new, kept, strict=True):
            buffer[:, :, self.length : end] = item
        return [buffer[:, :, :end] for buffer in kept]

    def forked(self, tokens: int) -> "Memory":
        """A copy of the first so many tokens."""
        copy = Memory()
        copy.length = tokens
        for layer, kept in self._layers.items():
            copy._layers[layer] = [_room(item, max(FIRST_ROOM, 2 * tokens)) for item in kept]
            for item, buffer in zip(kept, copy._layers[layer], strict=True):
                buffer[:, :, :tokens] = item[:, :, :tokens]
        return copy


class PackedCache:
    """What the model takes for its cache in one step: it deals keys and values out to the memories."""

    is_compileable = False

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.feeds = feeds

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Nothing is seen before, as far as the model may ask: positions are given."""
        return 0

    def update(
        self, keys: "torch.Tensor", values: "torch.Tensor", layer_idx: int, *_: Any, **__: Any
    ) -> "tuple[list[tuple[int, torch.Tensor]], list[torch.Tensor]]":
        """The new tokens' number and all keys of each sequence, and all values; the model hands both to `attend`."""
        start, all_keys, all_values = 0, [], []
        for memory, tokens in self.feeds:
            part = slice(start, start + len(tokens))
            own_keys, own_values = memory.extended(layer_idx, keys[:, :, part], values[:, :, part])
            all_keys.append((len(tokens), own_keys))
            all_values.append(own_values)
            start = part.stop
        return all_keys, all_values


def attend(
    module: Any,
    query: "torch.Tensor",
    keys: "list[tuple[int, torch.Tensor]]",
    values: "list[torch.Tensor]",
    attention_mask: Any,
    scaling: float | None = None,
    **asked: Any,
) -> "tuple[torch.Tensor, None]":
    """Attention of each sequence over itself. query: (1, heads, new tokens of all, width). Returns (1, tokens, …)."""
    import torch

    if unknown := [name for name in NOT_PACKED if asked.get(name) is not None]:
        raise ValueError(f"attention with {unknown[0]}")
    parts = torch.split(query, [new for new, _ in keys], dim=2)
    outputs = [
        _attend_one(part, own_keys, own_values, scaling)
        for part, (_, own_keys), own_values in zip(parts, keys, values, strict=True)
    ]
    return torch.cat(outputs, dim=2).transpose(1, 2).to(query.dtype), None


def _attend_one(
    query: "torch.Tensor", keys: "torch.Tensor", values: "torch.Tensor", scaling: float | None
) -> "torch.Tensor":
    """Attention of one sequence: its new tokens (1, heads, new, width) over all of its keys."""
    import torch

    attention = torch.nn.functional.scaled_dot_product_attention
    query = query.to(keys.dtype)
    new, whole, groups = query.shape[2], keys.shape[2], keys.shape[1]
    if new == 1:  # the heads that share keys go as tokens that see the same: up to ten times faster on a CPU
        shared = query.reshape(1, groups, -1, query.shape[3])
        return attention(shared, keys, values, scale=scaling).reshape(1, query.shape[1], 1, -1)
    mask = None
    if new < whole:  # a later part of a long prompt sees all before it, and itself up to each token
        mask = torch.ones(new, whole, dtype=torch.bool, device=query.device).tril(whole - new)
    grouped = query.shape[1] != groups
    return attention(query, keys, values, mask, is_causal=mask is None, scale=scaling, enable_gqa=grouped)


def _room(like: "torch.Tensor", tokens: int) -> "torch.Tensor":
    import torch

    dtype = torch.float32 if like.device.type == "cpu" else like.dtype
    return like.new_empty((*like.shape[:2], tokens, like.shape[3]), dtype=dtype)


def _remembers_all(model: Any) -> bool:
    """True where every layer keeps keys and values of every token: no sliding window, no recurrent state."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    layers = DynamicCache(config=model.config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def _rotates_by_length(model: Any) -> bool:
    """True where the longest sequence of a pass changes how positions are told, for those beside it too."""
    rope = getattr(model.config.get_text_config(), "rope_parameters", None) or {}
    kinds = [rope, *(item for item in rope.values() if isinstance(item, dict))]
    return any(item.get("rope_type") in ("dynamic", "longrope") for item in kinds)


def _probe(forward: Forward) -> "list[torch.Tensor]":
    """Logits of two short sequences: of their beginnings, of a longer part and a single token, of a token each."""
    first, second = forward.begin(), forward.begin()
    steps = (
        [(first, [5, 6, 7, 8, 9]), (second, [9, 8])],
        [(first, [6]), (second, [5, 7, 6])],
        [(first, [7]), (second, [8])],
    )
    return [row for feeds in steps for row in forward.step(feeds)]

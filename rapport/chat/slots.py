"""Let a model name only the slots that there are: a trie over their tokens decides what may come next.

A slot is written `{name}`. Outside one, every token with a brace is barred but those that begin an allowed slot; inside
one, only its next token is left. The reply cannot end before it has named the slots that it must.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots that a reply may name, and those of them that it must."""

    allowed: tuple[str, ...]
    must: tuple[str, ...] = ()


Node = dict[int, Any]  # token -> the node behind it; where a slot ends, END -> its name
END = -1


class SlotTrie:
    """Masks the logits of one reply. Call it with the tokens made so far and the logits of the next one.

    Called as a `LogitsProcessor` of transformers its `input_ids` begin with the prompt: give the length as `skip`.
    ends: the tokens that end a reply.
    """

    def __init__(self, tokenizer: Any, slots: Slots, *, ends: Sequence[int] = (), skip: int = 0) -> None:
        self._root: Node = {}
        for name in slots.allowed:
            for text in (f"{{{name}}}", f" {{{name}}}"):
                self._add(tokenizer.encode(text, add_special_tokens=False), name)
        self._must = frozenset(slots.must)
        self._ends = list(ends)
        self._skip = skip
        self._barred = [token for token in _with_braces(tokenizer) if token not in self._root]

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """The scores (…, vocabulary) of the next token with those barred at minus infinity."""
        import torch

        rows = [self.masked(ids[self._skip :].tolist(), row) for ids, row in zip(input_ids, scores, strict=True)]
        return torch.stack(rows)

    def masked(self, made: Sequence[int], scores: "torch.Tensor") -> "torch.Tensor":
        """The same for one reply: the tokens made so far, and (vocabulary,) scores."""
        node, named = self._walk(made)
        scores = scores.clone()
        if node is not self._root:
            left = [token for token in node if token != END]
            kept = scores[left].clone()
            scores.fill_(float("-inf"))
            scores[left] = kept
            return scores
        scores[self._barred] = float("-inf")
        if not self._must <= named:
            scores[self._ends] = float("-inf")
        return scores

    def _add(self, tokens: Sequence[int], name: str) -> None:
        node = self._root
        for token in tokens:
            node = node.setdefault(token, {})
        node[END] = name

    def _walk(self, made: Sequence[int]) -> tuple[Node, frozenset[str]]:
        """Where in the trie the reply stands, the root when outside a slot, and the slots that it has named."""
        node, named = self._root, set()
        for token in made:
            node = node.get(token, self._root)
            if END in node:
                named.add(node[END])
                node = self._root
        return node, frozenset(named)


@lru_cache(maxsize=8)
def _braces_of(decode: Callable[[int], str], size: int) -> tuple[int, ...]:
    return tuple(token for token in range(size) if set("{}") & set(decode(token)))


def _with_braces(tokenizer: Any) -> tuple[int, ...]:
    """The tokens of a vocabulary that hold a brace."""
    return _braces_of(tokenizer.decode, len(tokenizer))

"""Read the beginning that a prompt shares with one read before only once: system messages are alike, talks go on.

The prompts read last are kept with their memories. What a memory holds of a prompt is never overwritten: a reply is
added behind it. Knows nothing of text or requests.
"""

import collections
from collections.abc import Sequence
from typing import Any

from rapport.chat.forward import Forward

KEPT = 8  # prompts
LEAST = 16  # tokens from which copying beats reading


class Prefixes:
    """The prompts that a forward has read last. Used from one thread at a time."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self._kept: collections.deque[tuple[list[int], Any]] = collections.deque(maxlen=KEPT)

    def begin(self, prompt: Sequence[int]) -> tuple[Any, list[int]]:
        """A memory for a prompt, and what of the prompt it does not hold yet: its last token at least."""
        shared, memory = max(
            ((min(_common(prompt, kept), len(prompt) - 1), memory) for kept, memory in self._kept),
            key=lambda found: found[0],
            default=(0, None),
        )
        if shared >= LEAST and (copy := self._forward.fork(memory, shared)) is not None:
            return copy, list(prompt[shared:])
        return self._forward.begin(), list(prompt)

    def keep(self, prompt: list[int], memory: Any) -> None:
        """Note that a memory holds all of a prompt."""
        self._kept.append((prompt, memory))


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two prompts begin with alike."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length

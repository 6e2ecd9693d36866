"""Turn tokens, as they come, into pieces of text that will not change any more, up to a stop string."""

from collections.abc import Callable, Sequence

BROKEN = "\ufffd"  # what decoding gives for a character whose bytes have not all come


class Unfolding:
    """The text of a growing list of tokens. `stopped` is true once a stop string has come; it is not part of the text.

    decode: tokens to text. All pieces together are the decoded tokens, cut before the first stop string.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stops: Sequence[str] = ()) -> None:
        self.stopped = False
        self._decode = decode
        self._stops = [stop for stop in stops if stop]
        self._tokens: list[int] = []
        # tokens before `_told` are told; decoding from `_from` keeps the space that a word may begin with
        self._from = self._told = 0
        self._held = ""

    def add(self, token: int) -> str:
        """The text that this token makes certain; "" where it waits for more."""
        self._tokens.append(token)
        return self._new(final=False)

    def rest(self) -> str:
        """What was still held back when no more tokens come."""
        return self._new(final=True)

    def _new(self, *, final: bool) -> str:
        if self.stopped:
            return ""
        before = self._decode(self._tokens[self._from : self._told])
        now = self._decode(self._tokens[self._from :])
        if final or not now.endswith(BROKEN):
            self._held += now[len(before) :]
            self._from, self._told = self._told, len(self._tokens)
        found = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._take(min(found))
        return self._take(len(self._held) if final else len(self._held) - self._begun())

    def _begun(self) -> int:
        """Characters at the end that may be the start of a stop string."""
        lengths = (n for stop in self._stops for n in range(len(stop) - 1, 0, -1) if self._held.endswith(stop[:n]))
        return max(lengths, default=0)

    def _take(self, count: int) -> str:
        text, self._held = self._held[:count], self._held[count:]
        return text

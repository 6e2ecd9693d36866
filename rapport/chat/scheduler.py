"""Generate for many requests at once: each step of one thread makes one token for every request that is under way.

A request joins at the next step and leaves when it ends, is cancelled or is out of time. The thread lives while there
is something to do. Knows nothing of text.
"""

import collections
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rapport.chat.forward import Forward
from rapport.chat.prefixes import Prefixes
from rapport.errors import ModelError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

PART = 256  # tokens of a prompt that are read in one step, so that a long one does not hold up the others for long
Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to generate. temperature 0: the likeliest token each time, else drawn by the seed (None: a fresh one).

    most: tokens at most. ends: tokens that end the reply. seconds: how long it may take, waiting included.
    allow: from the tokens made so far and the logits of the next one to logits in which some are barred.
    """

    prompt: list[int]
    most: int
    ends: frozenset[int]
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    seconds: float = 20.0
    allow: "Callable[[list[int], torch.Tensor], torch.Tensor] | None" = None


class Answer:
    """The tokens of one request as they are made. Iterate it once; `cancel` when no more are wanted.

    finish: how it ended, None before. Raises ModelError when it takes too long or the model fails.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.finish: Finish | None = None
        self.cancelled = False
        self.ends_at = time.monotonic() + request.seconds
        self._news: queue.SimpleQueue[int | Finish | ModelError] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[int]:
        while True:
            try:
                news = self._news.get(timeout=max(0.0, self.ends_at - time.monotonic()))
            except queue.Empty:
                self.cancel()
                raise self.too_late() from None
            if isinstance(news, int):
                yield news
            elif isinstance(news, ModelError):
                raise news
            else:
                self.finish = news
                return

    def cancel(self) -> None:
        """Make no more tokens: the request leaves at the next step."""
        self.cancelled = True

    def tell(self, news: int | Finish | ModelError) -> None:
        """Hand on a token, the end, or what went wrong."""
        self._news.put(news)

    def too_late(self) -> ModelError:
        return ModelError(f"the chat model took longer than {self.request.seconds:g} seconds.")


class Scheduler:
    """Generates for requests of any thread. rows: how many are under way at once; more wait in order.

    passes: steps made so far.
    """

    def __init__(self, forward: Forward, *, rows: int = 16) -> None:
        self.forward = forward
        self.rows = rows
        self.passes = 0
        self._prefixes = Prefixes(forward)
        self._waiting: collections.deque[Answer] = collections.deque()
        self._lock = threading.Lock()
        self._running = False

    def ask(self, request: Request) -> Answer:
        """Begin a request; its answer is iterated for tokens."""
        answer = Answer(request)
        with self._lock:
            self._waiting.append(answer)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="chat model").start()
        return answer

    @property
    def idle(self) -> bool:
        """True where nothing is under way or waits."""
        return not self._running

    def _run(self) -> None:
        rows: list[_Row] = []
        try:
            while rows := self._admit([row for row in rows if row.wanted()]):
                rows = self._step(rows)
        except BaseException:
            self._give_up(rows)
            raise

    def _admit(self, rows: "list[_Row]") -> "list[_Row]":
        """Rows with those that join; none left means that this thread ends."""
        with self._lock:
            while self._waiting and len(rows) < self.rows:
                answer = self._waiting.popleft()
                row = _Row(answer, *self._prefixes.begin(answer.request.prompt))
                if row.wanted():
                    rows.append(row)
            self._running = bool(rows)
        return rows

    def _step(self, rows: "list[_Row]") -> "list[_Row]":
        """One token for each row that has read its prompt. Returns the rows that go on."""
        try:
            logits = self.forward.step([(row.memory, row.next_part()) for row in rows])
        except RuntimeError as error:  # out of memory, mostly: those under way fail, those that wait have their turn
            log.error("a step for %d requests failed: %s", len(rows), type(error).__name__)
            for row in rows:
                row.answer.tell(ModelError(f"the chat model failed ({type(error).__name__})."))
            return []
        self.passes += 1
        likeliest = logits.argmax(dim=-1).tolist()
        for row in rows:
            if not row.unread and not row.made:  # it has just read its prompt
                self._prefixes.keep(row.answer.request.prompt, row.memory)
        return [row for place, row in enumerate(rows) if row.unread or row.take(logits[place], likeliest[place])]

    def _give_up(self, rows: "list[_Row]") -> None:
        with self._lock:
            left = [*(row.answer for row in rows), *self._waiting]
            self._waiting.clear()
            self._running = False
        for answer in left:
            answer.tell(ModelError("the chat model stopped."))


class _Row:
    """A request under way. unread: what of its prompt the memory does not hold yet."""

    def __init__(self, answer: Answer, memory: Any, unread: list[int]) -> None:
        self.answer = answer
        self.memory = memory
        self.unread = unread
        self.made: list[int] = []
        self._generator: torch.Generator | None = None

    def wanted(self) -> bool:
        """False where nobody waits for it any more or its time is over."""
        if self.answer.cancelled:
            return False
        if late := time.monotonic() > self.answer.ends_at:
            self.answer.tell(self.answer.too_late())
        return not late

    def next_part(self) -> list[int]:
        part, self.unread = self.unread[:PART], self.unread[PART:]
        return part

    def take(self, logits: "torch.Tensor", likeliest: int) -> bool:
        """Hand on the next token. False where it was the last."""
        request = self.answer.request
        if request.allow is not None:
            logits = request.allow(self.made, logits)
            likeliest = int(logits.argmax())
        token = self._draw(logits) if request.temperature > 0 else likeliest
        if token in request.ends:
            self.answer.tell("stop")
            return False
        self.answer.tell(token)
        self.made.append(token)
        if len(self.made) >= request.most:
            self.answer.tell("length")
            return False
        self.unread = [token]
        return True

    def _draw(self, logits: "torch.Tensor") -> int:
        """A token by its probability, among those that make up the first `top_p` of it."""
        import torch

        request = self.answer.request
        if self._generator is None:
            self._generator = torch.Generator()
            if request.seed is None:
                self._generator.seed()
            else:
                self._generator.manual_seed(request.seed)
        # on the CPU, so that a seed gives the same text whatever the device draws
        chances, tokens = torch.softmax(logits.cpu() / request.temperature, dim=-1).sort(descending=True, stable=True)
        chances[chances.cumsum(-1) - chances >= request.top_p] = 0.0
        return int(tokens[torch.multinomial(chances, 1, generator=self._generator)])

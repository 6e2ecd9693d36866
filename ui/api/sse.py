"""Turn events as server-sent events: token, reset, citation, state, done, error. Tokens carry only checked text."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi.sse import ServerSentEvent

from rapport.types import State, Turn
from ui.api.errors import describe
from ui.api.service import Said, Service
from ui.api.turns import Failed

if TYPE_CHECKING:
    from agent.events import TurnEvent


def stream(said: Said, *, state: State, service: Service) -> Iterator[ServerSentEvent]:
    """What came of a message. state: the one to report where no turn was made, as while a person has it.

    Ends with exactly one `done` or `error`.
    """
    if said.outcome is None:
        yield _event("state", {"state": state})
        yield _event("done", _unanswered(said, state))
    elif isinstance(said.outcome, Turn):
        yield from _replayed(said.outcome, said, service)
    else:
        yield from _live(said, said.outcome, state=state, service=service)


def _live(
    said: Said, events: "Iterator[TurnEvent | Failed]", *, state: State, service: Service
) -> Iterator[ServerSentEvent]:
    from agent.events import Cited, Finished, Retracted, StateChanged, Token

    for event in events:
        match event:
            case Token(text=text):
                yield _event("token", {"text": text})
            case Retracted():
                yield _event("reset", {})
            case Cited(citation=citation):
                yield _event("citation", asdict(service.sources([citation])[0]))
            case StateChanged(state=changed):
                state = changed
                yield _event("state", {"state": state})
            case Finished(turn=turn):
                yield _event("done", _done(turn, said, service))
                return
            case Failed(error=error):
                yield _event("error", describe(error)[1])
                return
    yield _event("done", _unanswered(said, state))  # a person took the conversation meanwhile


def _replayed(turn: Turn, said: Said, service: Service) -> Iterator[ServerSentEvent]:
    if turn.reply is not None:
        yield _event("token", {"text": turn.reply.text})
        for source in service.sources(turn.reply.citations):
            yield _event("citation", asdict(source))
    yield _event("state", {"state": turn.state})
    yield _event("done", _done(turn, said, service))


def _done(turn: Turn, said: Said, service: Service) -> dict[str, Any]:
    sources = service.sources(turn.reply.citations) if turn.reply else ()
    return {
        "message_id": said.message.id,
        "turn_id": turn.id,
        "reply": turn.reply.text if turn.reply else None,
        "citations": [asdict(source) for source in sources],
        "decision": turn.decisions[-1].kind if turn.decisions else None,
        "state": turn.state,
        "identity": turn.identity,
    }


def _unanswered(said: Said, state: State) -> dict[str, Any]:
    return {"message_id": said.message.id, "turn_id": None, "reply": None, "citations": [], "state": state}


def _event(name: str, data: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=data)

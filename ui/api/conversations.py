"""Routes of a conversation: open it, write in it, read it, and move it between the agent and people."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from rapport.errors import Refused
from rapport.types import ConversationId, State, Viewer
from ui import auth
from ui.api import schemas
from ui.api.access import Admitted, Shared, StaffOnly, Token, failures
from ui.api.service import Said, View
from ui.api.sse import stream

router = APIRouter(prefix="/v1/conversations", tags=["Conversations"])

STREAM_EXAMPLE = """event: token
data: {"text": "You can send shoes back within 30 days."}

event: citation
data: {"id": "sample:returns", "title": "Returning an item", "url": null, "page": "/articles/sample:returns"}

event: done
data: {"message_id": 1, "turn_id": "t-1", "reply": "You can send…", "decision": "answer", "state": "bot"}
"""


@router.post("", status_code=201, responses=failures(401))
def open_conversation(body: schemas.OpenConversation, service: Shared) -> schemas.Opened:
    """Open a conversation: anonymous, or as the customer that a signed identity token names.

    The answer's token is the only key to the conversation. Keep it; it is not shown again.
    """
    viewer = Viewer()
    if body.identity_token is not None:
        viewer = auth.verified_viewer(service.settings, service.store, body.identity_token)
    conversation, token = service.open(viewer=viewer, channel=body.channel, locale=body.locale)
    return schemas.Opened(id=conversation.id, token=token, state=conversation.state, identity=conversation.identity)


def kept(id: Admitted, body: schemas.SendMessage, service: Shared, token: Token) -> tuple[Said, State]:
    """Keep the message before the answer begins, so that a failure still has its HTTP status."""
    if body.role == "staff":
        auth.require_staff(service.settings, token)
        message = service.reply_as_staff(id, body.text, client_id=body.client_id)
        return Said(message, None), State.HUMAN
    if auth.is_staff(service.settings, token):
        raise Refused("staff cannot write as the customer.", hint='Send "role": "staff".')
    said = service.say(id, body.text, client_id=body.client_id)
    return said, service.store.conversation(id).state


@router.post(
    "/{id}/messages",
    response_class=EventSourceResponse,
    responses={
        **failures(400, 401, 404, 409),
        200: {"content": {"text/event-stream": {"example": STREAM_EXAMPLE}}},
    },
)
def send_message(outcome: Annotated[tuple[Said, State], Depends(kept)], service: Shared) -> Iterator[ServerSentEvent]:
    """Write a message; the answer comes as server-sent events: token, citation, state, then one done or error.

    A reset in between says that the tokens so far are no answer. The message is kept before the first event. The
    answer is finished and kept even where the connection is cut; sending the message again with the same client_id
    then gives that answer. While a person has the conversation there is no token: their reply comes with GET. With
    "role": "staff" and the staff token, a colleague replies.
    """
    said, state = outcome
    yield from stream(said, state=state, service=service)


@router.get("/{id}", responses=failures(404))
def read_conversation(id: Admitted, service: Shared) -> schemas.ConversationOut:
    """All messages, what each reply cites, who is verified and who has the conversation."""
    return conversation_out(service.view(id))


@router.post("/{id}/handover", responses=failures(404, 409))
def ask_for_a_person(id: Admitted, body: schemas.AskPerson, service: Shared, token: Token) -> schemas.StateOut:
    """Ask for a person: as the customer, or as staff for them. Asking twice changes nothing."""
    actor = "staff" if auth.is_staff(service.settings, token) else "customer"
    return _state(id, service.ask_for_a_person(id, actor=actor, reason=body.reason))


@router.post("/{id}/assign", responses=failures(401, 404, 409), dependencies=[StaffOnly])
def assign(id: Admitted, body: schemas.Assign, service: Shared) -> schemas.StateOut:
    """Take the conversation, under the name that the customer sees. Staff."""
    return _state(id, service.assign(id, actor=body.name))


@router.post("/{id}/return", responses=failures(401, 404, 409), dependencies=[StaffOnly])
def give_back(id: Admitted, body: schemas.Actor, service: Shared) -> schemas.StateOut:
    """Give the conversation back; the agent answers from the customer's next message on. Staff."""
    return _state(id, service.give_back(id, actor=body.name or "staff"))


@router.post("/{id}/close", responses=failures(401, 404, 409), dependencies=[StaffOnly])
def close(id: Admitted, body: schemas.Actor, service: Shared) -> schemas.StateOut:
    """Close the conversation with one closing message. Staff."""
    return _state(id, service.close_conversation(id, actor=body.name or "staff"))


def _state(id: ConversationId, state: State) -> schemas.StateOut:
    return schemas.StateOut(id=id, state=state)


def conversation_out(view: View) -> schemas.ConversationOut:
    """A view as it is sent."""
    messages = [
        schemas.MessageOut(
            id=shown.message.id or 0,
            role=shown.message.role,
            text=shown.message.text,
            at=shown.message.at,
            citations=[schemas.CitationOut(**asdict(part)) for part in shown.sources],
            turn_id=shown.turn_id,
        )
        for shown in view.shown
    ]
    return schemas.ConversationOut(
        id=view.conversation.id,
        state=view.conversation.state,
        identity=view.conversation.identity,
        colleague=view.colleague,
        messages=messages,
    )

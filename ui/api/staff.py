"""Routes around the conversations: suggestions, what people thought of replies, what customers do elsewhere, models."""

from dataclasses import asdict
from datetime import UTC
from decimal import Decimal

from fastapi import APIRouter

from agent.turn import check_text
from crm.store import Feedback
from crm.values import SuggestionId
from rapport.errors import NotFound, UserError
from rapport.records import Event, ProductId
from rapport.types import ConversationId, TurnId
from ui import auth
from ui.api import schemas
from ui.api.access import Shared, StaffOnly, Token, failures
from ui.api.customers import known_customer
from ui.api.service import Service

router = APIRouter(prefix="/v1")
RATINGS = {"up": 1, "down": -1}


@router.post("/suggestions", status_code=201, tags=["Suggestions"], responses=failures(401, 404, 409),
             dependencies=[StaffOnly])  # fmt: skip
def suggest_reply(body: schemas.AskSuggestion, service: Shared) -> schemas.SuggestionOut:
    """A reply to what the customer wrote last, for the colleague who has the conversation. Staff token.

    It is never sent by itself: send it, or another text, as a message, then say what became of it (POST /v1/feedback).
    """
    found = service.suggest(ConversationId(body.conversation_id))
    kept = found.kept
    return schemas.SuggestionOut(
        id=kept.id if kept else None,
        message_id=found.message_id,
        text=kept.text if kept else "",
        citations=[schemas.CitationOut(**asdict(part)) for part in service.sources(found.citations)],
        internal=[schemas.InternalOut(id=one.source.id, title=one.source.title, text=one.text)
                  for one in found.internal],
        profile=list(found.profile),
        model=kept.model if kept else None,
    )  # fmt: skip


@router.post("/feedback", status_code=201, tags=["Feedback and events"], responses=failures(401, 404, 409))
def send_feedback(body: schemas.Judgement, service: Shared, token: Token) -> schemas.Accepted:
    """Judge a reply, or a whole conversation, with a thumb and a comment: the conversation's token, or staff's.

    Or, with the staff token, say what became of a suggestion and what was sent: models learn from it.
    """
    if isinstance(body, schemas.JudgeSuggestion):
        auth.require_staff(service.settings, token)
        kept = service.store.judge_suggestion(
            SuggestionId(body.suggestion), body.outcome, sent=body.sent, actor=body.name or "staff", at=service.clock()
        )
        return schemas.Accepted(id=str(kept.id))
    return _send_thumb(body, service, token)


def _send_thumb(body: schemas.SendFeedback, service: Service, token: str) -> schemas.Accepted:
    id = service.admit(body.conversation_id, token)
    if body.turn_id is not None and body.turn_id not in {turn.id for turn in service.store.turns(id)}:
        raise NotFound(f"the conversation has no turn '{body.turn_id}'.", hint="GET the conversation for its turn ids.")
    actor = "staff" if auth.is_staff(service.settings, token) else "customer"
    turn = TurnId(body.turn_id) if body.turn_id else None
    kept = service.store.add_feedback(
        Feedback(conversation_id=id, rating=RATINGS[body.rating], at=service.clock(), comment=body.comment,
                 turn_id=turn, actor=actor)
    )  # fmt: skip
    return schemas.Accepted(id=str(kept.id))


@router.post(
    "/events", status_code=201, tags=["Feedback and events"], responses=failures(401, 404), dependencies=[StaffOnly]
)
def send_event(body: schemas.SendEvent, service: Shared) -> schemas.Accepted:
    """Tell what a customer did on the site. The same source and source_id again changes nothing. Staff token.

    Their profile is renewed within a second.
    """
    customer = known_customer(service, body.customer)
    at = body.at or service.clock()
    if at.tzinfo is None:
        raise UserError("'at' has no time zone.", hint="Write it as 2026-01-31T10:00:00Z.")
    event = Event(
        source=body.source,
        source_id=body.source_id,
        customer_id=customer.id,
        kind=body.kind,
        at=at.astimezone(UTC),
        product_id=ProductId(body.product_id) if body.product_id else None,
        value=None if body.value is None else Decimal(str(body.value)),
        attrs=body.attrs,
    )
    service.store.upsert([event])
    service.profiling.renew(customer.id)
    return schemas.Accepted(id=event.id)


@router.post("/explanations", tags=["Models"], responses=failures(400, 401, 404), dependencies=[StaffOnly])
def explain_prediction(body: schemas.ExplainText, service: Shared) -> schemas.ExplanationOut:
    """Which words of a text speak for its intent or sentiment, and which against. Nothing is kept. Staff token.

    A weight is what a word adds to the log-odds of the label against the most probable other one: 0.7 doubles the odds.
    """
    check_text(body.text, service.settings.agent.max_message_chars)
    explained = service.explainers.explain(body.task, body.text, label=body.label)
    return schemas.ExplanationOut(**explained.as_json())

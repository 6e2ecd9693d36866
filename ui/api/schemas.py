"""What goes in and out over HTTP, with examples for the reference. pydantic stops here: inside are dataclasses."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:-]+$")]


class Body(BaseModel):
    """A request body; a misspelt field is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


class OpenConversation(Body):
    identity_token: str | None = Field(
        None, max_length=4000, description="JWT (HS256) signed by the company's site; sub names the customer.",
        examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"],
    )  # fmt: skip
    channel: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")] = Field("web", examples=["web"])
    locale: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        "en", examples=["en"], description="BCP 47."
    )


class SendMessage(Body):
    text: str = Field(max_length=1_000_000, examples=["Where is my order?"])
    client_id: ClientId | None = Field(
        None, examples=["5b0c2d54"], description="Yours; sending it again gives the same answer, not a second one."
    )
    role: Literal["customer", "staff"] = Field("customer", description="staff needs the staff token.")


class Assign(Body):
    name: Name = Field(examples=["Anna"], description="The colleague who takes the conversation.")


class Actor(Body):
    name: Name | None = Field(None, examples=["Anna"], description="The colleague; for staff.")


class AskPerson(Body):
    reason: str = Field("", max_length=500, examples=["I would rather talk to a person."])


class SendFeedback(Body):
    conversation_id: str = Field(max_length=100)
    turn_id: str | None = Field(None, max_length=100, description="The reply that is judged; empty: the conversation.")
    rating: Literal["up", "down"] = Field(examples=["up"])
    comment: str = Field("", max_length=2000)


class AskSuggestion(Body):
    conversation_id: str = Field(max_length=100)


class JudgeSuggestion(Body):
    suggestion: int = Field(ge=1, le=2**63 - 1, examples=[1])
    outcome: Literal["accepted", "edited", "rejected"] = Field(
        examples=["edited"], description="Sent as it was, changed and then sent, or not sent."
    )
    sent: str | None = Field(None, max_length=1_000_000, description="What was sent; needed where it was edited.")
    name: Name | None = Field(None, examples=["Anna"], description="The colleague.")


def _judged(body: Any) -> str:
    """Which of the two bodies of feedback it is."""
    named = body.get("suggestion") if isinstance(body, dict) else getattr(body, "suggestion", None)
    return "reply" if named is None else "suggestion"


Judgement = Annotated[
    Annotated[SendFeedback, Tag("reply")] | Annotated[JudgeSuggestion, Tag("suggestion")], Discriminator(_judged)
]


class SendEvent(Body):
    source: Name = Field("web", examples=["web"])
    source_id: Name = Field(examples=["evt-1001"], description="Yours; the same one again changes nothing.")
    customer: Name = Field(examples=["mara.lindqvist@example.com"], description="Key, source id or e-mail.")
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = Field(examples=["add_to_cart"])
    at: datetime | None = Field(None, description="With its time zone; empty: now.")
    product_id: str | None = Field(None, max_length=200)
    value: float | None = Field(None, ge=0)
    attrs: dict[str, str | int | float | bool | None] = Field(default_factory=dict, max_length=50)


class ExplainText(Body):
    text: str = Field(max_length=1_000_000, examples=["I want my money back."])
    task: Literal["intent", "sentiment"] = Field("intent", examples=["intent"])
    label: str | None = Field(None, max_length=200, description="Label to explain; empty: the one predicted.")


class WordOut(BaseModel):
    word: str = Field(examples=["money"])
    start: int = Field(description="Its place in the text, in characters.", examples=[10])
    end: int = Field(examples=[15])
    weight: float = Field(description="What it adds to the log-odds of the label.", examples=[2.93])


class ExplanationOut(BaseModel):
    label: str = Field(examples=["refund_status"])
    probability: float = Field(examples=[0.87])
    against: str = Field(description="The most probable other label.", examples=["return_item"])
    words: list[WordOut] = Field(description="All words of the text, in order.")
    total: float = Field(description="What the words add together.", examples=[3.41])


class CitationOut(BaseModel):
    id: str
    title: str
    url: str | None = Field(description="The company's own page of it.")
    page: str | None = Field(description="Its page on this server.", examples=["/articles/sample:returns"])


class InternalOut(BaseModel):
    id: str
    title: str
    text: str = Field(description="For colleagues alone. Not for the customer.")


class SuggestionOut(BaseModel):
    id: int | None = Field(description="For feedback; null where there is nothing to suggest.")
    message_id: int = Field(description="The customer's message that it answers.")
    text: str = Field(description="Empty where neither records nor articles answer.")
    citations: list[CitationOut]
    internal: list[InternalOut] = Field(description="Passages for staff that bear on the question, best first.")
    profile: list[str] = Field(description="The customer's profile in words. For colleagues alone.")
    model: str | None = Field(examples=["starter"])


class MessageOut(BaseModel):
    id: int
    role: str
    text: str
    at: datetime
    citations: list[CitationOut] = []
    turn_id: str | None = None


class ConversationOut(BaseModel):
    id: str
    state: str
    identity: str
    colleague: str | None = Field(description="Who has taken the conversation, while a person has it.")
    messages: list[MessageOut]


class Opened(BaseModel):
    id: str
    token: str = Field(description="The secret of this conversation. Send it as: Authorization: Bearer TOKEN")
    state: str
    identity: str


class StateOut(BaseModel):
    id: str
    state: str


class Accepted(BaseModel):
    id: str
    accepted: bool = True


class TimelineEntry(BaseModel):
    at: datetime | None
    kind: str = Field(description="orders, tickets, conversations or events.", examples=["orders"])
    record: str = Field(examples=["sample:order-1001"])
    title: str = Field(examples=["L-1001"])
    status: str = Field(examples=["shipped"])


class Timeline(BaseModel):
    customer_id: str
    name: str
    entries: list[TimelineEntry]


class DriverOut(BaseModel):
    score: str = Field(examples=["churn_risk"])
    feature: str = Field(examples=["late_90"])
    push: float = Field(description="In log-odds; above 0 it raises the score.", examples=[0.62])
    words: str = Field(examples=["two parcels came late in the last 90 days"])


class ProfileOut(BaseModel):
    customer_id: str
    name: str
    as_of: datetime
    model: str = Field(examples=["profiles"])
    standing: Literal["new", "active", "lapsed"]
    segment: str | None
    churn_risk: float | None = Field(description="Chance that an active customer orders no more.", examples=[0.31])
    contact_risk: float | None = Field(description="Chance of a message soon.", examples=[0.12])
    value: float | None = Field(description="Money expected within a year.", examples=[420.5])
    next_purchase_days: float | None
    purchases: float | None = Field(description="Orders expected in the days that churn_risk is told for.")
    spending: float | None = Field(description="Money expected in those days.")
    next_products: list[str] = Field(description="Best first.")
    next_reasons: list[tuple[str, float]] = Field(description="What they would write about, best first, with shares.")
    drivers: list[DriverOut]
    embedding: list[float]
    words: list[str] = Field(description="The same in sentences, for colleagues.")


class ErrorDetail(BaseModel):
    code: str = Field(examples=["not_found"])
    message: str = Field(examples=["there is no conversation 'c-1'."])
    hint: str = Field(examples=["Open one with POST /v1/conversations."])


class Failure(BaseModel):
    """Every failure looks like this."""

    error: ErrorDetail


class Ready(BaseModel):
    ready: bool
    dependencies: dict[str, dict[str, Any]] = Field(
        examples=[{"database": {"ready": True}, "index": {"ready": True, "behind": 0}, "models": {"ready": True}}]
    )

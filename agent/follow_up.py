"""Complete what a customer leaves out because it was said before: "and the other one?", "it's W2611340", "when then?".

Works on words and the conversation's context only; which intent a full sentence has is not decided here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.context import Context
from agent.words import filler
from rapport.types import Entity

FollowUpKind = Literal["number", "identity", "ellipsis", "pointing", "bare", "answer"]

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_CORRECTS = re.compile(
    r"\b(?:i meant?|meant|sorry|wrong (?:order|number|one)|actually|oops|correction|typo|rather|instead)\b", re.I
)
# Takes back how the last question was understood, and says what was meant: "no, I mean if they are faulty".
_MEANT = re.compile(
    r"^\W*(?:(?:no|nope|sorry|oops|ah|oh|well|but|actually)\W+)*"
    r"(?:(?:i|what i) meant?|i was asking|i(?:['’]m| am) asking)\b(?: (?:is|was))?\W*(?:about\W+)?(?=\w)",
    re.IGNORECASE,
)
_OTHER_ORDER = re.compile(
    r"^\W*(?:(?:and|also|ok(?:ay)?|what about|how about|what of|same (?:question )?for|und|et|y|en)\W+)*"
    r"(?:(?:for|with|in|on)\s+)?(?:the|that|this|my|die|das)?\s*"
    r"(?P<which>(?:one|order) (?:before|after)(?: (?:that|this|it))?(?: one)?|(?:before|after) th(?:at|is)(?: one)?|"
    r"(?:other|second|first|third|last|next|newest|latest|oldest|previous|older|newer|andere|erste|zweite|letzte|1st|2nd|3rd)\s*"
    r"(?:one|ones|order|orders|parcel|package|item|bestellung)?)\W*$",
    re.IGNORECASE,
)
_THE_ONE = re.compile(
    r"^\W*(?:(?:and|or|ok|no|yes|what about|how about|i mean|i meant)\W+)*(?:(?:for|in|with)\s+)?(?:the|that|this|a)\s+"
    r"(?:[\w'’-]+\s+){1,3}(?:one|ones|version|model|size|colou?r|variant)\W*$"
    r"|^\W*(?:and\s+|what about\s+|how about\s+|or\s+)(?:in|for)\s+(?:an?\s+)?(?:size\s+)?[\w'’-]+(?:\s+[\w'’-]+)?\W*$",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"^\W*(?:(?:and|or|ok(?:ay)?|so|then)\W+)*(?:what|how)\s+about\s+[\w'’ -]{1,40}\W*$"
    r"|^\W*(?:(?:ok(?:ay)?|so)\W+)?and\s+(?:[\w'’-]+\s*){1,3}\?\W*$",
    re.IGNORECASE,
)
# Questions that name no thing: what they are about was said before.
_HOLLOW = re.compile(
    r"^\W*(?:(?:and|or|so|but|then|ok(?:ay)?)\W+)*(?:how (?:long|much|many|often|fast|soon|far|exactly)|how|when|"
    r"why|where|who|which|by when|until when|is|are|does|do|can|will|what)"
    r"(?:\W+(?:do|does|did|will|would|can|could|should|must|may|is|are|has|have|need|needed|take|takes|cost|costs|last|"
    r"i|you|we|they|it|that|this|to|for|get|be|work|works|free|possible|pay|wait|exactly|then|so|know|ask|apply|"
    r"what|long|much|happen|happens|now|next))*\W*$|^\W*now what\W*$",
    re.IGNORECASE,
)
_WHAT_NOW = re.compile(
    r"^\W*(?:(?:and|so|but|ok(?:ay)?)\W+)*"
    r"(?:what (?:now|next|(?:can|should|do|shall) (?:i|we) do(?: now)?)|now what)\W*$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^\W*(?:(?:and|or|so|then|ok(?:ay)?)\W+)*(?:(?:what|how)\s+about|and)\s+(?:(?:for|to|in|with|the|an?|my|your)\s+)*",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:it|that|this|they|them|those|these|that one|this one|there|then|es|er|sie|lo|ça|het)\b", re.IGNORECASE
)
_IT = re.compile(r"\b(?:it|they|them)\b", re.IGNORECASE)
_ORDINALS = {
    "first": 0, "1st": 0, "newest": 0, "latest": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2,
    "last": -1, "oldest": -1, "erste": 0, "zweite": 1, "letzte": -1,
}  # fmt: skip
SHORT = 12  # words; a longer message says itself what it is about


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How a message continues what was said.

    kind: number (just an order number), identity (just an e-mail, postcode or phone), ellipsis (no verb of its own),
    pointing (a full question with "it" in it), bare ("what about black?": its words mean little without the question
    before), answer (of words to something that we asked).
    intent: the intent it continues, or None where its own words decide. query: the completed search text.
    own: of a bare one its own words, "returns" of "what about returns?"; they are the query where they say enough.
    before: the intent of what was said before.
    entities: values that it stands for beyond those in its words.
    """

    kind: FollowUpKind
    intent: str | None
    query: str
    entities: tuple[Entity, ...] = ()
    own: str = ""
    before: str | None = None


def follow_up(text: str, entities: Sequence[Entity], context: Context) -> FollowUp | None:
    """How the message continues the conversation, or None where it stands by itself."""
    words = _own_words(text, entities)
    kinds = {entity.kind for entity in entities}
    rest = [word for word in words if word not in filler()]
    intent, query = _thread(context)
    if "order_number" in kinds and (not rest or _is_correction(text, rest)):
        return FollowUp("number", intent or "order_status", _joined(query, text))
    if kinds & {"email", "postcode", "phone"} and not rest and "order_number" not in kinds:
        return FollowUp("identity", "verify_me", text)
    if intent is not None and query and _WHAT_NOW.match(text):
        return FollowUp("ellipsis", intent, query)
    own = bare_words(text) or _meant(text)
    if intent is None:
        return FollowUp("bare", None, own, own=own) if own else None
    if match := _OTHER_ORDER.match(text):
        return FollowUp("ellipsis", intent, _joined(query, text), _pointed(match, context))
    if _THE_ONE.match(text):
        return FollowUp("ellipsis", intent, _joined(query, text))
    if own:
        return FollowUp("bare", None, _joined(query, _meant(text) or text), own=own)
    if len(_WORD.findall(text)) > 1 and _HOLLOW.match(text):
        return FollowUp("pointing", None, _joined(query, text), before=intent)
    if len(_WORD.findall(text)) <= SHORT and _POINTS.search(text):
        return FollowUp("pointing", None, _joined(query, text), before=intent)
    return None


def bare_words(text: str) -> str:
    """What a bare follow-up names: "Spain?" of "and what about Spain?"; "" for any other text."""
    named = not (_THE_ONE.match(text) or _OTHER_ORDER.match(text) or _HOLLOW.match(text) or _IT.search(text))
    bare = named and _BARE.match(text)
    return _ABOUT.sub("", text).strip() if bare else ""


def _meant(text: str) -> str:
    """What a correction says was meant: "if they are faulty" of "no, I mean if they are faulty"; else ""."""
    return text[match.end() :].strip() if (match := _MEANT.match(text)) else ""


def _own_words(text: str, entities: Sequence[Entity]) -> list[str]:
    """The message's words in small letters without those inside a value."""
    return [
        word[0].casefold().replace("’", "'")
        for word in _WORD.finditer(text)
        if not any(entity.start < word.end() and word.start() < entity.end for entity in entities)
    ]


def only_values(text: str, entities: Sequence[Entity]) -> bool:
    """Whether the text holds a value and, around it, nothing that says what is wanted: "order W2611340, thanks"."""
    return bool(entities) and all(word in filler() for word in _own_words(text, entities))


def _is_correction(text: str, rest: Sequence[str]) -> bool:
    return bool(_CORRECTS.search(text)) and len(rest) <= 3


def _thread(context: Context) -> tuple[str | None, str]:
    """Intent and words of what is under discussion: what waits for the customer's answer, else the last question."""
    if (
        context.pending
        and context.pending.kind in ("order_number", "which_order", "product")
        and context.pending.wanted
    ):
        wanted = context.pending.wanted[0]
        return wanted.intent, wanted.text
    return context.intent, context.query or ""


def _joined(query: str, text: str) -> str:
    # a chain of follow-ups must not grow without end; the newest words count most
    return f"{query[-300:]} {text}".strip() if query and text not in query else (query or text)


def _pointed(match: re.Match[str], context: Context) -> tuple[Entity, ...]:
    """The order that "the other one" stands for, where the last reply's list leaves one choice."""
    which = match["which"].split()[0].casefold()
    number: str | None = None
    if which in ("other", "andere"):
        others = [order for order in context.orders if order != context.order]
        number = others[0] if len(others) == 1 and len(context.orders) > 1 else None
    elif which in _ORDINALS and context.orders:
        place = _ORDINALS[which]
        number = context.orders[place] if place < len(context.orders) else None
    if number is None:
        return ()
    start, end = match.span("which")
    return (Entity(kind="order_number", text=match.string[start:end], value=number, start=start, end=end),)


def completed(follow: FollowUp | None) -> tuple[str, ...]:
    """The texts in which a follow-up is read too: completed by what went before, and by itself."""
    if follow is None:
        return ()
    return (follow.query, follow.own) if follow.own else (follow.query,)

"""Tell anger and courts that a message mentions in passing from those that are meant for us. Pure functions of words.

Asked only about messages that clearly ask for something of a named order. The patterns of legal matters are bounds.
"""

import re

from agent.bounds import crosses
from agent.sentences import split
from rapport.escalation import REASONS
from rapport.signals import says
from rapport.types import Understanding

_US = re.compile(
    r"\b(?:you|your|yours|you['’]\w+|u|ur|(?:this|the|such an?) (?:shop|store|company|website|service)|"
    r"(?:customer|worst) (?:service|support|care))\b",
    re.IGNORECASE,
)
_CARRIERS = re.compile(
    r"\b(?:couriers?|drivers?|post(?:man|woman|office)|post office|mailman|royal mail|"
    r"deliver(?:y|ing) (?:man|guy|people|company|firm|service)|that lot|"
    r"those (?:people|guys)|dhl|ups|dpd|gls|hermes|evri|yodel|fedex)\b",
    re.IGNORECASE,
)
_AT_OTHERS = re.compile(
    r"\b(?:angry|mad|livid|furious|fuming|fed up|disgusted|cross|outraged) (?:with|at) (?:myself\b|[A-Z][a-z]+|"
    r"(?:my|our|his|her) (?!(?:orders?|parcels?|packages?|deliver\w+|purchases?|refunds?|returns?|experience)\b))"
)


def told_in_passing(said: Understanding) -> bool:
    """Whether a message seems to be for a person, and its words show no reason that concerns us."""
    texts = [ask.text for ask in said.asks]
    if said.escalate_reason == REASONS["repeated"]:
        return not any(says(text, "again") for text in texts)
    if said.escalate_reason == REASONS["anger"]:
        return not any(_angry_at_us(sentence) for text in texts for sentence in split(text))
    if said.escalate_reason == REASONS["legal"]:
        whole = " ".join(texts)
        return crosses(whole, "other_matter") and not any(crosses(whole, id) for id in ("steps", "law"))
    return False


def _angry_at_us(sentence: str) -> bool:
    """Whether a sentence is angry, and neither a mood alone ("I am angry, I am tired") nor about somebody else."""
    shown, accuses = says(sentence, "anger"), says(sentence, "accuses")
    if _US.search(sentence):
        return shown or accuses
    others = _CARRIERS.search(sentence) or _AT_OTHERS.search(sentence) or says(sentence, "others")
    return shown and not others

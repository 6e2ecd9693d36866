"""Tell by the words of a message what it has to do with another trade, where the classifiers read it as for a shop.

To them "can I speak at your party?" and "can the nurse call me?" are like "can I speak to someone?". Decides nothing.
"""

import re

from rapport.elsewhere import names_other_trade
from rapport.signals import says

# Who may be named as a threat to the company itself.
_LAW = re.compile(
    r"\b(?:lawyers?|solicitors?|attorneys?|barristers?|courts?|police|council|notary|insurers?|insurance company|"
    r"consumer \w+|newspapers?|TV)\b",
    re.IGNORECASE,
)
_SEEKS_LAW = re.compile(
    r"\b(?:appointment with|recommend|advice (?:from|of)|find|need|looking for|cost of|does) (?:me |us )?an? "
    r"(?:\w+ ){0,2}(?:lawyer|solicitor|attorney|barrister|notary)\b",
    re.IGNORECASE,
)
# Those who were hurt name who looked after them, and where.
_CARE = re.compile(
    r"\b(?:doctors?|hospital|surgeon|clinic|nurse|vet|surgery|dermatologist|GP|dentist)\b", re.IGNORECASE
)
_PERFORMS = re.compile(
    r"\b(?:(?:speak|sing|talk|perform|dance|lecture)|(?:play|present|give|hold|show) (?:a|some|our|my|the) \w+|play) "
    r"(?:at|in front of)\b",
    re.IGNORECASE,
)
_FOR_A_JOB = re.compile(
    r"\b(?:somebody|someone|(?:a|any) (?:person|man|woman)|people) (?:who|that) (?!(?:is|are|can|could|will|would|"
    r"knows?|understands?|works?|speaks?|has|answers?|helps?|decides?|listens?|thinks?|reads?|actually|really)\b)\w+s? "
    r"(?:my|our|the|at|in)\b",
    re.IGNORECASE,
)
_EXPLAIN = re.compile(
    r"^\W*(?:(?:please|hi|hello|hey|so|and|ok(?:ay)?)\W+)*(?:can|could|would|will) (?:you|u) (?:please )?"
    r"(?:explain|describe|define|tell me (?:about|what|how|why)|show me how)\b",
    re.IGNORECASE,
)
_SOMEBODY = ("person", "staff", "bot", "no_person")
# "a phone call with one of you" is about no appliance
_CALLED = re.compile(
    r"\b(?:tele)?phone[- ](?:call|number|line)s?\b|\b(?:by|on the|over the) (?:tele)?phone\b", re.IGNORECASE
)
_SUBSCRIBED = re.compile(
    r"\b(?:stop|paus\w+|cancel\w*|deliver\w*|subscri\w*|missing|late)\b[^.?!\n]{0,20}\bnewspapers?\b", re.IGNORECASE
)
_LEGAL_STEP = re.compile(
    r"\b(?:lawyers?|solicitors?|attorneys?|barristers?|legal\w*|courts?|judges?|police|su(?:e|ed|ing)|ombuds\w+|"
    r"tribunal|charge ?back|fraud\w*|theft|authorit\w+|watchdog|consumer|lawsuit|arbitration|charges|summon\w*|"
    r"illegal|report\w*|disput\w+|trading standards|newspapers?|press|media|journalists?)\b",
    re.IGNORECASE,
)


def concerns_other_trade(text: str) -> bool:
    """Whether something of another trade is named, and not only those who take a customer's side or care for one."""
    return bool(_SEEKS_LAW.search(text)) or names_other_trade(_CARE.sub(" ", _LAW.sub(" ", text)))


def wants_other_person(text: str) -> bool:
    """Whether who is wanted, or what for, belongs to another trade: a nurse, a stage, somebody who walks the dog."""
    return names_other_trade(_CALLED.sub(" ", text)) or bool(_PERFORMS.search(text) or _FOR_A_JOB.search(text))


def wants_explanation(text: str) -> bool:
    """Whether the agent itself is to explain something, and nobody else is spoken of."""
    return bool(_EXPLAIN.search(text)) and not any(says(text, sign) for sign in _SOMEBODY)


def takes_legal_steps(text: str) -> bool:
    """Whether a legal step itself is named, not only what one is often about, such as a fine or compensation."""
    return bool(_LEGAL_STEP.search(_SUBSCRIBED.sub(" ", text)))

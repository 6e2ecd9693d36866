"""The form of what a customer writes: a question, a request to do something, a report of what happened. Words only."""

import re

# Where a sentence or a part of one may begin.
_START = r"(?:^|[.,;:!?\n]\s*)\W*(?:(?:and|so|also|but|then|hi|hello|hey|ok(?:ay)?|sorry|excuse me)\W+)*"
_QUESTION = re.compile(
    _START + r"(?:how|what(?:['’]s)?|which|who(?:se|['’]s)?|when|where|why|is|are|was|were|am|do|does|did|"
    r"may|might|must|should|has|have (?:you|i|we)|(?:can|could|will|would)(?! you\b)|is it possible)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\b(?:please|"
    r"(?:can|could|would|will) you(?=.*\b(?:my|me|it|this|that|the|them|these|order|us)\b)|"
    r"(?:i|we)(?:['’]d| would) (?:like|love|prefer)|"
    r"(?:i|we) (?:want|need|wish)|help me|let me)\b|"
    + _START
    + r"(?:cancel|change|return|exchange|swap|refund|replace|send|update|add|remove|delete|modify|edit|correct|stop)"
    r"\s+(?:my|the|this|that|it|these|those|them|our|order|all|a|an|one|me)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\W*(?:(?:and|but|so|well|now) )?(?:i|we|you|he|she|they|it|my|our|your|the|there)\b", re.IGNORECASE
)
_WISH = re.compile(
    r"\b(?:need|want|wish|require|like|love|wonder\w*|ask\w*|know|tell|told|give|send|look\w*|find|see|check|missing|"
    r"must|should|have to|please|curious|sure|interest\w*|remember|recall|forg[oe]t\w*|lost|unclear)\b",
    re.IGNORECASE,
)
_OWN_CASE = re.compile(
    r"\b(?:my|mine|me|i|i['’](?:m|ve|d)|our|we|us|you (?:sent|gave|shipped|delivered|promised))\b", re.IGNORECASE
)
# Asks how things stand with one's own order now, which no article can say.
_STATE = re.compile(
    r"\bwhere(?:['’]s| is| are)\b|\bwhen (?:will|is|are|do(?:es)? (?:i|my|it|the (?:parcel|package|order)))\b|"
    r"\b(?:has|have|did|is|are|was) (?:you |it |my |the )?(?:\w+ )?"
    r"(?:shipped|sent|dispatched|arriv\w+|paid|refunded|on its way)\b|"
    r"\bstatus\b|\b(?:is|are|has) my\b|\bhow much (?:is|was|did)\b",
    re.IGNORECASE,
)


# Asks for an order to be stopped, changed or taken back, in words that no question about its way uses.
_ORDER_CHANGE = re.compile(
    r"\b(?:cancel|annul|void|revoke|abort|undo|scrap|"
    r"recall|bin|ditch|rescind|reverse|repay|withdraw|halt|stop|call (?:off|back)|pull (?:out|back)|drop|kill|"
    r"delete|erase|forget|get rid of|scratch|retract|intercept|"
    r"return to sender|amend|modify|alter|edit|correct|swap|switch|exchange|replace|redirect|reroute|"
    r"divert|double|remove|add|include|reimburse|refund|return|reduce|increase|upgrade)\b"
    r"(?!\?|s\b| (?:policy|label|status|period))|"
    r"\btake\b.{0,60}\b(?:back|out|off)\b|\bsend\b.{0,60}\b(?:back|instead)\b|\bback out of\b|"
    r"\b(?:do not|don['’]?t|must(?: not|n['’]?t)|should(?: not|n['’]?t)|not|no longer|never) (?:\w+ ){0,2}"
    r"(?:want|need|require|deliver|ship|send|dispatch|receive|be (?:sent|shipped|delivered|dispatched)|"
    r"needed|wanted|required)\b|"
    r"\b(?:get|have|want|need)\b.{0,30}\b(?:cancel+ed|stopped|halted|voided|reversed|withdrawn|changed|redirected)\b|"
    r"\bturn\b.{0,30}\b(?:around|back)\b|\b(?:pay|paid)\b.{0,30}\b(?:instead|and not|rather|after all)\b|"
    r"\b(?:ship|send|deliver)\w*\b.{0,40}\b(?:and not|not|rather than)\b|\bchange\b(?! of)|"
    r"\b(?:ordered|bought|placed|made|was|is)\b.{0,30}\b(?:by (?:mistake|accident)|accidentally|a mistake)\b|"
    r"\b(?:changed (?:my|our) minds?|decided against|money back|pay (?:me back|back|out)|cheaper)\b|"
    r"\bnew (?:destination|address|recipient) (?:for|on|of)\b|\b(?:in|to) (?:size )?[\w-]+ instead\b|\binstead of\b|"
    r"\b(?:ship|send|deliver|bring)\b.{0,40}"
    r"\b(?:to (?:my|our|a|an|the|another)|instead|elsewhere|somewhere else|different)\b|"
    r"\b(?:set|put|mark|turn)\b.{0,40}\b(?:to|in|into|on|as)\b|"
    r"\bmake\b.{0,40}\b(?:express|size|bigger|smaller|arrive|come|[smlx]{1,4})\b|"
    r"\b(?:can|could|should|may|must|let)\b(?! you\b).{0,40}\b(?:come|arrive|be here|be delivered)\b.{0,30}"
    r"\b(?:later|earlier|sooner)\b|"
    r"\b(?:postpone|delay|put off|push back|bring forward|(?:hold|held) back|hold on to|reschedule)\b|"
    r"\bpay me\b.{0,30}\bback\b|\bget my money\b|\bpull\b.{0,20}\boff\b|\bmake it an? (?:small|medium|large)\b|"
    r"\b(?:wrong|new|different|another|incorrect) (?:\w+ )?"
    r"(?:address|post ?code|house number|street|size|colou?r|quantity|name)\b|"
    r"\b(?:should|must|needs? to|has to|ought to) (?:go|be (?:sent|delivered|shipped|changed|stopped|taken))\b|"
    r"\b(?:go|goes|come|collect\w*|pick\w*)\b.{0,40}\binstead\b|\blet\b.{0,30}\b(?:receive|collect|accept|pick)\b|"
    r"\b(?:apply|use|redeem)\b.{0,30}\b(?:code|voucher|coupon|points)\b|\bapply [a-z]+\d+\b|"
    r"\bknock\b.{0,20}\boff\b|\bdiscount\b|"
    r"\b(?:the|an?) (?:[\w-]+ ){1,2}(?:and )?not (?:the|an?) \w|"
    r"\bcan (?:it|they|this|that|those|these) be (?:the|an?|in) \w|"
    r"\b(?:pick|choose|find|use|take) (?:me )?(?:another|a different)\b|\bblock\b|\bgive\b.{0,20}\bback\b|"
    r"\bin (?:size )?[\w-]+,? not [\w-]+|\bhold\b.{0,30}\b(?:un)?til+\b|\b(?:need|want)\b.{0,20}\bsent\b|"
    r"\b(?:can|could|would) (?:you|we) make it (?:on )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|next)\b|"
    r"\bcan\b.{0,20}\bgo to (?:the|a|my)\b|"
    r"\b(?:typo|mistake|error)\b.{0,20}\b(?:street|address|name|post ?code|size)\b|\btake (?:it|them|these|those)\b",
    re.IGNORECASE,
)
# Asks for other words on an invoice, not for the invoice.
_ON_IT = r"(?:name|company|firm|vat|tax (?:number|id)|billing|address|llc|ltd|inc|reference|po number|details)\b"
_INVOICE_CHANGE = re.compile(
    r"\b(?:chang\w*|correct\w*|fix|amend\w*|alter\w*|updat\w*|edit\w*|replac\w*|put|add(?:ed)?|enter|re-?issu\w*|redo\w*|"
    r"(?:made?|make (?:it|the invoice)|issued?) out)\b.{0,40}\b" + _ON_IT + r"|"
    r"\b(?:needs?|wrong|missing|forgot) (?:(?:my|our|a|the|to|right|correct|company|firm['’]?s|billing) ){0,3}"
    + _ON_IT
    + r"|"
    r"\b" + _ON_IT + r".{0,30}\b(?:is|are) (?:wrong|missing|not on)\b",
    re.IGNORECASE,
)
_INVOICE = re.compile(r"\binvoices?\b", re.IGNORECASE)
_TOPIC = re.compile(r"^\W*what(?: is|['’]s| are) (?:the|your)\b", re.IGNORECASE)
_WHAT_TO_DO = re.compile(
    r"\bwhat (?:now|next|then|(?:can|should|do|must|shall) (?:i|we) do|are my options)\b|\bnow what\b", re.IGNORECASE
)


def asks_what_to_do(text: str) -> bool:
    """Whether the text asks for the way on: "what now?"."""
    return bool(_WHAT_TO_DO.search(text))


def names_topic(text: str) -> bool:
    """Whether the text names what it is about and asks nothing of it: "returns", "what is your return policy?"."""
    return not asks_question(text) or bool(_TOPIC.match(text))


def wants_order_changed(text: str) -> bool:
    """Whether a text that names an order asks for something to be done to it, and not how it stands."""
    return bool(_ORDER_CHANGE.search(text)) and not _STATE.search(text)


def wants_invoice_corrected(text: str) -> bool:
    """Whether the text asks for something on an invoice to be put right: "my company's name is missing on it"."""
    return bool(_INVOICE.search(text) and _INVOICE_CHANGE.search(text)) and not _STATE.search(text)


def only_tells(text: str) -> bool:
    """Whether a part of the text tells something and neither asks nor wishes: "I had the invoice, all is lovely"."""
    return bool(_TELLS.match(text)) and not asks_question(text) and not _WISH.search(text)


def asks_question(text: str) -> bool:
    """Whether a part of the text is a question; "can you cancel it?" is a request and none."""
    return bool(_QUESTION.search(text))


def requests_change(text: str) -> bool:
    """Whether the text asks for something to be done."""
    return bool(_REQUEST.search(text))


def concerns_own_case(text: str) -> bool:
    """Whether the text speaks of the customer's own case: "my parcel", "you sent the wrong one"."""
    return bool(_OWN_CASE.search(text))


def in_general(text: str) -> bool:
    """Whether the text asks how something goes, and not how one's own order stands now."""
    return asks_question(text) and not _STATE.search(text)

"""Cut greetings and signatures off a staff member's reply, so that what is learnt is what it says."""

import re
from collections.abc import Iterable

_GREETING = re.compile(
    r"^\s*(?:hi(?: there)?|hello(?: there)?|hey(?: there)?|dear|good (?:morning|afternoon|evening|day)|greetings|howdy|"
    r"g'day|hallo|guten (?:tag|morgen|abend)|liebe[r]?|sehr geehrte[r]?|bonjour|cher|chère|beste|geachte)\b"
    r"(?:\s+(?:mr|mrs|ms|dr|herr|frau)\.)?"
    r"(?P<rest>[^,.!?:;\n–—]{0,48})(?:[,.!:;–—]+|\n|$)\s*",
    re.IGNORECASE,
)
# "Karim, I checked …", "My dear Karim,", and what greets in other languages, where the name is known
_OPENING = re.compile(r"^\s*(?:[^\W\d_]+\.?\s+){0,3}(?P<name>[^\W\d_]+)\s*(?:[,!:–—-]\s+|[,!:–—-]?\s*\n\s*)")
_CLOSING = re.compile(
    r"(?:^|(?<=[.!?…\n]))\s*(?:(?:with )?(?:kind|best|warm|warmest|many|friendly)(?:est)? (?:regards|wishes)|regards|"
    r"best|cheers|sincerely|yours(?: sincerely| truly| faithfully)?|all the best|take care|thanks(?: again)?|"
    r"many thanks|"
    r"(?:viele|liebe|beste|herzliche|schöne)n? grüße|mit freundlichen grüßen|cordialement|met vriendelijke groet)"
    r"\s*(?:[,.!–—-]|\n|$)(?P<rest>[^.!?]{0,60})[.!]?\s*$",
    re.IGNORECASE,
)
_DASHES = re.compile(r"[\s–—-]+$")
_SENT_FROM = re.compile(r"\n\s*(?:--\s*\n|sent from my ).*$", re.IGNORECASE | re.DOTALL)


def body_of(text: str, names: Iterable[str] = ()) -> str:
    """The reply without its greeting and its signature. names: of the customer and the staff; each word counts."""
    words = {word.casefold() for name in names for word in name.split()}
    text = _SENT_FROM.sub("", text.strip())
    greeting = _GREETING.match(text)
    if greeting and len(greeting["rest"].split()) <= 4:
        text = text[greeting.end() :]
    elif (first := _OPENING.match(text)) and first["name"].casefold() in words:
        text = text[first.end() :]
    text = _unsigned(text.strip(), words)
    # "Good news, Karim: …" says the same without the name
    text = re.sub(
        r",?\s+([^\W\d_][\w-]+)(?=\s*[,.!?:;])", lambda match: "" if _called(match, words) else match[0], text
    )
    return text[:1].upper() + text[1:]


def _called(match: re.Match[str], words: set[str]) -> bool:
    """Whether a word behind a comma, or before one, is the name of who is spoken to."""
    return match[1].casefold() in words and match[1][0].isupper() and match[0].startswith(",")


def _unsigned(text: str, words: set[str]) -> str:
    while True:
        before = text
        text = _CLOSING.sub("", text).rstrip()
        text = _without_name(text, words)
        text = _DASHES.sub("", text).rstrip()
        if text == before:
            return text


def _without_name(text: str, words: set[str]) -> str:
    """Without a last line or sentence that is a name alone, or a few words and a name: "Fijne dag, Noor"."""
    last = re.search(r"(?:^|[\n.!?…–—-])\s*([^\n.!?…–—]{2,40})[.!]?\s*$", text)
    if last is None:
        return text
    said, _, signed = last[1].rpartition(",")
    if all(word.casefold() in words for word in signed.split()) and len(said.split()) <= 4:
        return text[: last.start(1)].rstrip()
    return text

"""Cut a reply into sentences while it is still being written. What a sentence says is not known here."""

import re

from agent.clauses import sentence_spans

ITEM = r"(?:[-*•–]|\d{1,2}[.)])"  # what a list item begins with
_MARKS = re.compile(r"(?:\s*\[\d{1,2}\])*")
_MAY_BE_MARK = re.compile(r"\s*(?:\[\d{0,2})?")
_LEADS_ON = re.compile(rf".*:|(?:.*\s)?{ITEM}")
_END = re.compile(r"[.!?…:]|\n")


class Sentences:
    """The sentences of a text that comes piece by piece; joined, with the rest, they are the text again.

    A mark of a source ("[1]") belongs to the sentence before it, what ends in a colon to what it announces, and what
    ends in "5." to what follows: it may be the number of a list item or a day ("5. March"). Each sentence has the space
    before it; the last one is known as such only when the text ends.
    """

    def __init__(self) -> None:
        self._text = ""

    def add(self, piece: str) -> list[str]:
        """The sentences that this piece has shown to be whole."""
        self._text += piece
        if not _END.search(self._text):
            return []
        found, start = [], 0
        for begins, end in sentence_spans(self._text)[:-1]:
            if end <= start or _LEADS_ON.fullmatch(self._text, begins, end):
                continue
            end = _after_marks(self._text, end)
            if _MAY_BE_MARK.fullmatch(self._text, end):
                break  # the next piece may go on with this sentence's mark
            found.append(self._text[start:end])
            start = end
        self._text = self._text[start:]
        return found

    def rest(self) -> str:
        """What is left when no more pieces come, without the space after it."""
        rest, self._text = self._text.rstrip(), ""
        return rest


def split(text: str) -> list[str]:
    """The sentences of a whole text, each with the space before it."""
    sentences = Sentences()
    return [*sentences.add(text), *filter(None, [sentences.rest()])]


def joined(before: str, after: str) -> str:
    """Two parts of one reply, with what stands between them: a list or several lines begin on a line of their own."""
    after = after.strip()
    if not before or not after:
        return before + after
    ends_in_item, is_item = _is_item(before[before.rfind("\n") + 1 :]), _is_item(after)
    if ends_in_item and is_item:
        return f"{before}\n{after}"
    apart = ends_in_item or is_item or "\n" in after
    return f"{before}\n\n{after}" if apart else f"{before} {after}"


def _is_item(text: str) -> bool:
    return re.match(rf"\s*{ITEM}\s", text) is not None


def _after_marks(text: str, end: int) -> int:
    marks = _MARKS.match(text, end)
    return marks.end() if marks else end

"""Collect the words of a shop's customers, once, from the messages that the shipped heads are fitted on.

`python -m finetune.shop_words` makes the file anew that `agent.strange_words` reads.
"""

from collections import Counter
from pathlib import Path

from finetune.common_texts import common_rows
from finetune.elsewhere import INSIDE, OUTSIDE, UTTERANCES, family_rows, written_lines
from finetune.examples import intent_rows, representative
from rapport.elsewhere import SHOP_WORDS
from rapport.heads import OOS
from rapport.sample import build_sample
from retrieval.terms import analyzer

# Of the messages that people might write, whose customers tell of weddings and dogs as well: in how many of them a word
# stands at least, and how much oftener than in those to other companies.
OFTEN, OFTENER = 2, 1.5


def shop_words() -> list[str]:
    """The stems of the words in messages to a shop, sorted."""
    splits = intent_rows(representative(build_sample().examples, train=UTTERANCES), more=common_rows())
    texts = [row.text for row in splits.train if row.label != OOS]
    texts += [row.text for row in family_rows() if row.label.startswith(INSIDE)]
    return sorted({term for text in texts for term in analyzer().words(text)} | written_words())


def written_words() -> set[str]:
    """The stems that the shop's customers write often, and oftener than those of others."""
    counts: dict[str, Counter[str]] = {INSIDE: Counter(), OUTSIDE: Counter()}
    for side, line in written_lines():
        counts[side].update(set(analyzer().words(line)))
    own, others = counts[INSIDE], counts[OUTSIDE]
    return {word for word, times in own.items() if times >= max(OFTEN, OFTENER * others[word])}


def make(target: Path = SHOP_WORDS) -> int:
    """Write the file. Returns how many words it has."""
    found = shop_words()
    target.write_text("\n".join(found) + "\n", encoding="utf-8")
    return len(found)


if __name__ == "__main__":
    print(make())

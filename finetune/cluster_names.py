"""Name groups of texts by the words that set each apart. Knows nothing of how the groups were found.

A word counts by the share of a group's texts that hold it, times how rare it is over all groups (class-based TF-IDF).
Source: Grootendorst, BERTopic: Neural topic modeling with a class-based TF-IDF procedure, 2022.
"""

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from rapport.text import mask

READ = 1_000  # texts of a group that its words are counted in
SHARE = 0.1  # of a group's texts must hold a word that names it
KEYWORDS = 6
# What people write whatever they want; scikit-learn's list of stop words lacks it.
FILLERS = frozenset(
    re.findall(
        r"\w+",
        "hello hey dear morning evening regards best kind team thank thanks pls just like want wanted need know tell "
        "help question really getting make makes making use using way thing things going good able think said say says "
        "did does doing got let yes link",
    )
)


@dataclass(frozen=True, slots=True)
class Naming:
    """What a group is called, such as `card_arrived`, and the words that set it apart, the most telling first."""

    name: str
    keywords: tuple[str, ...]


def name_groups(groups: Sequence[Sequence[str]]) -> list[Naming]:
    """A name of one or two words for each group of texts; no two groups get the same.

    A group without a word of its own is called `group` with its number. Texts are read without their placeholders.
    """
    read = [[_words(text) for text in _some(texts)] for texts in groups]
    counts = [Counter(term for words in texts for term in _terms(words)) for texts in read]
    total = sum(counts, Counter[str]())
    average = total.total() / max(len(groups), 1)
    taken: set[str] = set()
    named = []
    for number, (texts, held) in enumerate(zip(read, counts, strict=True), start=1):
        frequent = {term: count for term, count in held.items() if count >= max(2, SHARE * len(texts))}
        scores = {
            term: count / len(texts) * math.log(1 + average / total[term]) for term, count in (frequent or held).items()
        }
        ranked = sorted(scores, key=lambda term: (-scores[term], term))
        name = next((one for one in _candidates(ranked, texts, scores) if one not in taken), "")
        name = name or _numbered(_candidates(ranked, texts, scores)[:1], taken, number)
        taken.add(name)
        named.append(Naming(name, tuple(ranked[:KEYWORDS])))
    return named


def _candidates(ranked: Sequence[str], texts: Sequence[Sequence[str | None]], scores: dict[str, float]) -> list[str]:
    """Names of two words, the best first: the most telling word with the one that stands beside it most often."""
    singles = [term for term in ranked if " " not in term]
    if not singles:
        return []
    first, names = singles[0], []
    beside = Counter(
        word for words in texts if first in words for word in {one for one in words if one and one in scores}
    )
    worth = {word: count / len(texts) * scores[word] ** 0.5 for word, count in beside.items()}
    for word in sorted(worth, key=lambda word: (-worth[word], word)):
        if _stem(word) != _stem(first):
            names.append("_".join(sorted((first, word), key=lambda one: _mean_place(one, texts))))
    return [*names, first]


def _mean_place(word: str, texts: Sequence[Sequence[str | None]]) -> tuple[float, str]:
    places = [words.index(word) / len(words) for words in texts if word in words]
    return sum(places) / len(places), word


def _numbered(names: Sequence[str], taken: set[str], number: int) -> str:
    if not names:
        return f"group_{number}"
    tries = (f"{names[0]}_{again}" for again in range(2, len(taken) + 3))
    return next(one for one in tries if one not in taken)


def _some(texts: Sequence[str]) -> Sequence[str]:
    return texts if len(texts) <= READ else Random(0).sample(list(texts), READ)


def _words(text: str) -> list[str | None]:
    """The words in small letters, None where one tells nothing."""
    plain = mask(text).lower().replace("’", "'")
    return [None if _tells_nothing(word) else word for word in _tokenizer().tokenize(plain)]


def _terms(words: Sequence[str | None]) -> set[str]:
    from nltk.util import bigrams

    return {word for word in words if word} | {f"{one} {other}" for one, other in bigrams(words) if one and other}


def _tells_nothing(word: str) -> bool:
    """Whether a word is a number, a placeholder, a contraction ("can't") or one that says nothing of what is wanted."""
    return len(word) < 3 or not word.isalpha() or word in FILLERS or word in _stop_words()


@functools.cache
def _tokenizer() -> Any:
    from nltk.tokenize import RegexpTokenizer

    return RegexpTokenizer(r"#?\w+(?:['@.]\w+)*")


@functools.cache
def _stop_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)


@functools.cache
def _stem(word: str) -> str:
    from nltk.stem.snowball import SnowballStemmer

    stem: str = SnowballStemmer("english").stem(word)
    return stem

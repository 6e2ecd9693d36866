"""Find names in an English reply that no evidence has: of people, companies, brands, places.

A name is a word with a capital letter that neither begins a sentence nor stands in the evidence, in the conversation or
among the words that our own prompts use.
"""

import re
import tomllib
from collections.abc import Iterator, Set
from functools import cache

from agent.catalogue import words_of
from agent.values import EMAIL, LINK
from agent.words import word_lists
from prompts.render import FOLDER, page, rules

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_STARTS = re.compile(r"(?:^|[.!?:;…\n|•*»“\"„(\[–—-]|\]\s)\s*$")
_CODED = re.compile(r"[\w'’-]*\d[\w'’-]*|[A-Z]+\d")  # part of a number, which is a value
_OWNS = re.compile(r"['’]s$")


def unknown_names(text: str, known: Set[str]) -> list[str]:
    """The names in a text as "name Ada Berg". known: words in small letters that may be said."""
    return sorted({f"name {' '.join(words)}" for words in _names(LINK.sub(" ", EMAIL.sub(" ", text)), known)})


def _names(text: str, known: Set[str]) -> Iterator[list[str]]:
    """Runs of capitalised unknown words; one that begins a sentence counts where another follows."""
    run: list[str] = []
    end, opened = -1, False
    for match in _TOKEN.finditer(text):
        joined = run and text[end : match.start()] == " "
        if run and not joined:
            yield from [run] if len(run) > 1 or not opened else []
            run = []
        if _strange(match, text, known):
            if not run:
                opened = bool(_STARTS.search(text, 0, match.start()))
                opened = opened and not _OWNS.search(match[0])
            run.append(match[0])
        elif run:
            yield from [run] if len(run) > 1 or not opened else []
            run = []
        end = match.end()
    if run and (len(run) > 1 or not opened):
        yield run


def _strange(match: re.Match[str], text: str, known: Set[str]) -> bool:
    word = match[0]
    if not word[0].isupper() or len(word) < 2 or _coded(match, text):
        return False
    small = _OWNS.sub("", word).casefold()
    forms = {small, small.removesuffix("s"), f"{small}s", *words_of(small).split()[:1]}
    parts = [part for part in words_of(small).split() if len(part) > 1]
    return not (forms & known or forms & own_words() or all(part in known or part in own_words() for part in parts))


def _coded(match: re.Match[str], text: str) -> bool:
    """Whether the word is a piece of a number such as LF-203118."""
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 2]
    return bool(re.match(r"\d|-?\d", after)) or (bool(before) and (before.isdigit() or before in "#@_/{"))


@cache
def own_words() -> frozenset[str]:
    """The words of our templates and prompts, and those that are written with a capital letter whoever is meant."""
    texts = [page("system"), *(row["say"] for row in rules()["guideline"])]
    return template_words("en").union(words_of(" ".join(texts)).split(), *word_lists("capitals").values())


@cache
def template_words(language: str) -> frozenset[str]:
    """The words of our templates in one language; none where there are none."""
    texts: list[str] = []
    for path in sorted((FOLDER / "replies").glob("*.toml")):
        wordings = tomllib.loads(path.read_text(encoding="utf-8")).get(language, {})
        texts.extend(wordings.get("wordings", ()))
    return frozenset(words_of(" ".join(texts)).split())

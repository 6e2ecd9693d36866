"""The vague messages and the articles that help: what the files name exists, and no message is in both parts."""

from agent.handover import queue_of
from eval.profile_articles import reason_articles, vague_messages
from rapport.sample.help_articles import read_articles
from rapport.sample.utterances import families, intents


def test_every_reason_and_every_article_that_is_named_exists():
    articles = {one.source_id for one in read_articles() if one.visibility == "public"}
    assert set(reason_articles()) <= set(intents())
    assert frozenset().union(*reason_articles().values()) <= articles
    for part in ("dev", "test"):
        assert frozenset().union(*(one.reasons for one in vague_messages(part))) <= set(reason_articles())


def test_every_reason_that_has_a_queue_has_an_article_and_vague_messages():
    reasons = {name for name in intents() if queue_of((name,)) != "general"} - {"verify_me"}
    assert reasons <= set(reason_articles())
    assert all(any(one.fits(reason) for one in vague_messages("test")) for reason in reasons)


def test_no_message_is_in_both_parts_or_among_what_classifiers_learn():
    dev, test = ({one.text.casefold() for one in vague_messages(part)} for part in ("dev", "test"))
    assert not dev & test
    assert not (dev | test) & {family.template.casefold() for family in families()}

"""Suggested replies are kept with what became of them, once."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.store import Suggestion
from rapport.errors import NotFound, Refused, UserError
from rapport.types import ConversationId, MessageId, Viewer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=3)


@pytest.fixture
def suggested(any_store):
    """Keep a suggestion in a conversation of its own."""

    def make(text: str = "It is on its way.") -> Suggestion:
        id = any_store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id
        message = any_store.receive(id, "Where is my parcel?", at=NOON)
        made = Suggestion(conversation_id=id, message_id=message.id, text=text, model="starter", at=NOON, record="s:o1")
        return any_store.add_suggestion(made)

    return make


def test_a_suggestion_comes_back_as_it_was_kept_and_then_with_its_end(any_store, suggested):
    made = suggested()
    assert any_store.suggestion(made.id) == made
    assert (made.outcome, made.sent, made.judged_at) == (None, None, None)
    found = any_store.judge_suggestion(made.id, "edited", sent=" It came today. ", actor="eva", at=LATER)
    assert found == any_store.suggestion(made.id)
    assert (found.outcome, found.sent, found.actor, found.judged_at) == ("edited", "It came today.", "eva", LATER)
    assert (found.text, found.record) == (made.text, "s:o1")


def test_an_accepted_suggestion_was_sent_as_it_stood(any_store, suggested):
    one, other = suggested(), suggested()
    assert any_store.judge_suggestion(one.id, "accepted", sent=None, actor="eva", at=LATER).sent == one.text
    assert any_store.judge_suggestion(other.id, "accepted", sent=other.text, actor="eva", at=LATER).sent == other.text
    assert any_store.judge_suggestion(suggested().id, "rejected", sent=None, actor="eva", at=LATER).sent is None


def test_the_end_of_a_suggestion_is_kept_once(any_store, suggested):
    made = suggested()
    kept = any_store.judge_suggestion(made.id, "rejected", sent="I will ask.", actor="eva", at=LATER)
    again = any_store.judge_suggestion(made.id, "rejected", sent="I will ask.", actor="tom", at=LATER + timedelta(1))
    assert again == kept
    with pytest.raises(Refused, match="was rejected; that does not change"):
        any_store.judge_suggestion(made.id, "accepted", sent=None, actor="eva", at=LATER)
    assert any_store.suggestion(made.id) == kept


@pytest.mark.parametrize(
    ("outcome", "sent", "said"),
    [
        ("accepted", "Something else.", "another text"),
        ("edited", None, "needs the other text"),
        ("edited", "It is on its way. ", "needs the other text"),
        ("rejected", "It is on its way.", "sent as it stands"),
        ("edited", "\x00", "cannot be kept"),
    ],
)
def test_words_that_do_not_go_with_the_outcome_are_refused(any_store, suggested, outcome, sent, said):
    made = suggested()
    with pytest.raises(UserError, match=said):
        any_store.judge_suggestion(made.id, outcome, sent=sent, actor="eva", at=LATER)
    assert any_store.suggestion(made.id).outcome is None


def test_suggestions_are_told_by_conversation_and_by_whether_their_end_is_known(any_store, suggested, monkeypatch):
    monkeypatch.setattr("crm.suggestions._AT_ONCE", 2)
    made = [suggested(f"Reply {number}.") for number in range(5)]
    any_store.judge_suggestion(made[3].id, "accepted", sent=None, actor="eva", at=LATER)
    assert [one.text for one in any_store.suggestions()] == [one.text for one in made]
    assert list(any_store.suggestions(made[1].conversation_id)) == [made[1]]
    assert [one.id for one in any_store.suggestions(judged=True)] == [made[3].id]


def test_a_suggestion_belongs_to_a_message_of_its_conversation(any_store, suggested):
    made = suggested()
    with pytest.raises(NotFound, match="no conversation"):
        any_store.add_suggestion(
            Suggestion(conversation_id=ConversationId("none"), message_id=MessageId(1), text="a", model="b", at=NOON)
        )
    other = any_store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id
    with pytest.raises(NotFound, match="has no message"):
        any_store.add_suggestion(
            Suggestion(conversation_id=other, message_id=made.message_id, text="a", model="b", at=NOON)
        )
    with pytest.raises(NotFound, match="no suggestion 99"):
        any_store.suggestion(99)
    with pytest.raises(NotFound, match="no suggestion 99"):
        any_store.judge_suggestion(99, "accepted", sent=None, actor="eva", at=LATER)


@pytest.mark.slow
def test_a_database_of_the_first_schema_is_brought_to_this_one(database_url):
    """Made by the first revision alone, with a conversation in it."""
    from pathlib import Path

    from alembic import command
    from alembic.config import Config
    from sqlalchemy import text

    import crm
    from crm.database import Database, parse_url
    from crm.store import Store
    from crm.tables import SCHEMA

    database = Database(parse_url(database_url), busy_timeout_ms=1000)
    config = Config()
    config.set_main_option("script_location", str(Path(crm.__file__).parent / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO meta (name, value) VALUES ('store_id', 'old')"))
    database.close()
    with Store.open(database_url) as store:
        assert store.store_id == "old"
        assert list(store.suggestions()) == []
        with store._database.read() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == SCHEMA

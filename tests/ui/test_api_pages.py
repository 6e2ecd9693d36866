"""Health, counters, the reference and the help pages."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from rapport.records import Article, RecordKind


@pytest.fixture
def keep(served):
    """Keep articles for one test."""
    kept: list[str] = []

    def add(source_id, **fields):
        article = Article(source="test", source_id=source_id, **{"title": "A title", "text": "Some text.", **fields})
        served.service.store.upsert([article])
        kept.append(article.key)
        return f"/articles/{article.key}"

    yield add
    served.service.store.remove(RecordKind.ARTICLES, kept)


def test_the_server_is_alive_and_ready_and_says_so_for_each_dependency(served):
    assert served.client.get("/health/live").json() == {"live": True}
    answer = served.client.get("/health/ready")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["ready"]
    assert set(body["dependencies"]) == {"database", "index", "models"}
    assert body["dependencies"]["index"]["passages"] > 0
    assert body["dependencies"]["models"]["in_use"]["encoder"]


def test_a_dependency_that_is_away_makes_the_server_not_ready_and_says_which(served, monkeypatch):
    from rapport.errors import SettingsError

    def away():
        raise SettingsError("the database is away.", hint="Start it.")

    monkeypatch.setattr(served.service.store, "last_change", away)
    answer = served.client.get("/health/ready")
    assert answer.status_code == 503
    dependencies = answer.json()["dependencies"]
    assert dependencies["database"]["error"]["message"] == "the database is away."
    assert dependencies["models"]["ready"]


def test_what_happened_is_counted_without_ids(served, talk):
    talk.say("How long does delivery take?")
    talk.read()
    text = served.client.get("/metrics").text
    assert re.search(r'rapport_turns_total\{decision="answer"\} [1-9]', text)
    assert re.search(r'rapport_http_requests_total\{method="GET",route="/v1/conversations/\{id\}",status="200"\}', text)
    assert 'rapport_turn_stage_seconds_count{stage="understand"}' in text
    assert talk.id not in text


def test_a_help_page_shows_its_article_cleaned(served, keep):
    text = (
        "# A title\n\nUse **this** [link](https://example.com) and [that](javascript:alert(1)).\n\n<script>x()</script>"
    )
    address = keep("clean", text=text, title="A title & more", updated_at=datetime(2026, 3, 1, tzinfo=UTC))
    page = served.client.get(address).text
    assert "<h1>A title &amp; more</h1>" in page
    assert "<strong>this</strong>" in page
    assert 'rel="noopener noreferrer nofollow"' in page
    assert "Updated 1 March 2026" in page
    assert "<script" not in page
    assert "javascript:alert" not in page.replace("[that](javascript:alert(1))", "")


def test_hidden_articles_have_no_page_and_are_not_told_from_missing_ones(served, keep):
    now = datetime.now(UTC)
    hidden = [
        keep("staff", visibility="staff"),
        keep("old", valid_until=now - timedelta(days=1)),
        keep("future", valid_from=now + timedelta(days=1)),
        "/articles/test:never",
    ]
    answers = [served.client.get(address) for address in hidden]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    listed = served.client.get("/articles").text
    assert not any(address in listed for address in hidden)


def test_all_public_articles_are_listed_and_each_link_opens(served):
    listed = served.client.get("/articles").text
    links = re.findall(r'href="(/articles/[^"]+)"', listed)
    assert len(links) >= 10
    assert served.client.get(links[0]).status_code == 200


def test_the_reference_shows_every_route_and_loads_nothing_from_outside(served):
    page = served.client.get("/docs").text
    openapi = served.client.get("/openapi.json").json()
    for path in openapi["paths"]:
        assert path in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "event: citation" in page


def test_the_front_page_leads_to_the_chat(served):
    for address in ("/", "/chat"):
        answer = served.client.get(address, follow_redirects=False)
        assert answer.headers["location"] == "/chat/"


@pytest.mark.parametrize(
    ("key", "title", "text", "question"),
    [("kayaks", "Kayak rental", "You can rent a kayak for 35 euros a day at the lake house in Immenstadt.",
      "Can I rent a kayak, and what does it cost?"),
     ("engraving", "Engraving", "We engrave your name on a bottle for 35 euros. It takes three days.",
      "What does it cost to have my name engraved on a bottle?")],
)  # fmt: skip
def test_a_new_article_is_answered_from_after_the_next_index_update(served, keep, talk, key, title, text, question):
    from ui.api.syncing import IndexKeeper

    keep(key, title=title, text=text)
    IndexKeeper(served.service).once()
    done = talk.say(question)[-1][1]
    assert "35 euros" in done["reply"]
    assert done["citations"][0]["id"] == f"test:{key}"

"""Read the help articles beside this file. The head of each is `key: value` lines between two rules of ---."""

from datetime import UTC, datetime
from typing import cast

from rapport.records import Article, Visibility
from rapport.sample.data_files import SOURCE, texts, toml


def read_articles() -> tuple[Article, ...]:
    """Every article, by file name; the file name is the source id."""
    return tuple(_article(name, text) for name, text in texts("articles"))


def _article(name: str, text: str) -> Article:
    _, head, body = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.splitlines() if line)
    return Article(
        source=SOURCE,
        source_id=name,
        title=fields["title"].strip('"'),
        text=body.strip(),
        visibility=cast(Visibility, fields["visibility"]),
        collection=fields["collection"],
        url=f"https://{toml('shop')['domain']}{fields['url']}",
        valid_from=_day(fields.get("valid_from")),
        valid_until=_day(fields.get("valid_until")),
        updated_at=_day(fields.get("valid_from")),
        tags=tuple(tag.strip() for tag in fields["tags"].strip("[]").split(",")),
    )


def _day(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

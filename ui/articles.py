"""The public help pages that citations link to. Shows public, valid articles and nothing else.

Markdown is rendered with raw HTML off and the result is cleaned again, so an imported article cannot carry a script.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from crm.store import Store
from rapport.errors import NotFound
from rapport.records import Article, RecordKind
from ui.pages import page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

ALLOWED_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ALLOWED_SCHEMES = {"http", "https", "mailto", "tel"}


def article_path(key: str) -> str:
    """Where an article's page is on this server."""
    return f"/articles/{quote(key, safe=':')}"


def public_article(store: Store, key: str, *, now: datetime) -> Article:
    """The article, if anybody may read it now. NotFound does not say whether a hidden one exists."""
    article = cast("Article | None", store.get(RecordKind.ARTICLES, key))
    if article is None or not is_public(article, now):
        raise NotFound("there is no such article.", hint="It may have been renamed or replaced.")
    return article


def public_articles(store: Store, *, now: datetime) -> list[Article]:
    """Every article that anybody may read now, by collection and title."""
    found = cast("Iterable[Article]", store.iterate(RecordKind.ARTICLES))
    shown = (article for article in found if is_public(article, now))
    return sorted(shown, key=lambda article: (article.collection, article.title.casefold()))


def article_page(article: Article, *, company: str) -> str:
    """One article as a whole page."""
    updated = f"<p class='meta'>Updated {_day(article.updated_at)}</p>" if article.updated_at else ""
    body = f"""<nav class="crumbs" aria-label="Breadcrumb"><a href="/articles">All articles</a></nav>
<article class="prose" lang="{escape(article.locale)}">
<h1>{escape(article.title)}</h1>{updated}
{render_markdown(_without_title(article))}
</article>
<aside class="card"><div><strong>Did this not answer it?</strong>
<p>Ask the assistant, or have it get a person for you.</p></div>
<a class="button" href="/chat/">Ask a question</a></aside>"""
    return page(article.title, body, company=company)


def article_index(articles: Iterable[Article], *, company: str) -> str:
    """The list of all articles as a whole page."""
    groups: dict[str, list[str]] = defaultdict(list)
    for article in articles:
        link = f'<li><a href="{article_path(article.key)}">{escape(article.title)}</a></li>'
        groups[article.collection].append(link)
    sections = "".join(
        f"<section><h2>{escape(_heading(name))}</h2><ul class='index'>{''.join(links)}</ul></section>"
        for name, links in groups.items()
    )
    nothing = "<p>There are no articles yet.</p>"
    return page("Help articles", f"<h1>How can we help?</h1>{sections or nothing}", company=company, narrow=False)


def render_markdown(text: str) -> str:
    """Markdown to clean HTML: no raw HTML, no images, no scripts, links to other sites marked as such."""
    import nh3

    return nh3.clean(
        _markdown().render(text),
        tags=ALLOWED_TAGS,
        attributes={"a": {"href", "title"}, "td": {"align"}, "th": {"align"}},
        url_schemes=ALLOWED_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def _without_title(article: Article) -> str:
    """The text without a first heading that only repeats the title."""
    first, _, rest = article.text.lstrip().partition("\n")
    if first.startswith("#") and first.lstrip("# ").strip().casefold() == article.title.strip().casefold():
        return rest
    return article.text


def is_public(article: Article, now: datetime) -> bool:
    """Whether anybody may read the article at this time."""
    begun = article.valid_from is None or article.valid_from <= now
    ended = article.valid_until is not None and article.valid_until < now
    return article.visibility == "public" and begun and not ended


def _heading(collection: str) -> str:
    return collection.replace("_", " ").capitalize()


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"

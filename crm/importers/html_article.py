"""Read one HTML article: its main part as Markdown, its fields from title, meta and link elements."""

import warnings
from typing import TYPE_CHECKING, Any

from crm.importers.markdown_article import readable
from rapport.errors import BadRow

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# what surrounds an article and is no part of it
_AROUND = (
    "head",
    "title",
    "script",
    "style",
    "noscript",
    "template",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "iframe",
    "svg",
    "button",
    "dialog",
)
_META = {
    "keywords": "tags",
    "article:modified_time": "updated_at",
    "article:published_time": "valid_from",
    "article:section": "collection",
    "article:tag": "tags",
}


def read_html(content: bytes, stem: str) -> dict[str, Any]:
    """The article's fields, its text as Markdown. stem: the file's name without its ending. Raises BadRow."""
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

    if b"<" not in content:
        raise BadRow("the file holds no HTML.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML pages are read as HTML on purpose
        try:
            return _article(BeautifulSoup(_decoded(content), "html.parser"), stem)
        except RecursionError:
            raise BadRow("its elements are nested too deeply.") from None


def _decoded(content: bytes) -> str:
    """UTF-8, else the encoding that the page names; nothing is guessed."""
    from bs4.dammit import EncodingDetector

    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = EncodingDetector.find_declared_encoding(content, is_html=True)
    try:
        return content.decode(named or "utf-8")
    except (LookupError, UnicodeDecodeError):
        raise BadRow(f"not valid {named or 'UTF-8'}.", hint="Save the file as UTF-8.") from None


def _article(page: "BeautifulSoup", stem: str) -> dict[str, Any]:
    fields = _about(page)
    main = page.find("main") or page.find("article") or page.body or page
    inner = main.find("article") if main.name == "main" else None
    main = inner or main
    heading = main.find("h1") or page.find("h1")
    title = _words(heading) or _words(page.title) or readable(stem)
    for element in main.find_all(_AROUND):
        element.decompose()
    inside = main.find("h1")
    if inside is not None and _words(inside) == title:
        inside.decompose()
    text = _markdown(main)
    if not text:
        raise BadRow("the page has no text.")
    return {"title": title, **fields, "text": text}


def _about(page: "BeautifulSoup") -> dict[str, Any]:
    """What the head says: language, canonical address, and meta elements named like the fields of an article."""
    fields: dict[str, Any] = {}
    if page.html is not None and page.html.get("lang"):
        fields["locale"] = str(page.html["lang"])
    link = page.find("link", rel="canonical")
    if link is not None and link.get("href"):
        fields["url"] = str(link["href"])
    for meta in page.find_all("meta", content=True):
        name = str(meta.get("name") or meta.get("property") or "").casefold()
        known = _META.get(name, name.replace("-", "_"))
        if known in _FIELDS:
            fields[known] = str(meta["content"])
    return fields


_FIELDS = ("article_id", "visibility", "collection", "url", "locale", "valid_from", "valid_until", "updated_at", "tags")


def _markdown(element: "Tag") -> str:
    from markdownify import MarkdownConverter

    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", strip=["img"], escape_asterisks=False, escape_underscores=False
    )
    lines = [line.rstrip() for line in converter.convert_soup(element).splitlines()]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip()


def _words(element: "Tag | None") -> str:
    return " ".join(element.get_text(" ").split()) if element is not None else ""

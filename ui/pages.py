"""The frame that the plain HTML pages share: head, company header, and nothing from any other host."""

from html import escape
from pathlib import Path

STATIC = Path(__file__).parent / "static"


def page(title: str, body: str, *, company: str, narrow: bool = True) -> str:
    """A whole HTML document. title and company are escaped here; body is HTML that the caller has made safe."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · {escape(company)}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/theme.css">
<link rel="stylesheet" href="/static/site.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar"><div class="bar-inner">
<a class="brand" href="/articles">{monogram(company)}<span>{escape(company)} <small>Help</small></span></a>
<a class="button" href="/chat/">Ask a question</a>
</div></header>
<main id="main" class="{"narrow" if narrow else "wide"}">
{body}
</main>
</body>
</html>
"""


def monogram(company: str) -> str:
    """The company's first letter in a small square: a logo for who has none."""
    letter = next((character for character in company if character.isalnum()), "R").upper()
    return f'<span class="monogram" aria-hidden="true">{escape(letter)}</span>'


def error_page(code: str, message: str, hint: str, *, company: str) -> str:
    """A failure as a person in a browser reads it."""
    body = f"""<article class="prose"><p class="eyebrow">{escape(code.replace("_", " "))}</p>
<h1>{escape(message[:1].upper() + message[1:])}</h1><p>{escape(hint)}</p>
<p><a href="/articles">All help articles</a></p></article>"""
    return page("Not here", body, company=company)

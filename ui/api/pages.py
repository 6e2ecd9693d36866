"""Routes of the plain pages: help articles and the reference of the API."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ui import articles
from ui.api.access import Shared
from ui.api.reference import reference_page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def start() -> RedirectResponse:
    """The chat is the front page."""
    return RedirectResponse("/chat/")


@router.get("/chat")
def chat() -> RedirectResponse:
    """The page is mounted under the address with the slash."""
    return RedirectResponse("/chat/")


@router.get("/favicon.ico")
def icon() -> RedirectResponse:
    """Browsers ask for it at this address."""
    return RedirectResponse("/static/icon.svg")


@router.get("/articles")
def article_index(service: Shared) -> HTMLResponse:
    """All public articles."""
    found = articles.public_articles(service.store, now=service.clock())
    return HTMLResponse(articles.article_index(found, company=service.settings.company.name))


@router.get("/articles/{key:path}")
def article(key: str, service: Shared) -> HTMLResponse:
    """One public article: where citations lead."""
    found = articles.public_article(service.store, key, now=service.clock())
    return HTMLResponse(articles.article_page(found, company=service.settings.company.name))


@router.get("/docs")
def docs(request: Request, service: Shared) -> HTMLResponse:
    """The reference of the API."""
    return HTMLResponse(reference_page(request.app.openapi(), company=service.settings.company.name))

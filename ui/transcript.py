"""A conversation as HTML for the chat page. Everything that a person, a record or a model wrote is escaped."""

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape

from crm.store import Transition
from rapport.types import Identity, State
from ui.api.service import Shown, Source, View
from ui.pages import monogram

SAFE_STARTS = ("http://", "https://")
MARKER = re.compile(r" ?\[(\d{1,2})\]")
TYPING = '<span class="typing" role="img" aria-label="The assistant is writing"><i></i><i></i><i></i></span>'


def transcript_html(view: View | None, *, company: str) -> str:
    """All messages, or a welcome before the first one."""
    if view is None or not view.shown:
        return _welcome(company)
    parts = [(shown.message.at, 0, _message(shown, view, company)) for shown in view.shown]
    parts += [(move.at, 1, _note(_moved(move))) for move in view.moves if _moved(move)]
    return f'<div class="log">{"".join(html for _, _, html in sorted(parts, key=lambda part: part[:2]))}</div>'


def live_html(text: str, *, company: str) -> str:
    """The reply that is being written: what has come so far, or the sign of writing."""
    return f'<div class="log">{_bubble("assistant", text, (), who="Assistant", mark=monogram(company))}</div>'


def status_html(view: View | None) -> str:
    """Who the customer is talking to, in words and with a coloured dot."""
    state = view.conversation.state if view else State.BOT
    tone, text = _status(state, view.colleague if view else None)
    verified = view is not None and view.conversation.identity is Identity.VERIFIED
    chip = '<span class="chip">Identity confirmed</span>' if verified else ""
    words = f"<span>{escape(text)}</span>"
    return f'<div class="state {tone}" role="status"><span class="dot" aria-hidden="true"></span>{words}{chip}</div>'


def spoken_html(view: View | None) -> str:
    """The newest message of the other side, for screen readers: read out once, when it is whole."""
    heard = [shown.message.text for shown in view.shown if shown.message.role != "customer"] if view else []
    return f'<div role="log" aria-live="polite" aria-atomic="true">{escape(heard[-1]) if heard else ""}</div>'


def notice_html(message: str, hint: str) -> str:
    """A failure, said next to the input."""
    if not message:
        return ""
    sentence = escape(message[:1].upper() + message[1:])
    return f'<div class="notice" role="alert"><strong>{sentence}</strong> {escape(hint)}</div>'


def unanswered_html() -> str:
    """The turn failed: the message is kept, and can be tried again under its own id."""
    button = '<button type="button" class="retry" onclick="window.rapport.resend()">Try again</button>'
    words = "<span><strong>We could not answer just now.</strong> Your message is kept.</span>"
    return f'<div class="notice" role="alert">{words}{button}</div>'


def header_html(company: str) -> str:
    """The company's name, as the page's heading."""
    return f'<div class="brand">{monogram(company)}<div><h1>{escape(company)}</h1><p>Customer service</p></div></div>'


def _status(state: State, colleague: str | None) -> tuple[str, str]:
    if state is State.HUMAN:
        return "here", f"{colleague or 'A colleague'} is here"
    if state is State.QUEUED:
        return "waiting", "Waiting for a colleague"
    if state is State.CLOSED:
        return "closed", "This conversation is closed. Write to start again"
    return "bot", "You are talking to the assistant"


def _welcome(company: str) -> str:
    return f"""<div class="welcome">{monogram(company)}
<h2>Hello! How can we help?</h2>
<p>Ask about your order, a return or anything in our <a href="/articles" target="_blank">help articles</a>.
The assistant answers right away, and gets a colleague whenever you want one.</p></div>"""


def _message(shown: Shown, view: View, company: str) -> str:
    message = shown.message
    if message.role == "system":
        return _note(message.text)
    if message.role == "staff":
        name = _colleague_at(view, message.at)
        return _bubble("staff", message.text, (), who=name, mark=monogram(name))
    if message.role == "customer":
        return _bubble("customer", message.text, (), who="You", mark="")
    return _bubble("assistant", message.text, shown.sources, who="Assistant", mark=monogram(company))


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _moved(move: Transition) -> str:
    """What the customer is told of a move; most speak for themselves."""
    if move.to is State.HUMAN:
        return f"{move.actor} joined the conversation"
    if move.to is State.RETURNED:
        return "The assistant is back"
    return ""


def _colleague_at(view: View, at: datetime) -> str:
    names = [move.actor for move in view.moves if move.to is State.HUMAN and move.at <= at]
    return names[-1] if names else "A colleague"


def _bubble(role: str, text: str, sources: Sequence[Source], *, who: str, mark: str) -> str:
    hidden = ' class="unseen"' if role == "customer" else ""
    return (
        f'<article class="msg {role}">{mark}<div class="said"><h3{hidden}>{escape(who)}</h3>'
        f'<div class="bubble">{_words(text, sources) if text else TYPING}</div>{_listed(sources)}</div></article>'
    )


def _words(text: str, sources: Sequence[Source]) -> str:
    """Escaped text; a marker such as [1] becomes a small link to the source of that number."""

    def linked(marker: re.Match[str]) -> str:
        number = int(marker[1])
        address = source_address(sources[number - 1]) if 0 < number <= len(sources) else None
        if address is None:
            return marker[0]
        title = f"Source: {escape(sources[number - 1].title)}"
        return (
            f'<sup><a href="{escape(address)}" target="_blank" rel="noopener" aria-label="{title}">{number}</a></sup>'
        )

    return MARKER.sub(linked, escape(text))


def _listed(sources: Sequence[Source]) -> str:
    links = "".join(f"<li>{_link(number, source)}</li>" for number, source in enumerate(sources, start=1))
    return f'<ul class="sources" aria-label="Sources">{links}</ul>' if links else ""


def _link(number: int, source: Source) -> str:
    label = f"<b>{number}</b> {escape(source.title)}"
    address = source_address(source)
    if address is None:
        return f"<span>{label}</span>"
    return f'<a href="{escape(address)}" target="_blank" rel="noopener">{label}</a>'


def source_address(source: Source) -> str | None:
    """Where a source leads: its page here, else the company's own page of it; None where it has neither."""
    if source.page:
        return source.page
    return source.url if source.url and source.url.startswith(SAFE_STARTS) else None

"""The customer's page at /chat: a Gradio app on the same service as the HTTP API.

What it shows always comes from the store, so a reload or a second tab shows the same. The browser keeps only the
conversation's id and token.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
from fastapi import FastAPI

from rapport.errors import NotFound
from rapport.settings import Settings
from rapport.types import ConversationId, State, Turn, Viewer
from ui import chat_layout, transcript
from ui.api.errors import describe
from ui.api.service import Service, View
from ui.api.turns import Failed, Listener

Session = dict[str, str]  # id and token of this browser's conversation; empty where it has none
Updates = dict[Any, Any]
WAITING = (State.QUEUED, State.HUMAN)
POLL_SECONDS = 2.0
REDRAW_SECONDS = 0.04  # a model can write faster than a browser needs to draw


def mount(app: FastAPI, path: str, *, settings: Settings, service: Callable[[], Service]) -> None:
    """Put the page on the app. service: the running service, there once the app has started."""
    page = ChatPage(settings, service)

    async def inside() -> None:
        gr.mount_gradio_app(
            app, page.build(), path, theme=chat_layout.theme(), head=chat_layout.HEAD, footer_links=[],
            run_history=False, ssr_mode=False, show_error=False, pwa=False, mcp_server=False, max_file_size=1,
        )  # fmt: skip

    # Gradio leaves an event loop open for each lock that it makes where none runs, so it is given one that runs.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, inside()).result()


class ChatPage:
    """The page's parts and what happens when they are used. Holds no conversation: each call names its own."""

    def __init__(self, settings: Settings, service: Callable[[], Service]) -> None:
        self._company = settings.company.name
        self._service = service
        self._parts: chat_layout.Parts

    def build(self) -> Any:
        """The Gradio app."""
        blocks, self._parts = chat_layout.lay_out(company=self._company, poll_seconds=POLL_SECONDS)
        actions = chat_layout.Actions(
            load=self.load, send=self.send, person=self.ask_for_a_person, again=self.start_again, poll=self.poll
        )
        chat_layout.wire(blocks, self._parts, actions)
        return blocks

    def load(self, session: Session) -> Updates:
        """Show what the store has of this browser's conversation."""
        answering = self._answering(session)  # asked first: a reply that comes in between is then in the view
        screen = self._screen(session, self._view(session))
        return {**screen, self._parts.timer: gr.update(active=True)} if answering else screen

    def send(self, text: str, session: Session, client_id: str) -> Iterator[Updates]:
        """Keep the message, show it, and stream the answer."""
        parts = self._parts
        if not text or not text.strip():
            yield {parts.box: gr.update(interactive=True)}
            return
        try:
            session = self._own_session(session)
            id = ConversationId(session["id"])
            said = self._service().say(id, text, client_id=client_id or None)
        except Exception as error:  # noqa: BLE001 the customer must read something, and keep the text
            yield {parts.notice: _notice(error), parts.box: gr.update(value=text, interactive=True)}
            return
        writing = {} if said.outcome is None else {parts.live: self._live("")}
        yield {
            **self._screen(session, self._service().view(id)),
            parts.box: gr.update(value="", interactive=self._service().gathering(id)),
            **writing,
        }
        failure = None
        if said.outcome is not None and not isinstance(said.outcome, Turn):
            failure = yield from self._streamed(said.outcome)
        yield {
            **self._screen(session, self._service().view(id)),
            parts.notice: transcript.unanswered_html() if failure else "",
        }

    def ask_for_a_person(self, session: Session) -> Updates:
        """Queue this conversation for a colleague, beginning one if there is none."""
        try:
            session = self._own_session(session)
            self._service().ask_for_a_person(ConversationId(session["id"]), actor="customer")
        except Exception as error:  # noqa: BLE001 the customer must read something
            return {self._parts.notice: _notice(error)}
        return self._screen(session, self._view(session))

    def start_again(self) -> Updates:
        """Forget the conversation in this browser; the store keeps it."""
        return self._screen({}, None)

    def poll(self, session: Session, seen: str) -> Updates:
        """What a colleague has written or done since, or the reply that a reload has interrupted."""
        waiting = self._answering(session)
        view = self._view(session)
        waiting = waiting or (view is not None and view.conversation.state in WAITING)
        if view is None or (waiting and _mark(view) == seen):
            return {self._parts.seen: seen}
        return {part: value for part, value in self._screen(session, view).items() if part is not self._parts.box}

    def _streamed(self, events: Listener) -> Any:
        """Yield the growing reply; returns the error where the turn failed."""
        from agent.events import Retracted, Token

        text, drawn = "", 0.0
        for event in events:
            match event:
                case Failed(error=error):
                    return error
                case Token(text=more):
                    text += more
                case Retracted():
                    text = ""
                case _:
                    continue
            # what has come is shown before the next is waited for, however long a model takes for it
            if events.pauses or time.monotonic() - drawn >= REDRAW_SECONDS:
                drawn = time.monotonic()
                yield {self._parts.live: self._live(text), self._parts.box: gr.update(interactive=False)}
        return None

    def _own_session(self, session: Session) -> Session:
        """This browser's conversation; a new one where it has none or its one is gone."""
        if self._admitted(session):
            return session
        conversation, token = self._service().open(viewer=Viewer(), channel="chat")
        return {"id": conversation.id, "token": token}

    def _answering(self, session: Session) -> bool:
        id = self._admitted(session)
        return id is not None and self._service().answering(id)

    def _view(self, session: Session) -> View | None:
        id = self._admitted(session)
        return self._service().view(id) if id else None

    def _admitted(self, session: Session) -> ConversationId | None:
        """The conversation, unless the browser has none or kept one that was made in another home or erased."""
        try:
            return self._service().admit(session["id"], session["token"]) if session else None
        except (NotFound, KeyError):
            return None

    def _screen(self, session: Session, view: View | None) -> Updates:
        """Everything that follows from the conversation."""
        parts, update = self._parts, gr.update
        state = view.conversation.state if view else State.BOT
        begun = view is not None and bool(view.shown)
        return {
            parts.session: session if view else {},
            parts.transcript: transcript.transcript_html(view, company=self._company),
            parts.live: "",
            parts.status: transcript.status_html(view),
            parts.spoken: transcript.spoken_html(view),
            parts.notice: "",
            parts.starters: update(visible=not begun),
            parts.person: update(interactive=state not in WAITING, value=_person_label(state)),
            parts.again: update(visible=begun),
            parts.timer: update(active=state in WAITING),
            parts.seen: _mark(view) if view else "",
            parts.box: update(interactive=True),
        }

    def _live(self, text: str) -> str:
        return transcript.live_html(text, company=self._company)


def _notice(error: BaseException) -> str:
    told = describe(error)[1]["error"]
    return transcript.notice_html(told["message"], told["hint"])


def _mark(view: View) -> str:
    """Changes exactly when the page has something new to show."""
    return f"{len(view.shown)} {view.conversation.state} {view.colleague or ''}"


def _person_label(state: State) -> str:
    return {State.QUEUED: "Colleague called", State.HUMAN: "With a colleague"}.get(state, "Talk to a person")

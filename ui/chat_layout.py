"""How the chat page is laid out and wired. Wraps Gradio, so it is imported late; knows nothing of conversations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui import transcript

STARTERS = (
    "Where is my order?",
    "How do I return something?",
    "When will I get my refund?",
    "How long does delivery take?",
)
HEAD = """<meta name="color-scheme" content="light dark">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/theme.css"><link rel="stylesheet" href="/static/chat.css">
<script src="/static/chat.js"></script>"""
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
STAGE = "(text, session) => [text, session, window.rapport.stage(text)]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What is called when a part is used; each takes and gives components' values."""

    load: Callable[..., Any]
    send: Callable[..., Any]
    person: Callable[..., Any]
    again: Callable[..., Any]
    poll: Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The Gradio components of the actions."""

    session: Any
    client_id: Any
    seen: Any
    timer: Any
    status: Any
    transcript: Any
    live: Any
    spoken: Any
    notice: Any
    starters: Any
    starter_buttons: tuple[Any, ...]
    person: Any
    again: Any
    box: Any
    send: Any

    def shown(self) -> list[Any]:
        """What an event may change."""
        return [
            *(self.session, self.seen, self.timer, self.status, self.transcript, self.live, self.spoken),
            *(self.notice, self.starters, self.person, self.again, self.box),
        ]


def theme() -> Any:
    """Gradio's plain theme with the system's fonts, so that none is fetched; the rest is in chat.css."""
    return gr.themes.Base(font=list(FONTS), font_mono=["ui-monospace", "Menlo", "monospace"])


def lay_out(*, company: str, poll_seconds: float) -> tuple[Any, Parts]:
    """Make the page and its parts."""
    with gr.Blocks(title=f"{company} · Chat", analytics_enabled=False, fill_height=True) as blocks:
        with gr.Row(elem_id="top"):
            gr.HTML(transcript.header_html(company), elem_id="brand", apply_default_css=False)
            person = gr.Button("Talk to a person", elem_id="person")
        with gr.Row(elem_id="line"):
            status = gr.HTML(transcript.status_html(None), elem_id="status", apply_default_css=False)
            again = gr.Button("New chat", elem_id="again", visible=False)
        with gr.Column(elem_id="scroller"):
            welcome = transcript.transcript_html(None, company=company)
            said = gr.HTML(welcome, elem_id="transcript", apply_default_css=False)
            live = gr.HTML("", elem_id="live", apply_default_css=False)
            with gr.Row(elem_id="starters") as starters:
                buttons = tuple(gr.Button(text, elem_classes="starter") for text in STARTERS)
        notice = gr.HTML("", elem_id="notice", apply_default_css=False)
        with gr.Row(elem_id="composer"):
            box = gr.Textbox(
                label="Your message", show_label=False, container=False, placeholder="Write a message", lines=1,
                max_lines=6, autofocus=True, elem_id="box", html_attributes=_box_attributes(),
            )  # fmt: skip
            send = gr.Button("Send", elem_id="send")
        parts = Parts(
            session=gr.BrowserState({}, storage_key="rapport-chat", secret="rapport-chat-page"),
            client_id=gr.Textbox(visible=False), seen=gr.State(""), timer=gr.Timer(poll_seconds, active=False),
            status=status, transcript=said, live=live, spoken=gr.HTML("", elem_id="spoken"), notice=notice,
            starters=starters, starter_buttons=buttons, person=person, again=again, box=box, send=send,
        )  # fmt: skip
    return blocks, parts


def wire(blocks: Any, parts: Parts, actions: Actions) -> None:
    """Connect the parts to what they do."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    shown = parts.shown()
    with blocks:
        ready = blocks.load(actions.load, [parts.session], shown, **quiet)
        ready.then(None, js="() => window.rapport.ready()", **quiet)
        typed = gr.on(
            [parts.box.submit, parts.send.click], actions.send, [parts.box, parts.session, parts.client_id], shown,
            js=STAGE, concurrency_limit=None, trigger_mode="multiple", **quiet,
        )  # fmt: skip
        typed.then(None, js="() => window.rapport.settled()", **quiet)
        for button in parts.starter_buttons:
            inputs = [button, parts.session, parts.client_id]
            asked = button.click(actions.send, inputs, shown, js=STAGE, concurrency_limit=None, **quiet)
            asked.then(None, js="() => window.rapport.settled()", **quiet)
        parts.person.click(actions.person, [parts.session], shown, concurrency_limit=None, **quiet)
        parts.again.click(actions.again, None, shown, **quiet)
        parts.timer.tick(actions.poll, [parts.session, parts.seen], shown, concurrency_limit=None, **quiet)


def _box_attributes() -> Any:
    return gr.InputHTMLAttributes(autocapitalize="sentences", enterkeyhint="send", spellcheck=True)

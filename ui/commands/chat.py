"""`rapport chat`: a conversation in the terminal."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.ask import as_dict, find_viewer
from ui.commands.common import HomeOption, JsonOption, as_json_error, console, opened

if TYPE_CHECKING:
    from rapport.errors import UserError
    from rapport.types import Turn


def command(
    customer: Annotated[str | None, typer.Option(help="Customer id or e-mail that the person claims.")] = None,
    verified: Annotated[bool, typer.Option("--verified", help="Take the claim as proven.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Talk to the agent; an empty line or Ctrl-D ends the conversation. With --json, one object a line per reply."""
    with opened(home) as place:
        viewer = find_viewer(place, customer, verified=verified)
        from agent.assemble import open_agent
        from rapport.errors import UserError

        agent = open_agent(place.home, place.settings, store=place.store)
        conversation_id = None
        if not as_json:
            console().print(f"{place.settings.company.name}: how can I help you?", markup=False)
        while text := _line("" if as_json else "> "):
            try:
                turn = agent.ask(text, viewer=viewer, conversation_id=conversation_id, channel="cli")
            except UserError as error:
                _show_error(error, as_json)
                continue
            conversation_id = turn.conversation_id
            _show(turn, as_json)


def _show(turn: "Turn", as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(as_dict(turn), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    out = console()
    out.print(turn.reply.text if turn.reply else "(a person is answering)", style="cyan", markup=False)
    for number, citation in enumerate(turn.reply.citations if turn.reply else (), start=1):
        out.print(f"  [{number}] {citation.title}", style="dim", markup=False)


def _show_error(error: "UserError", as_json: bool) -> None:
    if as_json:
        sys.stdout.write(as_json_error(error) + "\n")
    else:
        console().print(str(error), style="red", markup=False)


def _line(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        return ""

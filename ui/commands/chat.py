"""`rapport chat`: a conversation in the terminal."""

from typing import Annotated

import typer

from ui.commands.ask import find_viewer
from ui.commands.common import HomeOption, console, opened


def command(
    customer: Annotated[str | None, typer.Option(help="Customer id or e-mail that the person claims.")] = None,
    verified: Annotated[bool, typer.Option("--verified", help="Take the claim as proven.")] = False,
    home: HomeOption = None,
) -> None:
    """Talk to the agent; an empty line or Ctrl-D ends the conversation."""
    with opened(home) as place:
        viewer = find_viewer(place, customer, verified=verified)
        from agent.assemble import open_agent
        from rapport.errors import UserError

        agent = open_agent(place.home, place.settings, store=place.store)
        out = console()
        conversation_id = None
        out.print(f"{place.settings.company.name}: how can I help you?", markup=False)
        while text := _line():
            try:
                turn = agent.ask(text, viewer=viewer, conversation_id=conversation_id, channel="cli")
            except UserError as error:
                out.print(str(error), style="red", markup=False)
                continue
            conversation_id = turn.conversation_id
            out.print(turn.reply.text if turn.reply else "(a person is answering)", style="cyan", markup=False)
            for number, citation in enumerate(turn.reply.citations if turn.reply else (), start=1):
                out.print(f"  [{number}] {citation.title}", style="dim", markup=False)


def _line() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""

"""`rapport ask`: one question, one answer."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, Opened, console, emit, opened

if TYPE_CHECKING:
    from rapport.types import Turn, Viewer

SHOWN = 0.05  # probability from which another reading is worth a word


def command(
    text: Annotated[str, typer.Argument(help="What the customer writes.")],
    customer: Annotated[str | None, typer.Option(help="Customer id or e-mail that the person claims.")] = None,
    verified: Annotated[bool, typer.Option("--verified", help="Take the claim as proven.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show how the answer came about.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask one question as a customer and print the reply."""
    with opened(home) as place:
        viewer = find_viewer(place, customer, verified=verified)
        from agent.assemble import open_agent

        turn = open_agent(place.home, place.settings, store=place.store).ask(text, viewer=viewer)
        emit(as_dict(turn, explain=explain), as_json, lambda data: render(data, explain=explain))


def find_viewer(place: Opened, customer: str | None, *, verified: bool) -> "Viewer":
    """Who asks. Raises NotFound for an unknown customer, UserError for --verified without one."""
    from rapport.errors import NotFound, UserError
    from rapport.types import Identity, Viewer

    if customer is None:
        if verified:
            raise UserError("--verified needs a customer.", hint="Add --customer ID.")
        return Viewer()
    found = place.store.find_customer(customer)
    if found is None:
        raise NotFound(f"there is no customer '{customer}'.", hint="Give the id or the e-mail of an imported customer.")
    return Viewer(customer_id=found.id, identity=Identity.VERIFIED if verified else Identity.CLAIMED)


def as_dict(turn: "Turn", *, explain: bool = False) -> dict[str, Any]:
    """The turn as acceptance reads it; with explain, also what led to it."""
    asks = turn.understanding.asks
    data: dict[str, Any] = {
        "reply": turn.reply.text if turn.reply else None,
        "decision": turn.decisions[0].kind,
        "intent": asks[0].intent,
        "in_scope": round(asks[0].in_scope, 4),
        "sentiment": round(turn.understanding.sentiment, 4),
        "citations": [
            {"id": item.id, "title": item.title, "url": item.url}
            for item in (turn.reply.citations if turn.reply else ())
        ],
        "state": turn.state.value,
        "ms": {stage: round(value, 2) for stage, value in turn.ms.items()},
    }
    if explain:
        data["explain"] = {
            "language": turn.understanding.language,
            "asks": [
                {
                    "text": ask.text,
                    "query": ask.query,
                    "intent": ask.intent,
                    "confidence": round(ask.confidence, 4),
                    "alternatives": [[name, round(value, 4)] for name, value in ask.alternatives],
                }
                for ask in asks
            ],
            "decisions": [{"kind": item.kind, "rule": item.rule, "reason": item.reason} for item in turn.decisions],
            "tools": [{"tool": item.tool, "found": item.found, "record": item.record} for item in turn.tools],
            "hits": [
                {"id": hit.passage.id, "title": hit.passage.title, "score": round(hit.score, 4), "via": hit.via}
                for hit in turn.hits
            ],
            "models": dict(turn.models),
            "index": turn.index_version,
        }
    return data


def render(data: dict[str, Any], *, explain: bool = False) -> None:
    """Print a reply for a person: text, then sources, then on request the reasons."""
    out = console()
    out.print(data["reply"] or "(a person is answering this conversation)", markup=False)
    for number, citation in enumerate(data["citations"], start=1):
        link = f" {citation['url']}" if citation["url"] else ""
        out.print(f"  [{number}] {citation['title']}{link}", style="dim", markup=False)
    if explain:
        for title, rows in explained(data):
            out.print(f"\n{title}", style="bold", markup=False)
            for row in rows or ["nothing"]:
                out.print(f"  {row}", markup=False, highlight=False, soft_wrap=True)


def explained(data: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """How an answer came about, as headings with lines below them."""
    facts = data["explain"]
    read = []
    for ask in facts["asks"]:
        others = ", ".join(f"{name} {share:.2f}" for name, share in ask["alternatives"] if share >= SHOWN)
        also = f"; or {others}" if others else ""
        completed = f" (read as: {ask['query']})" if ask["query"] != ask["text"] else ""
        read.append(f"{ask['text']}{completed}: {ask['intent']} {ask['confidence']:.2f}{also}")
    message = (
        f"language {facts['language']}, in scope {data['in_scope']:.2f}, sentiment {data['sentiment']:+.2f}, "
        f"state {data['state']}"
    )
    found = {True: "found", False: "not found"}
    return [
        ("Understood", [message, *read]),
        ("Decided", [f"{one['kind']} ({one['rule']}): {one['reason']}" for one in facts["decisions"]]),
        (
            "Looked up",
            [f"{one['tool']} {one['record'] or ''}".strip() + f": {found[one['found']]}" for one in facts["tools"]],
        ),
        ("Passages", [f"{one['score']:.3f} {one['title']} ({one['id']}, {one['via']})" for one in facts["hits"]]),
        ("Models", [f"{role}: {name}" for role, name in facts["models"].items()] + [f"index: {facts['index']}"]),
        ("Milliseconds", [", ".join(f"{stage} {value:g}" for stage, value in data["ms"].items())]),
    ]

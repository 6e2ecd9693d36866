"""`rapport index build|update|info|search`: the index over the records."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, RayOption, console, emit, opened, progress_bar

app = typer.Typer(help="Build, update and search the index over the records.", no_args_is_help=True)


@app.command("build")
def build(ray: RayOption = False, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Build the index from the records anew."""
    _make(home, as_json, ray=ray, anew=True)


@app.command("update")
def update(ray: RayOption = False, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Bring the index up to the records: only what changed is encoded."""
    _make(home, as_json, ray=ray, anew=False)


def _make(home: Path | None, as_json: bool, *, ray: bool, anew: bool) -> None:
    with opened(home) as place:
        from rapport.models import load_encoder
        from retrieval import sync
        from retrieval.embed_ray import RayEncoder

        encoder = RayEncoder(place.settings.encoder) if ray else load_encoder(place.settings.encoder)
        make = sync.build if anew else sync.update
        with progress_bar(quiet=as_json) as bar:
            report = make(place.home, place.store, encoder=encoder, settings=place.settings.retrieval, progress=bar)
        emit(asdict(report), as_json, _render)


@app.command("info")
def info(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say what the index holds and how far it is behind the records."""
    with opened(home) as place:
        from retrieval import sync

        emit(asdict(sync.info(place.home, place.store)), as_json, _render)


@app.command("search")
def search(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    customer: Annotated[str | None, typer.Option(help="Search as this verified customer.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", help="How many passages.", min=1, max=100)] = 5,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search as a customer would: public passages, and with --customer that person's own."""
    with opened(home) as place:
        from rapport.models import load_encoder
        from retrieval import sync
        from ui.commands.ask import find_viewer

        viewer = find_viewer(place, customer, verified=customer is not None)
        searcher = sync.ensure(
            place.home,
            place.store,
            encoder=load_encoder(place.settings.encoder),
            settings=place.settings.retrieval,
        )
        found = searcher.search(text, viewer, k=k)
        hits = [
            {
                "rank": hit.rank,
                "score": round(hit.score, 4),
                "via": hit.via,
                "id": hit.passage.id,
                "title": hit.passage.title,
                "text": hit.passage.text,
            }
            for hit in found.hits
        ]
        emit({"answerable": round(found.answerable, 4), "hits": hits}, as_json, _render_hits)


def _render(report: dict[str, Any]) -> None:
    for name, value in report.items():
        console().print(f"{name.replace('_', ' '):>18}  {value}", markup=False)


def _render_hits(data: dict[str, Any]) -> None:
    out = console()
    for hit in data["hits"]:
        out.print(f"{hit['rank']:>2}  {hit['score']:.3f}  {hit['via']:<8} {hit['title']}", markup=False)
        out.print(f"      {hit['text'][:160]}", style="dim", markup=False)
    out.print(f"answerable: {data['answerable']:.2f}")

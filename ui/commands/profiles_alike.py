"""`rapport profiles alike`: the customers who are most like one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened
from ui.commands.profiles_train_home import AsOfOption


def command(
    customer: Annotated[str, typer.Argument(help="Key, source id or e-mail of the customer.")],
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many to name.")] = 5,
    into: Annotated[Path | None, typer.Option("--into", metavar="FOLDER", help="Keep the embedding there.")] = None,
    as_of: AsOfOption = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 42,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the customers who behave most like one, for colleagues; never for the customer."""
    from profiles.buying import Shelf
    from profiles.embedding import EmbeddingPlan, Lookalikes, fit_embedding
    from profiles.features import feature_table
    from profiles.reading import outlier_limit
    from profiles.tastes import with_tastes
    from ui.commands.profiles_home import home_history
    from ui.commands.profiles_show import find

    with opened(home) as place, console(stderr=True).status("comparing customers"):
        who = find(place.store, customer)
        history, day = home_history(place, as_of)
        categories = Shelf.of(place.store).category
        place.store.audit("staff", "read_profile", subject=who.id)
        table = feature_table(history, day, limit=outlier_limit(history), categories=categories)
        table = with_tastes(table, history, day, categories)
        embedder = fit_embedding(table, EmbeddingPlan(seed=seed))
        if into is not None:
            embedder.save(into)
        found = Lookalikes(customers=table.ids, vectors=embedder.embed(table)).alike(str(who.id), count)
        names = {id: find(place.store, id).name for id, _ in found}
    alike: list[dict[str, Any]] = [
        {"customer": id, "name": names[id], "likeness": round(value, 4)} for id, value in found
    ]
    emit({"customer": who.id, "name": who.name, "alike": alike}, as_json, _render)


def _render(told: dict[str, Any]) -> None:
    out = console()
    out.print(f"most like {told['name']} ({told['customer']}):", markup=False)
    for one in told["alike"]:
        out.print(f"  {one['likeness']:.2f}  {one['name']} ({one['customer']})", markup=False)

"""`rapport profiles recommend`: which products to suggest to a customer, with the reason for each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened
from ui.commands.profiles_train_purchases import MapOption, RateOption

if TYPE_CHECKING:
    from profiles.recommend import Recommender, Suggestion


def command(
    customer: Annotated[
        str | None, typer.Argument(help="Key, source id or e-mail; without it, what a new customer is shown.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many products.")] = 10,
    beside: Annotated[
        str | None, typer.Option("--with", metavar="PRODUCT", help="What goes with this product instead.")
    ] = None,
    transactions: Annotated[
        Path | None, typer.Option("--transactions", help="Learn from a file of purchases instead of the home's.")
    ] = None,
    map: MapOption = None,
    rate: RateOption = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 42,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suggest products to a customer, for colleagues: the score, what speaks for each, and which purchase led to it.

    Of a home only what can be bought today is suggested.
    """
    if transactions is not None:
        told = _of_file(transactions, (map, rate), (customer, beside), k=k, seed=seed)
    else:
        told = _of_home(home, (customer, beside), k=k, seed=seed)
    emit(told, as_json, _render)


def _of_home(home: Path | None, asked: tuple[str | None, str | None], *, k: int, seed: int) -> dict[str, Any]:
    from profiles.predictor import load_predictor
    from profiles.recommend_home import at_home, fit_home
    from profiles.score import moment_of_records
    from rapport.models import load_encoder
    from rapport.registry import PROFILES, current
    from ui.commands.profiles_show import find

    customer, beside = asked
    with opened(home) as place:
        who = find(place.store, customer) if customer else None
        trained = load_predictor(place.home, place.store) if current(place.home, PROFILES) else None
        if trained is not None and trained.recommender is not None:
            made = at_home(trained.recommender, place.store)
        else:
            made = fit_home(
                place.store, as_of=moment_of_records(place.store, datetime.now(UTC)), seed=seed,
                encoder=load_encoder(place.settings.encoder), progress=_say,
            )  # fmt: skip
        if who is not None:
            place.store.audit("staff", "read_profile", subject=who.id)
    found = made.goes_with(_key(beside, made.shop.groups), k) if beside else made.suggest([who.id if who else ""], k)[0]
    rows = [{**_row(one, made.shop.names), "offer": made.shop.offers.get(one.product)} for one in found]
    return _told(who.id if who else None, beside, rows, made.recommender)


def _key(product: str, groups: Mapping[str, str]) -> str:
    """The group or key that was meant. Raises NotFound for one that the shop lacks."""
    from rapport.errors import NotFound

    if product in groups or product in groups.values():
        return product
    ending = [key for key in groups if key.endswith(f":{product}")]
    if not ending:
        raise NotFound(f"there is no product '{product}'.", hint="Give the key of a product, or its group.")
    return ending[0]


def _of_file(path: Path, columns: tuple[list[str] | None, list[str] | None], asked: tuple[str | None, str | None], *,
             k: int, seed: int) -> dict[str, Any]:  # fmt: skip
    from profiles.recommend import fit_recommender
    from profiles.recommend_home import home_plan
    from profiles.transaction_files import read_transactions
    from rapport.errors import NotFound
    from ui.commands.profiles_train_purchases import rates_of
    from ui.commands.train import field_columns

    customer, beside = asked
    mapping, rates = columns
    read = read_transactions(path, mapping=field_columns(mapping), rates=rates_of(tuple(rates or ())))
    for note in read.notes:
        _say(f"note: {note}")
    bought = read.transactions
    if customer and customer not in bought.customers:
        raise NotFound(f"{path.name} holds no purchase of '{customer}'.", hint="Give the customer as the file does.")
    recommender = fit_recommender(bought, home_plan(bought, seed=seed), progress=_say)
    if beside and beside not in recommender.products:
        raise NotFound(f"{path.name} holds no product '{beside}'.", hint="Give the product as the file does.")
    found = (
        recommender.goes_with([beside], k)
        if beside
        else recommender.recommend(bought, k, customers=[customer or ""])[0]
    )
    return _told(customer, beside, [_row(one, {}) for one in found], recommender)


def _say(sentence: str) -> None:
    console(stderr=True).print(sentence, markup=False)


def _row(one: "Suggestion", names: Mapping[str, str]) -> dict[str, Any]:
    from profiles.recommend_signals import WORDS

    led = None if one.because is None else names.get(one.because, one.because)
    return {
        "product": one.product,
        "name": names.get(one.product, one.product),
        "score": round(one.score, 6),
        "why": one.why,
        "because": one.because,
        "words": WORDS[one.why].format(product=led),
    }


def _told(customer: str | None, beside: str | None, rows: list[dict[str, Any]],
          recommender: "Recommender") -> dict[str, Any]:  # fmt: skip
    return {
        "customer": customer,
        "with": beside,
        "products": rows,
        "weights": {name: round(weight, 4) for name, weight in recommender.weights.items()},
        "tried": {name: round(value, 4) for name, value in recommender.dev.items()},
    }


def _render(told: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table("product", "name", "score", "why", box=None, padding=(0, 2, 0, 0))
    for row in told["products"]:
        table.add_row(Text(row["product"]), Text(row["name"]), f"{row['score']:.4f}", Text(row["words"]))
    out.print(table if told["products"] else "nothing is known to go with it")
    if told["tried"]:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in told["tried"].items())
        out.print(f"\non later purchases that were kept back: {figures}", markup=False)

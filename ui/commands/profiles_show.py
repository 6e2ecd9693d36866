"""`rapport profiles show`: a customer's profile in words, and what happened with them as a line of time."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.customer_profiles import CustomerProfile
    from rapport.records import Customer


def command(
    customer: Annotated[str, typer.Argument(help="Key, source id or e-mail of the customer.")],
    entries: Annotated[int, typer.Option("--entries", min=0, max=1000, help="Newest entries of the timeline.")] = 12,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain what is known and foreseen of a customer, for colleagues; never for the customer."""
    from profiles.describe import describe, draw_months
    from profiles.predictor import TRAIN
    from profiles.products import product_names
    from rapport.errors import NotFound

    with opened(home) as place:
        store = place.store
        who = find(store, customer)
        profile = store.profile(who.id)
        if profile is None:
            raise NotFound(f"customer '{who.id}' has no profile yet.", hint=f"{TRAIN}, then: rapport profiles score")
        happened = store.timeline(who.id, limit=1000)
        store.audit("staff", "read_profile", subject=who.id)
        names = product_names(store, profile)
    told: dict[str, Any] = {
        "name": who.name,
        "profile": profile_json(profile),
        "words": describe(profile, products=names),
        "drawn": draw_months(happened, until=profile.as_of),
        "timeline": [asdict(entry) for entry in happened[:entries]],
    }
    emit(told, as_json, _render)


def find(store: "Store", reference: str) -> "Customer":
    """The customer of that key, source id or e-mail. Raises NotFound."""
    from rapport.errors import NotFound

    found = store.find_customer(reference)
    if found is None:
        raise NotFound(f"there is no customer '{reference}'.", hint="Give the key, the source's id or the e-mail.")
    return found


def profile_json(profile: "CustomerProfile | None") -> dict[str, Any] | None:
    """A profile as JSON can tell it."""
    return None if profile is None else {**asdict(profile), "as_of": profile.as_of.isoformat(timespec="seconds")}


def _render(told: dict[str, Any]) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(told["name"], style="bold"))
    for sentence in told["words"]:
        out.print(sentence, markup=False)
    out.print()
    for line in told["drawn"]:
        out.print(line, markup=False)
    if told["timeline"]:
        out.print()
    for entry in told["timeline"]:
        day = entry["at"].date().isoformat() if entry["at"] else "no date   "
        out.print(f"{day}  {entry['kind'][:-1]:<12}  {entry['title']} {entry['status']}".rstrip(), markup=False)

"""How a setting is declared, and what is read from the ones that hold more than one value."""

from collections.abc import Callable
from dataclasses import field
from typing import Any


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    reads: Callable[[Any], object] | None = None,
) -> Any:
    """Declare one setting: its default, what it does, and which values it takes.

    reads: what makes sense of the value, for more than a range or a choice; it raises ValueError where it cannot.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "reads": reads}
    return field(default=default, metadata=metadata)


def networks(text: str) -> list[str]:
    """The networks in a list with commas between, each as address and prefix; a single address is one of its own.

    Raises ValueError for what is no network, and for one that holds every address.
    """
    from ipaddress import ip_network

    found = []
    for part in text.split(","):
        if part.strip():
            network = ip_network(part.strip(), strict=False)
            if not network.prefixlen:
                raise ValueError(f"'{part.strip()}' is everybody")
            found.append(str(network))
    return found


def rates(text: str) -> dict[str, float]:
    """Exchange rates in a list with commas between, such as USD=0.92. Raises ValueError for what is none."""
    found = {}
    for part in text.split(","):
        if part.strip():
            name, _, number = (piece.strip() for piece in part.partition("="))
            if not name or not number or not 0 < float(number) < float("inf"):
                raise ValueError(f"'{part.strip()}' is no rate such as USD=0.92")
            found[name.upper()] = float(number)
    return found

"""Which reply model is in use, and what a loader needs of it. Loads nothing itself."""

from dataclasses import dataclass
from typing import Literal, cast

from rapport.bases import base_of, is_adapter
from rapport.cards import read_card
from rapport.errors import CorruptArtifact, Refused
from rapport.paths import Home
from rapport.registry import REPLY, artifact_folder, current

Protocol = Literal["slots", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplySource:
    """A reply model as `TransformersChat` takes it.

    model: folder or hub id. adapter: folder of a PEFT adapter, or "". protocol: "slots" where it writes field names
    (see `prompts.fields`), "text" where it is given the evidence and writes the values.
    """

    name: str
    model: str
    adapter: str = ""
    protocol: Protocol = "slots"


def reply_source(home: Home) -> ReplySource | None:
    """The reply model in use; None where none was chosen, so that the setting agent.chat_model says who writes.

    Raises what `source_of` raises.
    """
    name = current(home, REPLY)
    return None if name is None else source_of(home, name)


def source_of(home: Home, name: str) -> ReplySource:
    """A reply model of the home by name, or the shipped one as "starter".

    Raises NotFound where it or the model that it stands on is gone, Refused where it is of another kind,
    CorruptArtifact where its files or its base are not what its card says.
    """
    folder = artifact_folder(home, name)
    card = read_card(folder)
    if card.kind != REPLY:
        raise Refused(f"'{name}' is a model for {card.kind}, not for {REPLY}.", hint="See: rapport models list")
    protocol = card.plan.get("protocol", "slots")
    if protocol not in ("slots", "text"):
        raise CorruptArtifact(f"'{name}' writes by the protocol {protocol!r}, which is not known.")
    adapted = is_adapter(card)
    return ReplySource(
        name=name,
        model=base_of(home.models, card) if adapted else str(folder),
        adapter=str(folder) if adapted else "",
        protocol=cast(Protocol, protocol),
    )

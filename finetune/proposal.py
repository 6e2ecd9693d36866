"""A proposal of intents: what clusters were found, and what the admin decided of each. Kept as one file of a home.

The file is JSON for people: a cluster after the other, then the members on a line each. It is replaced whole or not at
all. Writes no label itself; see `finetune.decisions`.
"""

import difflib
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from rapport.errors import CorruptArtifact, NotFound, Refused, UserError
from rapport.paths import Home

State = Literal["proposed", "accepted", "rejected"]
TICKETS = "tickets"
SHOWN, AT_EDGE = 5, 2  # examples of a cluster
_LISTS = ("members", "labelled")  # long, so they stand at the end of the file
_NEXT = ",\n"
AGAIN = "Make it again: rapport tickets cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One proposed intent.

    id: c1 is the largest. examples: masked texts next to its centre; edge: some of those farthest from it.
    members: keys of tickets or row numbers, the most typical first. labelled: those that got the name as their label.
    """

    id: str
    name: str
    state: State = "proposed"
    keywords: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All clusters of one run.

    source: "tickets" or the path of a file with this sha256. out: where the labelled rows of that file go, or "".
    different: how many texts are not the same. fitted_on: how many of these the clusters were found on.
    """

    source: str
    made_at: str
    encoder: str
    texts: int
    different: int
    fitted_on: int
    unclustered: int
    sha256: str = ""
    out: str = ""
    clusters: tuple[Cluster, ...] = field(default=())

    def find(self, ref: str) -> Cluster:
        """The cluster with that id or name. Raises NotFound with the nearest one."""
        for cluster in self.clusters:
            if ref in (cluster.id, cluster.name):
                return cluster
        known = [name for cluster in self.clusters for name in (cluster.name, cluster.id)]
        near = difflib.get_close_matches(ref, known, n=1, cutoff=0.5)
        raise NotFound(
            f"there is no cluster '{ref}'.{f' Did you mean {near[0]}?' if near else ''}",
            hint="See: rapport tickets clusters",
        )

    def with_cluster(self, cluster: Cluster) -> "Proposal":
        """The same with a cluster in place of the one with its id."""
        return replace(self, clusters=tuple(cluster if one.id == cluster.id else one for one in self.clusters))

    def renamed(self, ref: str, name: str) -> "Proposal":
        """The same with another name for a cluster. Raises Refused where another cluster has it."""
        cluster = self.find(ref)
        for other in self.clusters:
            if name in (other.name, other.id) and other.id != cluster.id:
                raise Refused(
                    f"cluster {other.id} is called '{name}' already.",
                    hint=f"Put them together: rapport tickets merge {other.id} {cluster.id} --name {name}",
                )
        return self.with_cluster(replace(cluster, name=name))

    def merged(self, refs: Sequence[str], name: str) -> "Proposal":
        """The same with several clusters as one, in the place of the first. Raises Refused for fewer than two."""
        parts = list(dict.fromkeys(self.find(ref).id for ref in refs))
        if len(parts) < 2:
            raise Refused("a merge needs two different clusters or more.", hint="See: rapport tickets clusters")
        first, *others = (self.find(part) for part in parts)
        whole = replace(
            first,
            state="accepted" if all(one.state == "accepted" for one in (first, *others)) else "proposed",
            keywords=_alternating([one.keywords for one in (first, *others)])[: len(first.keywords)],
            examples=_alternating([one.examples for one in (first, *others)])[:SHOWN],
            edge=_alternating([one.edge for one in (first, *others)])[:AT_EDGE],
            members=_alternating([one.members for one in (first, *others)]),
            labelled=tuple(key for one in (first, *others) for key in one.labelled),
        )
        left = tuple(one for one in self.clusters if one.id not in parts[1:])
        return replace(self, clusters=left).with_cluster(whole).renamed(first.id, name)


def proposal_file(home: Home) -> Path:
    """Where a home keeps its proposal."""
    return home.root / "labels" / "clusters.json"


def save_proposal(home: Home, proposal: Proposal) -> None:
    """Replace the home's proposal, readable by its owner alone."""
    head = {item.name: getattr(proposal, item.name) for item in fields(proposal) if item.name != "clusters"}
    shown = [
        {"id": one.id, "name": one.name, "size": one.size, "state": one.state}
        | {name: getattr(one, name) for name in ("keywords", "examples", "edge")}
        for one in proposal.clusters
    ]
    text = json.dumps({**head, "clusters": shown}, indent=2, ensure_ascii=False).rstrip("}\n")
    for name in _LISTS:
        lists = {one.id: getattr(one, name) for one in proposal.clusters}
        lines = ",\n".join(
            f"    {json.dumps(id)}: {json.dumps(keys, ensure_ascii=False)}" for id, keys in lists.items()
        )
        text += f',\n  "{name}": {{\n{lines}\n  }}'
    write_whole(proposal_file(home), f"{text}\n}}\n")


def load_proposal(home: Home) -> Proposal:
    """The home's proposal. Raises NotFound where there is none, CorruptArtifact where it cannot be read."""
    path = proposal_file(home)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: content.pop(name) for name in _LISTS}
        shown = content.pop("clusters")
        clusters = tuple(_cluster(one, {name: lists[name][one["id"]] for name in _LISTS}) for one in shown)
        return Proposal(**content, clusters=clusters)
    except FileNotFoundError:
        raise NotFound("no clusters have been proposed yet.", hint="Run: rapport tickets cluster") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptArtifact(f"{path} cannot be read ({error}).", hint=AGAIN) from error


def summary(cluster: Cluster) -> dict[str, Any]:
    """A cluster without its long lists, as the commands print it."""
    shown = {name: value for name, value in asdict(cluster).items() if name not in _LISTS}
    return {"id": shown.pop("id"), "name": shown.pop("name"), "size": cluster.size, **shown}


def write_whole(path: Path, text: str) -> None:
    """Write a private file so that a kill leaves the old one or the new one. Raises UserError where it cannot."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}).", hint="Name another place, or change its permissions."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _cluster(shown: dict[str, Any], lists: dict[str, list[str]]) -> Cluster:
    values: dict[str, Any] = {name: value for name, value in shown.items() if name != "size"} | lists
    tuples: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
    return Cluster(**tuples)


def _alternating(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The first of each, then the second of each, and so on; each once."""
    longest = max((len(one) for one in lists), default=0)
    return tuple(dict.fromkeys(one[place] for place in range(longest) for one in lists if place < len(one)))

"""Propose intents for what has none, and carry out what the admin decides of each proposal.

Tickets get their label in the store; for a file of texts, the labelled rows go to another file that follows every
decision. Decisions may be repeated: a label that stands is never replaced by accepting.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.cluster import Progress, find_clusters
from finetune.cluster_names import name_groups
from finetune.openings import Opening, openings, request_of, texts_of_file
from finetune.proposal import AT_EDGE, SHOWN, TICKETS, Cluster, Proposal, load_proposal, save_proposal, write_whole
from finetune.ticket_labels import check_name, set_intent, without_intent
from rapport.errors import Refused, UserError
from rapport.heads import base_name
from rapport.paths import Home
from rapport.records import RecordKind

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.models import Encoder


@dataclass(frozen=True, slots=True)
class Decided:
    """The proposal after a decision, the cluster it was about, and how many tickets' labels changed."""

    proposal: Proposal
    cluster: Cluster
    changed: int


def propose_for_tickets(
    home: Home, store: "Store", *, encoder: "Encoder", progress: Progress | None = None
) -> Proposal:
    """Group the tickets without an intent by their first message. Raises UserError where there is none."""
    found = list(openings(store, read=request_of))
    bare = [one for one in found if not one.label]
    if not bare:
        labelled = f"all {len(found):,} tickets with a customer's message have an intent already"
        silent = f"none of {store.count(RecordKind.TICKETS):,} tickets holds a customer's message"
        raise UserError(
            f"{labelled if found else silent}; there is nothing to group.",
            hint="Import tickets: rapport import tickets FILE",
        )
    return _propose(home, bare, _blank(TICKETS, bare, encoder), encoder, progress)


def propose_for_file(
    home: Home, path: Path, *, out: Path | None, encoder: "Encoder", progress: Progress | None = None
) -> Proposal:
    """Group the texts of a file; with `out`, its rows go there labelled by their clusters' names."""
    if out is not None:
        _check_out(out, path)
    rows = [Opening(one.id, text) for one in texts_of_file(path) if (text := request_of(one.text))]
    blank = replace(
        _blank(str(path.absolute()), rows, encoder), sha256=_sha256(path), out=str(out.absolute()) if out else ""
    )
    proposal = _propose(home, rows, blank, encoder, progress)
    _follow(proposal, _labelled_rows(proposal))
    return proposal


def accept(home: Home, store: "Store | None", ref: str, *, name: str | None = None) -> Decided:
    """Take a cluster as an intent: its tickets without a label get its name."""
    if name is not None:
        rename(home, store, ref, name)
    proposal = load_proposal(home)
    cluster = proposal.find(name or ref)
    check_name(cluster.name)
    bare = without_intent(store, cluster.members) if store is not None else []
    cluster = replace(cluster, state="accepted", labelled=tuple(dict.fromkeys((*cluster.labelled, *bare))))
    # The proposal first: if the labels are cut off half-way, accepting again writes the rest and still knows all.
    proposal = _keep(home, proposal.with_cluster(cluster))
    changed = len(set_intent(store, bare, cluster.name)) if store is not None else 0
    return Decided(proposal, cluster, changed)


def rename(home: Home, store: "Store | None", ref: str, name: str) -> Decided:
    """Give a cluster another name; tickets that got the old one as their label get the new one."""
    check_name(name)
    proposal = load_proposal(home)
    before = proposal.find(ref)
    after = proposal.renamed(ref, name)
    changed = _relabel(store, [before], name)
    return Decided(_keep(home, after), after.find(before.id), changed)


def merge(home: Home, store: "Store | None", refs: Sequence[str], *, name: str) -> Decided:
    """Make one cluster of several; tickets labelled by one of them get the new name."""
    check_name(name)
    proposal = load_proposal(home)
    after = proposal.merged(refs, name)
    changed = _relabel(store, [proposal.find(ref) for ref in dict.fromkeys(refs)], name)
    return Decided(_keep(home, after), after.find(name), changed)


def reject(home: Home, store: "Store | None", ref: str) -> Decided:
    """Take no intent from a cluster; labels that accepting it wrote are taken off again."""
    proposal = load_proposal(home)
    cluster = proposal.find(ref)
    changed = _relabel(store, [cluster], "")
    cluster = replace(cluster, state="rejected", labelled=())
    return Decided(_keep(home, proposal.with_cluster(cluster)), cluster, changed)


def _blank(source: str, rows: Sequence[Opening], encoder: "Encoder") -> Proposal:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Proposal(
        source=source, made_at=now, encoder=base_name(encoder), texts=len(rows), different=0, fitted_on=0, unclustered=0
    )


def _propose(
    home: Home, rows: Sequence[Opening], blank: Proposal, encoder: "Encoder", progress: Progress | None
) -> Proposal:
    found = find_clusters([one.text for one in rows], encoder, progress=progress)
    members = [[rows[place] for place in found.members(group)] for group in range(found.count)]
    names = name_groups([[one.text for one in group] for group in members])
    clusters = tuple(
        Cluster(
            id=f"c{number}",
            name=naming.name,
            keywords=naming.keywords,
            examples=_different(group)[:SHOWN],
            edge=_different(group)[SHOWN:][-AT_EDGE:],
            members=tuple(one.id for one in group),
        )
        for number, (group, naming) in enumerate(zip(members, names, strict=True), start=1)
    )
    proposal = replace(
        blank,
        different=found.different,
        fitted_on=found.fitted_on,
        unclustered=len(rows) - sum(cluster.size for cluster in clusters),
        clusters=clusters,
    )
    save_proposal(home, proposal)
    return proposal


def _different(group: Sequence[Opening]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.text for one in group))


def _relabel(store: "Store | None", clusters: Sequence[Cluster], name: str) -> int:
    if store is None:
        return 0
    return sum(len(set_intent(store, one.labelled, name, instead_of=one.name)) for one in clusters if one.name != name)


def _keep(home: Home, proposal: Proposal) -> Proposal:
    rows = _labelled_rows(proposal)  # first: where the file has changed, nothing is kept
    save_proposal(home, proposal)
    _follow(proposal, rows)
    return proposal


def _follow(proposal: Proposal, rows: Sequence[str]) -> None:
    if proposal.out:
        write_whole(Path(proposal.out), "".join(rows))


def _labelled_rows(proposal: Proposal) -> list[str]:
    """The rows of a file's proposal as JSON lines: all clusters but the rejected ones, in the file's order."""
    if not proposal.out:
        return []
    source = Path(proposal.source)
    if not source.is_file() or _sha256(source) != proposal.sha256:
        raise Refused(
            f"{source} is not the file any more that the clusters were found in.",
            hint=f"Group it again: rapport tickets cluster --from-file {source} --out {proposal.out}",
        )
    label = {row: one.name for one in proposal.clusters if one.state != "rejected" for row in one.members}
    rows = ({"text": one.text, "label": label[one.id]} for one in texts_of_file(source) if one.id in label)
    return [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]


def _check_out(out: Path, source: Path) -> None:
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise UserError(f"{out} cannot be written: it is a folder, or its folder is not there.", hint="Name a file.")
    if out.absolute() == source.absolute():
        raise UserError(f"--out {out} would replace the texts themselves.", hint="Name another file.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

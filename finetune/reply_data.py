"""The rows that a reply model is trained on: from a file or from tickets, and those that it knows already."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.reply_examples import Asked, Examples, examples_of
from finetune.reply_rows import read_rows
from rapport.bases import STARTER_FOLDER
from rapport.errors import DataError, NotFound
from rapport.records import RecordKind
from rapport.replies import ReplySource

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.settings import EncoderSettings

OLD_MEASURED = 200


def rows_of_file(path: Path) -> list[dict[str, Any]]:
    """The rows of a file. Raises NotFound for no file, BadRow for a wrong line, DataError for none."""
    rows = read_rows(path)
    if not rows:
        raise DataError(f"{path} has no row.", hint="Write one JSON object a line, with messages.")
    return rows


def rows_of_tickets(store: "Store", asked: Asked | None) -> Examples:
    """The rows of all tickets of a home. Raises NotFound where there is none."""
    if not store.count(RecordKind.TICKETS):
        raise NotFound(
            "there are no tickets to learn from.", hint="Run: rapport import tickets PATH, or give rows with --data"
        )
    return examples_of(store, asked=asked)


def asked_by(source: ReplySource, settings: "EncoderSettings") -> Asked | None:
    """What finds the topic of a message when this model serves; None where nothing beside it tells topics."""
    from rapport.classifiers import Suite
    from rapport.models import load_encoder
    from rapport.topics import FILE, load_topics

    if not (Path(source.model) / FILE).is_file():
        return None
    encoder = load_encoder(settings)
    topics = load_topics(Path(source.model), encoder)
    if topics is None:
        return None
    suite = Suite(encoder, {"topics": topics.classifier})
    return lambda texts: [one.likeliest for one in topics.asked(suite.read(texts).outputs["topics"].probabilities)]


def old_rows(source: ReplySource, count: int, *, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows that the starter was made from, and some in phrases it never learnt; none for another model."""
    from finetune.starter.grammar import rows

    if Path(source.model) != STARTER_FOLDER:
        return [], []
    return list(rows(seed, count)), list(rows(seed + 1, OLD_MEASURED, held_out=True))

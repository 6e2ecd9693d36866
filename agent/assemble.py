"""Put an agent together from a home: records, encoder, heads, index, tools and writers."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from agent.act import Tools
from agent.catalogue import Catalogue
from agent.check import Checker
from agent.compose import Composer
from agent.desk import Desk
from agent.extract import Extractor
from agent.facts import Limits
from agent.identify import fact_names
from agent.own_trade import OwnTrade
from agent.profile_use import ProfileUse
from agent.thread import utc_now
from agent.turn import Agent, Clock, Parts
from agent.writer import GroundedComposer, Writer, load_writer
from crm.store import Store
from prompts.render import rules
from rapport.affairs import shipped_affairs
from rapport.errors import NotFound
from rapport.paths import Home
from rapport.records import Article, RecordKind
from rapport.settings import Settings
from rapport.wishes import shipped_wishes

if TYPE_CHECKING:
    from agent.heads import Heads
    from agent.understand import Understander
    from rapport.escalation import Thresholds
    from rapport.models import Encoder
    from rapport.topics import Topics

__all__ = ["Agent", "open_agent"]


def open_agent(home: Home, settings: Settings, *, store: Store | None = None, clock: Clock = utc_now) -> Agent:
    """The agent of a home, ready to answer.

    store: an open one to share; without it the home's own is opened. An index that is damaged or of another encoder
    is rebuilt from the records. Raises SettingsError, MissingPackage, or NotFound where no heads were fitted.
    """
    from rapport.models import load_encoder
    from retrieval import sync

    writer = load_writer(settings, home)  # first: a wrong setting should not cost the loading of the models
    if store is None:
        store = Store.open(settings.database_url(home), busy_timeout_ms=settings.database.busy_timeout_ms)
    encoder = load_encoder(settings.encoder)
    searcher = sync.ensure(home, store, encoder=encoder, settings=settings.retrieval)
    understander, models = load_understander(home, store, encoder, knows=searcher.knows)
    catalogue, limits = Catalogue(store), limits_of(settings)
    extractor = Extractor(encoder.encode, searcher.sentences, article=partial(article_text, store))
    return Agent(
        Parts(
            store=store,
            settings=settings,
            understander=understander,
            searcher=searcher,
            trade=OwnTrade(understander.suite, limits),
            tools=Tools(store, catalogue),
            composer=Composer(company=settings.company, facts=fact_names(settings.verify), extractor=extractor),
            desk=Desk(
                GroundedComposer(), Checker(catalogue), writer=writer, seconds=settings.agent.chat_timeout_seconds
            ),
            limits=limits,
            clock=clock,
            models={**models, "encoder": encoder.name, "chat": _named(settings, writer)},
            profiles=ProfileUse(store, home=home),
            affairs=shipped_affairs(encoder),
            wishes=shipped_wishes(encoder),
        )
    )


def _named(settings: Settings, writer: Writer | None) -> str:
    """What writes, for the trace: of our own models the one that is in use."""
    return writer.name if settings.chat_model == "starter" and writer is not None else settings.chat_model


def load_understander(
    home: Home, store: Store, encoder: "Encoder", *, knows: Callable[[str], bool]
) -> tuple["Understander", dict[str, str]]:
    """The understander with the heads in use, and their names by role. Raises NotFound where none were fitted.

    knows: whether the company's own public records use a word, given its stem.
    """
    from agent.number_shapes import StoreShapes
    from agent.strange_words import StrangeWords
    from agent.understand import Understander
    from agent.worth import StoreWorth

    heads, names = load_heads(home, encoder)
    understander = Understander(
        heads, least=thresholds(), shapes=StoreShapes(store), worth=StoreWorth(store), topics=topics_for(encoder),
        words=StrangeWords(knows) if heads.knows_trades else None,
    )  # fmt: skip
    return understander, names


def topics_for(encoder: "Encoder") -> "Topics | None":
    """What tells the topics of an order, shipped with the starter; None where another encoder is in use."""
    from rapport.bases import STARTER_FOLDER
    from rapport.topics import load_topics

    return load_topics(STARTER_FOLDER, encoder)


def load_heads(home: Home, encoder: "Encoder") -> tuple["Heads", dict[str, str]]:
    """The classifiers in use and their names by role. Raises NotFound where none were fitted."""
    from agent.heads import Heads
    from rapport.classifiers import Suite, load_classifier
    from rapport.heads import load_head
    from rapport.registry import ROLES, SHARED_ROLES, artifact_folder, current

    names: dict[str, str] = {}
    for role in ROLES:
        name = current(home, role)
        if name is None:
            raise NotFound(f"no {role} model is in use in {home.root}.", hint="Run: rapport init")
        names[role] = name
    folders = {role: artifact_folder(home, name) for role, name in names.items()}
    suite = Suite(encoder, {role: load_classifier(folders[role], encoder) for role in SHARED_ROLES})
    return Heads(suite, escalation=load_head(folders["escalation"]), finished=load_head(folders["finished"])), names


def thresholds() -> "Thresholds":
    """The least probabilities of the escalation levels, from `prompts/rules.toml`."""
    from rapport.escalation import Thresholds

    least = rules()["thresholds"]
    return Thresholds(escalate=least["escalate"], offer=least["offer"])


def article_text(store: Store, key: str) -> str:
    """The whole text of a public article as it stands now; "" for anything else."""
    record = store.get(RecordKind.ARTICLES, key)
    return record.text if isinstance(record, Article) and record.visibility == "public" else ""


def limits_of(settings: Settings) -> Limits:
    """The thresholds in force, from the settings and `prompts/rules.toml`."""
    least = rules()["thresholds"]
    return Limits(
        in_scope=settings.agent.in_scope,
        confidence=settings.agent.confidence,
        answerable=settings.retrieval.answerable,
        sure_article=least["sure_article"],
        person=least["person"],
        finished=least["finished"],
        clarify=settings.agent.clarify_limit,
        attempts=settings.verify.attempts,
    )

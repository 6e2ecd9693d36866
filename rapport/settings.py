"""Read, validate and explain the settings of one home (`rapport.toml`).

Every setting is a field here with a default, a range and a sentence of help. A misspelt name or a value out of
range raises SettingsError with the nearest right name or the range; nothing is corrected in silence.
"""

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from rapport.errors import SettingsError
from rapport.paths import Home
from rapport.settings_kinds import networks, rates, setting

DATABASE_URL_VARIABLE = "RAPPORT_DATABASE_URL"
CHAT_MODEL_VARIABLE = "RAPPORT_CHAT_MODEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    name: str = setting("our shop", "The name that the agent uses for the company.")
    contact_hours: str = setting("Monday to Friday, 9:00 to 18:00", "When people answer; said at a handover.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    url: str = setting("", f"SQLAlchemy URL of the records; empty: SQLite in the home. {DATABASE_URL_VARIABLE} wins.")
    busy_timeout_ms: int = setting(10_000, "How long a writer waits for another one.", low=0, high=600_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    path: str = setting("", "Folder of a sentence-transformers model; empty: cache, hub or the installed package.")
    dtype: str = setting("auto", "Number format of the encoder.", choices=("auto", "float32", "bfloat16"))
    threads: int = setting(0, "CPU threads for models; 0: as many as there are cores.", low=0, high=256)
    batch: int = setting(64, "Texts in one encoder batch.", low=1, high=4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalSettings:
    chunk_words: int = setting(120, "Aim of a passage's length in words.", low=20, high=1000)
    hnsw_above: int = setting(20_000, "Passages above which FAISS searches an HNSW graph.", low=100, high=10_000_000)
    answerable: float = setting(
        0.5, "Least probability that the passages answer; below it the agent abstains.", low=0.0, high=1.0
    )
    sync_seconds: float = setting(5.0, "How often the server brings the index up to the records.", low=0.1, high=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings:
    facts: str = setting("email,postcode", "Customer fields that must all match before somebody counts as verified.")
    attempts: int = setting(5, "Failed matches in one conversation before a person takes over.", low=1, high=20)
    attempts_an_hour: int = setting(
        10,
        "Failed matches for one e-mail in an hour, over all conversations, before no more are compared.",
        low=1,
        high=1000,
    )
    secret: str = setting("", "Key (32 characters or more) of the site's signed identity tokens; empty: none accepted.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    chat_model: str = setting(
        "starter",
        "What writes replies: starter (the reply model in use), composer, openai:MODEL or transformers:MODEL. "
        f"{CHAT_MODEL_VARIABLE} wins.",
    )
    chat_adapter: str = setting("", "Folder or hub id of a LoRA adapter for transformers:MODEL.")
    chat_base_url: str = setting("", "Base URL of an OpenAI-compatible server for openai:MODEL.")
    chat_timeout_seconds: float = setting(
        20.0, "Longest wait for a chat model; then the composer answers.", low=0.1, high=600.0
    )
    in_scope: float = setting(
        0.6, "Least probability that a message is about the company's business.", low=0.0, high=1.0
    )
    confidence: float = setting(
        0.45, "Least calibrated probability of an intent to act on it unasked.", low=0.0, high=1.0
    )
    max_message_chars: int = setting(
        8_000, "Longest message taken; a longer one is refused with a hint.", low=100, high=1_000_000
    )
    wait_seconds: float = setting(
        2.0,
        "How long a message that looks unfinished waits for the next one; 0: not at all.",
        low=0,
        high=30,
    )
    clarify_limit: int = setting(2, "Times the agent asks back before it offers a person.", low=0, high=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    host: str = setting("127.0.0.1", "Address that the server listens on.")
    port: int = setting(8421, "Port that the server listens on.", low=0, high=65535)
    staff_token: str = setting("", "Bearer token of the staff routes; empty: made at init and kept in the home.")
    requests_per_minute: int = setting(600, "Requests that one address may send.", low=1, high=1_000_000)
    messages_per_minute: int = setting(30, "Messages that one conversation may send.", low=1, high=100_000)
    cors_origins: str = setting("", "Sites, with commas between, whose pages may call the API; empty: none.")
    trusted_proxies: str = setting(
        "",
        "Addresses or networks, with commas between, whose X-Forwarded-For is believed; empty: none.",
        reads=networks,
    )
    metrics: str = setting(
        "local",
        "Who reads /metrics: this machine and staff, staff alone, or all.",
        choices=("local", "staff", "public"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSettings:
    churn_days: int = setting(
        90, "A customer who does not order for so many days from now counts as lost.", low=7, high=730
    )
    active_days: int = setting(
        180, "Who has ordered in so many days counts as active; only they can be lost.", low=7, high=1460
    )
    contact_days: int = setting(30, "The contact risk is the chance of a message in so many days.", low=1, high=365)
    currency: str = setting("", "The currency that profiles tell money in; empty: the one of most orders.")
    rates: str = setting(
        "", "What other currencies are worth in it, such as USD=0.92,GBP=1.17; the others are left out.", reads=rates
    )
    live: bool = setting(True, "Whether the server renews a customer's profile after an event and a turn of theirs.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a home, by section."""

    company: CompanySettings = field(default_factory=CompanySettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    verify: VerifySettings = field(default_factory=VerifySettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    profiles: ProfileSettings = field(default_factory=ProfileSettings)

    def database_url(self, home: Home) -> str:
        """The SQLAlchemy URL in force: the environment's, the file's, else SQLite in the home."""
        return os.environ.get(DATABASE_URL_VARIABLE) or self.database.url or f"sqlite:///{home.database_file}"

    @property
    def chat_model(self) -> str:
        """The reply writer in force."""
        return os.environ.get(CHAT_MODEL_VARIABLE) or self.agent.chat_model


@dataclass(frozen=True, slots=True)
class Explained:
    """One setting as a person reads it."""

    name: str
    value: Any
    default: Any
    help: str
    secret: bool


def load_settings(home: Home) -> Settings:
    """Read the home's `rapport.toml`; a missing file means the defaults."""
    try:
        table = tomllib.loads(home.settings_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"{home.settings_file} cannot be read: {error}.", hint="Mend the line, or delete the file for defaults."
        ) from error
    return parse_settings(table, origin=home.settings_file)


def parse_settings(table: Mapping[str, Any], *, origin: Path | str = "settings") -> Settings:
    """Validate a nested table. Raises SettingsError for an unknown name, a wrong type or a value out of range."""
    sections = {item.name: item for item in fields(Settings)}
    _reject_unknown(table, sections, f"{origin}: section")
    built: dict[str, Any] = {}
    for name, values in table.items():
        section_type = typing.get_type_hints(Settings)[name]
        if not isinstance(values, Mapping):
            raise SettingsError(f"{origin}: {name} must be a section.", hint=f"Write [{name}] above its settings.")
        known = {item.name: item for item in fields(section_type)}
        _reject_unknown(values, known, f"{origin}: [{name}]")
        hints = typing.get_type_hints(section_type)
        built[name] = section_type(
            **{key: _checked(f"{name}.{key}", value, hints[key], known[key]) for key, value in values.items()}
        )
    return Settings(**built)


def explain(settings: Settings) -> Iterator[Explained]:
    """Every setting with its value, default and help, in the order of the file."""
    for section in fields(Settings):
        values = getattr(settings, section.name)
        for item in fields(values):
            yield Explained(
                name=f"{section.name}.{item.name}",
                value=getattr(values, item.name),
                default=item.default,
                help=item.metadata["help"],
                secret=item.name in ("secret", "staff_token"),
            )


def change_setting(home: Home, name: str, text: str) -> Settings:
    """Set one setting, given as `section.name` and text, keeping the file's comments. Returns what is now in force."""
    import tomlkit

    section_name, _, key = name.partition(".")
    known = {item.name: item for item in explain(Settings())}
    if name not in known:
        raise SettingsError(f"there is no setting '{name}'.{_nearest(name, known)}", hint="See: rapport settings")
    hint = typing.get_type_hints(typing.get_type_hints(Settings)[section_name])[key]
    load_settings(home)
    document = (
        tomlkit.parse(home.settings_file.read_text(encoding="utf-8"))
        if home.settings_file.exists()
        else (tomlkit.document())
    )
    table = document.setdefault(section_name, tomlkit.table())
    table[key] = _from_text(name, text, hint)
    settings = parse_settings(document.unwrap(), origin=home.settings_file)
    _write_private(home.settings_file, tomlkit.dumps(document))
    return settings


def _write_private(path: Path, text: str) -> None:
    """Replace a file that may hold secrets: whole, and never readable by others, not even for a moment."""
    temporary = path.with_suffix(".toml.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _from_text(name: str, text: str, hint: type | types.UnionType) -> Any:
    try:
        if hint is bool:
            return {"true": True, "false": False}[text.lower()]
        return hint(text) if hint in (int, float) else text  # type: ignore[operator]
    except (KeyError, ValueError):
        raise SettingsError(f"{name} = {text!r} is not {_kind(hint)}.") from None


def _kind(hint: Any) -> str:
    """What a setting's type is called."""
    kinds = {bool: "one of true and false", int: "a whole number", float: "a number", str: "text"}
    return kinds.get(hint, f"a {getattr(hint, '__name__', hint)}")


def _checked(name: str, value: Any, hint: Any, declared: Field[Any]) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise SettingsError(f"{name} = {value!r} is not {_kind(hint)}.", hint=declared.metadata["help"])
    low, high, choices = (declared.metadata[key] for key in ("low", "high", "choices"))
    if low is not None and not low <= value <= high:
        raise SettingsError(f"{name} = {value!r} is out of range.", hint=f"Give a value from {low} to {high}.")
    if choices and value not in choices:
        raise SettingsError(f"{name} = {value!r} is not known.", hint=f"Give one of: {', '.join(choices)}.")
    if (reads := declared.metadata["reads"]) is not None:
        try:
            reads(value)
        except ValueError as error:
            raise SettingsError(f"{name} = {value!r}: {error}.", hint=declared.metadata["help"]) from error
    return value


def _reject_unknown(given: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    for name in given:
        if name not in known:
            raise SettingsError(f"{where} has no '{name}'.{_nearest(name, known)}", hint="See: rapport settings")


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""

"""What went wrong with a database, in plain words with a hint. Translates driver errors; handles none."""

from crm.values import StoreBusy
from rapport.errors import BadRow, CorruptArtifact, DataError, RapportError, Refused, SettingsError, UserError

BOT_IS_SILENT = "rapport: no bot message while the state is human or closed"  # said by the trigger of the migration

# Both drivers name these classes alike; psycopg has one more for each cause.
_MISFIT = ("IntegrityError", "ForeignKeyViolation", "UniqueViolation", "NotNullViolation", "CheckViolation")
_BUSY = ("database is locked", "database table is locked", "lock timeout", "deadlock detected", "could not serialize")


def is_busy(error: BaseException) -> bool:
    """Whether another writer was in the way, so that the same call may succeed later."""
    return any(words in str(error) for words in _BUSY)


def explained(error: BaseException, name: str, *, busy_timeout_ms: int) -> RapportError:
    """The error of ours that says what a driver's error means. name: the database as a person knows it.

    error: the driver's own, not SQLAlchemy's, which repeats the parameters and so personal data.
    """
    said = (str(error).splitlines() or [type(error).__name__])[0]  # PostgreSQL's further lines name values
    kind = type(error).__name__
    if kind in ("UnicodeEncodeError", "OverflowError") or "NUL (0x00)" in said:
        return UserError(
            "a value cannot be kept: it is no valid Unicode, or too large.", hint="Mend it; nothing was kept."
        )
    if BOT_IS_SILENT in said:
        return Refused("a person owns this conversation or it is closed; the agent may not write in it.")
    if is_busy(error):
        return StoreBusy(
            f"{name} was busy for {busy_timeout_ms / 1000:g} s: another program is writing to it.",
            hint="Wait for it to finish, or raise database.busy_timeout_ms.",
        )
    if "not a database" in said:
        return DataError(f"{name} is not a database.", hint="Move the file away, or name another in database.url.")
    if "malformed" in said:
        return CorruptArtifact(f"{name} is damaged ({said}).", hint="Stop all programs and restore a backup.")
    if "readonly" in said or "read-only" in said or "permission denied" in said.lower():
        return SettingsError(f"{name} cannot be written ({said}).", hint="Change its permissions and its folder's.")
    if "disk is full" in said or "No space left" in said:
        return SettingsError(f"there is no room left for {name}.", hint="Free some space; nothing was lost.")
    if kind in _MISFIT:
        return BadRow(f"a row does not fit the others ({said}).", hint="Nothing of this call was kept.")
    if kind == "OperationalError":
        return SettingsError(f"{name} cannot be used ({said}).", hint="Check database.url, and that the server runs.")
    return DataError(f"{name} refused a statement ({said}).")

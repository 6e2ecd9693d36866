"""Bring a database to the schema that this code knows, or say why that cannot be. Knows no records."""

import logging
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from crm.database import Database
from crm.tables import SCHEMA, meta, metadata
from rapport.errors import DataError, SettingsError

log = logging.getLogger(__name__)

_VERSIONS = "alembic_version"


def ensure(database: Database) -> str:
    """Make or migrate the tables where needed, and give the database's id (made once).

    Raises SettingsError where the place cannot be written, DataError for a file that is no database, holds other
    tables, or was written by a newer Rapport.
    """
    if database.sqlite:
        _check_place(Path(str(database.url.database)))
    with database.read() as connection:
        current = _current(connection, database.name)
    if current != SCHEMA:
        with database.write_records() as connection:  # another process may have migrated meanwhile
            if _current(connection, database.name) != SCHEMA:
                _migrate(connection)
                log.info("database brought to schema %s", SCHEMA)
    with database.read() as connection:
        found: str | None = connection.execute(select(meta.c.value).where(meta.c.name == "store_id")).scalar()
    if found is None:
        raise DataError(f"{database.name} has lost its identity (table meta).", hint="Restore a backup.")
    return found


def _check_place(path: Path) -> None:
    folder = path.parent
    if os.path.isdir(path):  # unlike Path.is_dir, says no where it may not look
        raise SettingsError(f"{path} is a folder; the database must be a file.", hint="Mend database.url.")
    if not os.path.isdir(folder):
        raise SettingsError(f"the folder {folder} does not exist or is closed.", hint="Make it, or run: rapport init")
    # SQLite writes beside the file as well, so both must be writable.
    for place in (folder, *([path] if os.path.exists(path) else [])):
        if not os.access(place, os.W_OK):
            raise SettingsError(f"{place} cannot be written.", hint="Change its permissions, or use another home.")


def _current(connection: Connection, name: str) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if _VERSIONS not in tables:
        ours = sorted(tables & set(metadata.tables))
        if ours or (connection.dialect.name == "sqlite" and tables):
            what = ", ".join(ours or sorted(tables)[:3])
            raise DataError(
                f"{name} holds tables that Rapport did not make ({what}).",
                hint="Name an empty database in database.url.",
            )
        return None
    current = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar()
    if current is not None and current > SCHEMA:
        raise DataError(
            f"{name} was written by a newer Rapport (schema {current}; this one knows {SCHEMA}).",
            hint="Install the newer version, or restore a backup made before.",
        )
    return current


def _migrate(connection: Connection) -> None:
    # Alembic loads only when there is something to migrate: it costs as much as SQLAlchemy.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.execute(select(meta.c.value).where(meta.c.name == "store_id")).scalar() is None:
        made = {"store_id": uuid.uuid4().hex, "made_at": datetime.now(UTC).isoformat(timespec="seconds")}
        connection.execute(insert(meta), [{"name": name, "value": value} for name, value in made.items()])

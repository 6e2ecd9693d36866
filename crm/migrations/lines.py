"""Write a table of a revision as one line a column: "name type", with "?", "!" and "->" as needed.

"?" where the value may be missing, "!" where it is part of the primary key, "-> table.column" where it refers to one.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "key": sa.String().with_variant(sa.String(collation="C"), "postgresql"),
    "text": sa.Text(),
    "time": sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"),
    "money": sa.Text().with_variant(sa.Numeric(), "postgresql"),
    "serial": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "integer": sa.Integer(),
    "number": sa.BigInteger(),
    "float": sa.Float(),
    "flag": sa.Boolean(),
}


def table(name: str, *columns: str, unique: tuple[str, ...] = (), indices: tuple[str, ...] = ()) -> None:
    """Make a table with its unique key and indices."""
    constraints = [sa.UniqueConstraint(*unique)] if unique else []
    serial = columns[0] == "id serial!"
    op.create_table(name, *map(_column, columns), *constraints, sqlite_autoincrement=serial)
    for index in indices:
        op.create_index(f"ix_{name}_{index.replace(' ', '_')}", name, index.split())


def _column(line: str) -> sa.Column[Any]:
    declaration, _, target = line.partition(" -> ")
    name, kind = declaration.split()
    references = [sa.ForeignKey(target)] if target else []
    return sa.Column(
        name,
        _TYPES[kind.rstrip("?!")],
        *references,
        primary_key=kind.endswith("!"),
        nullable=kind.endswith("?"),
        autoincrement=kind.startswith("serial"),
    )

"""Changes of the database's schema, one file each in `versions/`, run by `crm.schema` with Alembic.

A new one is written by hand: copy the shape of the first, number it, and raise `crm.tables.SCHEMA` to its number.
"""

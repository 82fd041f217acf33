"""Alembic's entry: runs the migrations on the database that `store.database` names, all of them or none."""

from __future__ import annotations

import sqlite3

from alembic import context
from sqlalchemy import Connection, create_engine, event
from sqlmodel import SQLModel

from longshore.store import tables  # noqa: F401  (fills the metadata)

engine = create_engine(str(context.config.get_main_option("sqlalchemy.url")))


@event.listens_for(engine, "connect")
def _configure(connection: sqlite3.Connection, _record: object) -> None:
    # Without this, pysqlite commits each table by itself, and a kill in between leaves half a schema.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")


@event.listens_for(engine, "begin")
def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    context.run_migrations()
engine.dispose()

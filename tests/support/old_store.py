"""Run in a child process: a store of MLflow at an older revision of its schema, made with MLflow's own migrations."""

from __future__ import annotations

import sqlite3
import sys
import uuid


def make(file: str, revision: str) -> str:
    """Make the store with one finished run, and give the run's id."""
    import alembic.command
    import sqlalchemy
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    address = f"sqlite:///{file}"
    engine = sqlalchemy.create_engine(address)
    Base.metadata.create_all(engine)
    engine.dispose()
    alembic.command.upgrade(_get_alembic_config(address), revision)
    run = uuid.uuid4().hex
    with sqlite3.connect(file) as connection:
        connection.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)"
            " VALUES (1, 'old', './mlruns/1', 'active')"
        )
        connection.execute(
            "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,"
            " experiment_id) VALUES (?, 'veteran', 'LOCAL', 'ada', 'FINISHED', 1500000000000, 1500000060000, 'active', 1)",
            (run,),
        )
        connection.execute("INSERT INTO params (key, value, run_uuid) VALUES ('lr', '0.1', ?)", (run,))
        connection.execute(
            "INSERT INTO metrics (key, value, timestamp, run_uuid) VALUES ('loss', 0.5, 1500000001000, ?)", (run,)
        )
    return run


if __name__ == "__main__":
    print("MADE " + make(sys.argv[1], sys.argv[2]))

"""Whether the database's tables are those that this code knows."""

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor


def migrations_missing() -> int:
    """How many migrations the database lacks. Touches the database, and reads every migration of every app."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

"""Cells and rows as the database writes them, on SQLite and PostgreSQL alike.

A row of the log becomes its line within the query: half the time that it takes to bring its cells here one by one and
join them, and no time at all of Python's, which others wait for.
"""

from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Value
from django.db.models.fields import BigIntegerField, TextField
from django.db.models.sql.compiler import SQLCompiler

Sql = tuple[str, Any]


class _Text(Func):
    """A function of text, written out for each of the two databases."""

    output_field: ClassVar[Any] = TextField()
    sqlite = postgresql = ""

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Sql:
        """By Django's convention."""
        return self._written(self.sqlite, self.as_sql(compiler, connection, template=self.sqlite, **extra))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Sql:
        """By Django's convention."""
        return self._written(self.postgresql, self.as_sql(compiler, connection, template=self.postgresql, **extra))

    @staticmethod
    def _written(template: str, written: Sql) -> Sql:
        """With its parameters as often as the template has the expression."""
        sql, parameters = written
        return sql, (*parameters,) * template.count("%(expressions)s")


class TimeText(_Text):
    """``2026-11-23T04:43:00.123Z``, as ``wire.event.format_time``; of a column, in which Django keeps UTC."""

    # SQLite has the fraction only where it is not zero
    sqlite = "substr(%(expressions)s, 1, 10) || 'T' || substr(substr(%(expressions)s, 12) || '.000', 1, 12) || 'Z'"
    postgresql = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


class Harmless(_Text):
    """A text column as ``formats.harmless`` has it."""

    _template = (
        "CASE WHEN substr(%(expressions)s, 1, 1) IN ('=', '+', '-', '@', {0}(9), {0}(10), {0}(13)) "
        "THEN '''' || %(expressions)s ELSE %(expressions)s END"
    )
    sqlite, postgresql = _template.format("char"), _template.format("chr")


class Quoted(_Text):
    """As ``formats.quoted``; NULL is the empty text."""

    sqlite = postgresql = """'"' || coalesce(replace(%(expressions)s, '"', '""'), '') || '"'"""


class JsonText(_Text):
    """A text as JSON; NULL is ``null``."""

    sqlite = "json_quote(%(expressions)s)"
    postgresql = "coalesce(to_json(%(expressions)s)::text, 'null')"


class Size(Func):
    """About how many bytes a text has; PostgreSQL knows without fetching it, SQLite counts characters."""

    function = "length"
    output_field: ClassVar[Any] = BigIntegerField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Sql:
        """By Django's convention."""
        return self.as_sql(compiler, connection, function="octet_length", **extra)


class Line(Func):
    """``template`` with a cell for each of its ``%s``; both databases print so, and write nothing for NULL."""

    function = "printf"
    output_field: ClassVar[Any] = TextField()

    def __init__(self, template: str, *cells: Any) -> None:
        super().__init__(Value(template), *cells)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Sql:
        """By Django's convention."""
        return self.as_sql(compiler, connection, function="format", **extra)

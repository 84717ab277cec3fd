"""Lines of the log: for a person, or one JSON object each for a machine. Both name the request, and hold no secret.

Redacted is the finished line, so that it does not matter by which logger, argument or exception a secret came.
"""

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from streams.logs.context import current_request_id, process_name, request_id_of
from streams.logs.redaction import redact, redact_all

UNTOLD = ("request_id", "request", "server_time", "color_message", "taskName")  # of libraries, and told otherwise


class RequestIds(logging.Filter):
    """Gives every record the ``request_id`` of the request that it is of, or an empty one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record."""
        left = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        record.request_id = getattr(record, "request_id", "") or current_request_id() or request_id_of(left)
        return True


class TextLines(logging.Formatter):
    """``time LEVEL logger: message [request id]``, and the traceback below."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, with the request's id at its end."""
        request_id = getattr(record, "request_id", "")
        return super().formatMessage(record) + (f" [{request_id}]" if request_id else "")

    def format(self, record: logging.LogRecord) -> str:
        """The line and the traceback, redacted."""
        return redact(super().format(record))


class JsonLines(JsonFormatter):
    """``{"time", "level", "logger", "message", "process", "request_id"?, "exception"?, …}``.

    ``time`` is RFC 3339 in UTC with milliseconds; what a record has beside these (``extra``) stands under its own name.
    """

    def __init__(self) -> None:
        super().__init__(
            [],
            rename_fields={"exc_info": "exception", "stack_info": "stack"},
            reserved_attrs=[*RESERVED_ATTRS, *UNTOLD],
            json_ensure_ascii=False,
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """First what every line has."""
        moment = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"level": record.levelname, "logger": record.name, "message": record.message}
        log_data["process"] = process_name()
        if request_id := getattr(record, "request_id", ""):
            log_data["request_id"] = request_id
        super().add_fields(log_data, record, message_dict)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The same, redacted."""
        return {name: redact_all(value) for name, value in log_data.items()}

"""Where the log goes and what is in it: standard error, one format for the site, its server and its libraries."""

from typing import Any


def logging_configuration(*, log_format: str, level: str) -> dict[str, Any]:
    """Django's ``LOGGING``. log_format: ``json`` or ``text``; level: of libraries, whose ``INFO`` is of no use here."""
    lines = {"json": "streams.logs.formatting.JsonLines", "text": "streams.logs.formatting.TextLines"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request ids": {"()": "streams.logs.formatting.RequestIds"}},
        "formatters": {"line": {"()": lines[log_format]}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request ids"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "django.request": {"level": "ERROR"},  # what is refused stands in the access log
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can send a wrong Host; 400 says it all
            "streams": {"level": "INFO"},
            "project": {"level": "INFO"},
            # Servers: their own lines in our format, and of each request only our line.
            "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
            "uvicorn.access": {"handlers": [], "propagate": False},
            "django.channels.server": {"level": "WARNING"},
        },
    }

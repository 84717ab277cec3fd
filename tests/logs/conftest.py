"""What a process would write, line by line."""

import json
import logging

import pytest

from streams.logs.formatting import JsonLines, RequestIds, TextLines


class Written(logging.Handler):
    """Formats every record both ways, as the handler of the configuration does."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.addFilter(RequestIds())
        self._json, self._text = JsonLines(), TextLines()
        self.texts, self.lines = [], []

    def emit(self, record):
        """Keep the line."""
        self.lines.append(json.loads(self._json.format(record)))
        self.texts.append(self._text.format(record))

    def of(self, logger):
        """The objects of one logger."""
        return [line for line in self.lines if line["logger"] == logger]

    def everything(self):
        """All that was written, both ways."""
        return "\n".join([*self.texts, *(json.dumps(line) for line in self.lines)])


@pytest.fixture
def written():
    handler, loggers = Written(), [logging.getLogger(name) for name in ("", "django")]
    for logger in loggers:
        logger.addHandler(handler)
    yield handler
    for logger in loggers:
        logger.removeHandler(handler)

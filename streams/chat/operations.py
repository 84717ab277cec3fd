"""What one can do in a room, by its name on the wire: the same over its socket and by ``POST /rooms/<slug>/ops``."""

from collections.abc import Mapping

from streams.chat.here import Operation
from streams.chat.talk import retry, say

OPERATIONS: Mapping[str, Operation] = {"say": say, "retry": retry}

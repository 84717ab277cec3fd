"""What one can do in a room, by its name on the wire: the same over its socket and by ``POST /rooms/<slug>/ops``."""

from collections.abc import Mapping

from streams.chat import membership
from streams.chat.here import Operation
from streams.chat.stopping import stop
from streams.chat.talk import delete, edit, react, read, say
from streams.chat.typing_sign import typing
from streams.chat.versions import choose, regenerate

OPERATIONS: Mapping[str, Operation] = {
    "say": say,
    "edit": edit,
    "delete": delete,
    "react": react,
    "read": read,
    "stop": stop,
    "regenerate": regenerate,
    "choose": choose,
    "set": membership.set_room,
    "invite": membership.invite,
    "role": membership.role,
    "mute": membership.mute,
    "leave": membership.leave,
    "typing": typing,
}

"""Operations on a room and its people: ``set``, ``invite``, ``role``, ``mute``, ``leave``."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from streams.chat import members
from streams.chat.changing import change_room
from streams.chat.here import Here
from streams.chat.model import check_model
from streams.publishing import allowances

T = TypeVar("T")


async def _do(here: Here, act: Callable[..., T], **fields: Any) -> T:
    """Do it in a thread of the database, counted as a message is. Raises LimitReached, Unavailable."""
    hub = here.runner.hub
    allowances(hub).messages.take(here.account)
    return await hub.gateway.run(partial(act, here.room, here.who, **fields))


async def set_room(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"title"?, "description"?, "model"?, "system"?, "thinking"?}``; no model: the site's. As ``change_room``."""
    changes = {name: value for name, value in fields.items() if name not in ("op", "ref")}
    if "model" in changes:
        changes["model"] = await check_model(here.runner.provider, changes["model"])
    await _do(here, change_room, changes=changes)
    return {}


async def invite(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"user", "role"?}`` -> ``{"person"}``. Raises as ``members.invite``."""
    person = await _do(here, members.invite, username=fields.get("user"), role=fields.get("role"))
    return {"person": person.as_json()}


async def role(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"person", "role"}``; the role ``removed`` shuts out. Raises as ``members.set_role``."""
    await _do(here, members.set_role, person=fields.get("person"), role=fields.get("role"))
    return {}


async def mute(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"person", "minutes"}``; 0 ends it. Raises as ``members.mute``."""
    await _do(here, members.mute, person=fields.get("person"), minutes=fields.get("minutes"))
    return {}


async def leave(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Go by oneself. Raises as ``members.leave``."""
    await _do(here, members.leave)
    return {}

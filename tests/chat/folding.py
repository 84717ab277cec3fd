"""What a page makes of events: the state of a room, and one event more."""

import json

ENDED = ("status", "stop_reason", "usage", "error", "by")
WORDS = ("text", "mentions")


def state_of(page):
    """The items of a page of history by their place, as far as events tell of them."""
    return {item["seq"]: _told(item) for item in page["items"]}


def _told(item):
    if item["kind"] == "message":
        names = ("author", "text", "client_id", "reply_to", "mentions", "files")
        signs = {one["emoji"]: {person["id"] for person in one["people"]} for one in item["reactions"]}
        return {name: item[name] for name in names} | {
            "edited": item["edited"] is not None, "deleted": item["deleted"] is not None, "reactions": signs,
        }  # fmt: skip
    names = ("generation", "version", "text", "thinking", "html", *ENDED)
    return {name: item[name] for name in names} | {"message": item["message"], "versions": _versions(item)}


def _versions(item):
    return {one["generation"]: one["version"] for one in item["versions"]}


def fold(state, event):
    """Let one event of the log change the state."""
    data = json.loads(event.data)
    told = FOLDS.get(event.type)
    if told is not None:
        told(state, event.seq, data)


def _message(state, seq, data):
    empty = {"reply_to": None, "mentions": [], "files": []}
    state[seq] = empty | data | {"edited": False, "deleted": False, "reactions": {}}


def _edited(state, _, data):
    item = state.get(data["message"])
    if item and not item["deleted"]:
        item |= {"text": data["text"], "mentions": data["mentions"], "edited": True}


def _deleted(state, _, data):
    if item := state.get(data["message"]):
        item |= {"text": "", "mentions": [], "files": [], "deleted": True, "reactions": {}}


def _reaction(state, _, data):
    item = state.get(data["message"])
    if item and not item["deleted"]:
        people = item["reactions"].setdefault(data["emoji"], set())
        (people.add if data["on"] else people.discard)(data["by"]["id"])
        if not people:
            del item["reactions"][data["emoji"]]


def _start(state, seq, data):
    """A version more is shown at the place of the first; what the others hold is read again when one is chosen."""
    begun = {"text": "", "thinking": "", "html": None, "stop_reason": None, "usage": None, "error": None, "by": None}
    begun |= {name: data[name] for name in ("generation", "version", "message", "status")}
    at = next((at for at, item in state.items() if item.get("message", 0) == data["message"]), seq)
    versions = state.get(at, {"versions": {}})["versions"]
    state[at] = begun | {"versions": versions | {data["generation"]: data["version"]}}


def _shown(state, data):
    return next((item for item in state.values() if item.get("generation") == data["generation"]), None)


def _delta(state, _, data):
    if item := _shown(state, data):
        item["text"] += data["text"]


def _thinking(state, _, data):
    if item := _shown(state, data):
        item["thinking"] += data["text"]


def _block(state, _, data):
    if item := _shown(state, data):
        item["html"] = (item["html"] or "") + data["html"]


def _end(state, _, data):
    if item := _shown(state, data):
        item |= {name: data[name] for name in ENDED}
        item["html"] = data["html"] if data["html"] is not None else item["html"]
        item["text"] = data["text"] if data["text"] is not None else item["text"]


FOLDS = {
    "message": _message, "message.edited": _edited, "message.deleted": _deleted, "reaction": _reaction,
    "generation.start": _start, "generation.delta": _delta, "generation.thinking": _thinking,
    "generation.block": _block, "generation.end": _end,
}  # fmt: skip

"""Who may have a file, who may add one, who may take one away."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from streams.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from streams.models import File, Room, Visibility
from streams.publishing import Identity
from streams.publishing.permissions import readable


def owns(who: Identity, file: File) -> bool:
    """Whether the file is of ``who``. What the operator added is of nobody, whom nobody is."""
    return bool(file.owner) and file.owner == who.id


def readable_files(who: Identity, files: Iterable[File]) -> Iterator[File]:
    """Those of ``files`` (with their rooms' topics) that ``who`` may have; asks the database about rooms once."""
    files = list(files)
    topics = {file.room.topic for file in files if file.room is not None}
    rooms = {topic.pk for topic in readable(who=who, topics=topics)}
    for file in files:
        if (
            who.staff
            or owns(who, file)
            or (file.room is not None and file.room.topic_id in rooms)
            or file.visibility == Visibility.PUBLIC
            or (file.visibility == Visibility.MEMBERS and (who.known or (who.token is not None and who.token.files)))
        ):
            yield file


def file_to_read(who: Identity, name: str) -> File:
    """The file of that name; one that is missing and one that ``who`` may not have answer alike.

    Raises NotFound; NotSignedIn where signing in might help.
    """
    if "\0" not in name:  # which PostgreSQL can't be asked for
        for file in readable_files(who, File.objects.whole().select_related("room__topic").filter(name=name)):
            return file
    if who.kind == "nobody":
        raise NotSignedIn("sign in, or send a bearer token, to have files from here")
    raise NotFound(f"no file {name!r:.200} that you may have")


def check_upload(who: Identity) -> None:
    """Raise NotSignedIn or Forbidden unless ``who`` may add files."""
    if who.may_upload:
        return
    if who.kind in ("nobody", "guest"):
        raise NotSignedIn("adding files needs an account that may, or a bearer token made with --files")
    raise Forbidden(f"{who.name} may not add files")


def file_to_change(who: Identity, *, name: str | None = None, upload: str | UUID | None = None) -> File:
    """A file by its name, or an upload (or what it became) by its id, if it is of ``who``.

    A stranger's answers like a missing one: NotFound; but one that ``who`` may have: Forbidden.
    """
    if upload is not None:
        try:
            identifier = upload if isinstance(upload, UUID) else UUID(upload)
        except ValueError:
            raise NotFound(f"no upload {upload!r:.60}") from None
        file = File.objects.filter(pk=identifier).first()
        if file is None or not (who.staff or owns(who, file)):
            raise NotFound(f"no upload {str(upload)!r:.60} of yours")
        return file
    file = file_to_read(who, name or "")
    if not (who.staff or owns(who, file)):
        if who.kind in ("nobody", "guest"):
            raise NotSignedIn("changing a file needs the account or the token that added it")
        raise Forbidden(f"{file.name!r:.200} is of {file.owner_name}")
    return file


def check_visibility(visibility: str | None, room: str | None, who: Identity) -> tuple[str, Room | None]:
    """Who may have a new file: by a word, or by the slug of a room that ``who`` may read. Raises InvalidInput."""
    if room:
        if "\0" in room:
            raise InvalidInput("the slug of a room has no U+0000")
        found = Room.objects.select_related("topic").filter(slug=room).first()
        if found is None or not any(readable(who=who, topics=[found.topic])):
            raise InvalidInput(f"no room {room!r:.60} that you may read")
        return Visibility.PRIVATE, found
    visibility = visibility or Visibility.MEMBERS
    if visibility not in Visibility.values:
        raise InvalidInput(f"visibility {visibility!r:.60} is none ({', '.join(Visibility.values)})")
    return visibility, None

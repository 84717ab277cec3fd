"""What somebody may do in a room. Touches the database."""

from streams.models import Member, Role, Room
from streams.publishing import Identity


def commands_room(room: Room, who: Identity) -> bool:
    """Whether ``who`` may do what owners may: who made the room, its owners, and the staff."""
    if who.staff:
        return True
    if not who.is_one:
        return False
    owners = Member.objects.filter(room_id=room.pk, person__in=who.ids, role=Role.OWNER)
    return room.created_by in who.ids or owners.exists()

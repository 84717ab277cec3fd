"""Reports that are for staff."""

from streams.errors import Forbidden, NotSignedIn
from streams.publishing import Identity


def check_staff(who: Identity, permission: str) -> None:
    """Raise NotSignedIn or Forbidden unless ``who`` is staff with this permission; a token is not, whoever holds it.

    Touches the database.
    """
    if who.staff:
        if who.has_permission(permission):
            return
        raise Forbidden(f"{who.name} may not see this report (the permission {permission})")
    if who.kind in ("nobody", "guest"):
        raise NotSignedIn("this report is for staff: sign in")
    raise Forbidden(f"this report is for staff, and {who.name} is not")

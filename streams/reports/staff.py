"""Reports that are for staff."""

from streams.errors import Forbidden, NotSignedIn
from streams.publishing import Identity


def check_staff(who: Identity) -> None:
    """Raise NotSignedIn or Forbidden unless ``who`` is staff; a token is not, whoever holds it."""
    if who.staff:
        return
    if who.kind in ("nobody", "guest"):
        raise NotSignedIn("this report is for staff: sign in")
    raise Forbidden(f"this report is for staff, and {who.name} is not")

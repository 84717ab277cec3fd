"""Leases: what only one process must do is done by the one that holds the claim."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from streams.logs import process_name
from streams.models import Lease


def claim_lease(name: str, *, seconds: float) -> bool:
    """Claim or renew, by a conditional update that counts one row; False while another process holds it."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    mine_or_free = Q(owner=process_name()) | Q(expires_at__lt=now)
    if Lease.objects.filter(mine_or_free, name=name).update(owner=process_name(), expires_at=until):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, owner=process_name(), expires_at=until)
    except IntegrityError:
        return False
    return True


def release_lease(name: str) -> None:
    """Give it up at once, so that another process need not wait."""
    Lease.objects.filter(name=name, owner=process_name()).delete()

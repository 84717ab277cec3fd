"""What live connections are filtered by."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter

from streams.connections.signs import TECHNIQUES
from streams.connections.vitals import short_name
from streams.models import LiveConnection, Process
from streams.models.live_connection import LiveConnectionQuerySet

Rows = LiveConnectionQuerySet
MOST_READ = 50  # topics that one can choose


class StateFilter(DropdownFilter):
    """Live ones, unless others are asked for."""

    title, parameter_name = "state", "state"
    all_option = ["", "Live"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Beside the live ones."""
        return [("closed", "Closed in the last hour")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """One or the other."""
        rows: Rows = queryset.closed() if self.value() == "closed" else queryset.live(timezone.now())
        return rows


class TechniqueFilter(DropdownFilter):
    """By technique."""

    title, parameter_name = "technique", "technique"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All that there are."""
        return [(name, name) for name in TECHNIQUES]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Those of one."""
        return queryset.filter(technique=self.value()) if self.value() else queryset


class TopicFilter(DropdownFilter):
    """By topic: the most read ones can be chosen, any other searched for."""

    title, parameter_name = "topic", "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """With their readers."""
        readers = LiveConnection.objects.readers(timezone.now())
        most = sorted(readers, key=lambda name: (-readers[name], name))[:MOST_READ]
        if (chosen := self.used_parameters.get(self.parameter_name)) and chosen not in most:
            most.append(str(chosen))
        return [(name, f"{name} ({readers.get(name, 0)})") for name in most]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Those that read it, among others perhaps."""
        return queryset.reading(self.value()) if self.value() else queryset


class ProcessFilter(DropdownFilter):
    """By process."""

    title, parameter_name = "process", "process"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that live."""
        alive = Process.objects.alive(timezone.now())
        return [(one.name, f"{one.server} {short_name(one.name)}") for one in alive]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Those of one."""
        return queryset.filter(process=self.value()) if self.value() else queryset


class KindFilter(DropdownFilter):
    """By who is behind it."""

    title, parameter_name = "person", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds of an Identity."""
        return [("user", "Signed in"), ("guest", "Guests"), ("token", "Tokens"), ("nobody", "Nobody known")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Those of one kind."""
        return queryset.filter(who_kind=self.value()) if self.value() else queryset


class LagFilter(DropdownFilter):
    """By how far it is behind."""

    title, parameter_name = "lag", "lag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Events."""
        return [("1", "Behind at all"), ("100", "100 events and more"), ("1000", "1,000 events and more")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Those that are behind by as much."""
        value = self.value() or ""
        return queryset.filter(lag__gte=int(value)) if value.isdecimal() and len(value) < 10 else queryset


FILTERS: tuple[type[admin.SimpleListFilter], ...] = (
    StateFilter,
    TechniqueFilter,
    TopicFilter,
    ProcessFilter,
    KindFilter,
    LagFilter,
)

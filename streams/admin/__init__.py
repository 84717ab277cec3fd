"""The admin: what is live, what is kept, who may; every act needs its own permission and is audited."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User

from streams.admin.answers import GenerationAdmin, ModelPriceAdmin
from streams.admin.audit_log import LogEntryAdmin
from streams.admin.bans import BanAdmin
from streams.admin.connections import LiveConnectionAdmin
from streams.admin.events import EventAdmin
from streams.admin.files import FileAdmin
from streams.admin.jobs import JobAdmin
from streams.admin.people import GroupAdmin, UserAdmin
from streams.admin.processes import ProcessAdmin
from streams.admin.rooms import RoomAdmin
from streams.admin.tokens import TokenAdmin
from streams.admin.topics import TopicAdmin
from streams.models import (
    Ban,
    Event,
    File,
    Generation,
    Job,
    LiveConnection,
    ModelPrice,
    Process,
    Room,
    Token,
    Topic,
)  # fmt: skip

admin.site.unregister([User, Group])
for model, table in {
    LiveConnection: LiveConnectionAdmin,
    Process: ProcessAdmin,
    Topic: TopicAdmin,
    Event: EventAdmin,
    Room: RoomAdmin,
    File: FileAdmin,
    Job: JobAdmin,
    Generation: GenerationAdmin,
    ModelPrice: ModelPriceAdmin,
    User: UserAdmin,
    Group: GroupAdmin,
    Token: TokenAdmin,
    Ban: BanAdmin,
    LogEntry: LogEntryAdmin,
}.items():
    admin.site.register(model, table)

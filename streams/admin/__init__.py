"""The admin: what the database keeps. The log is read-only here; tokens are made where their text can be shown once."""

from django.contrib import admin

from streams.admin.connections import LiveConnectionAdmin
from streams.admin.tables import EventAdmin, FileAdmin, GenerationAdmin, JobAdmin, RoomAdmin, TokenAdmin, TopicAdmin
from streams.models import Event, File, Generation, Job, LiveConnection, Room, Token, Topic

admin.site.site_header = admin.site.site_title = "Streams"
admin.site.index_title = "Operation"
admin.site.register(Topic, TopicAdmin)
admin.site.register(Event, EventAdmin)
admin.site.register(Room, RoomAdmin)
admin.site.register(Token, TokenAdmin)
admin.site.register(Generation, GenerationAdmin)
admin.site.register(File, FileAdmin)
admin.site.register(Job, JobAdmin)
admin.site.register(LiveConnection, LiveConnectionAdmin)

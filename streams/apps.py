"""The Django app."""

from django.apps import AppConfig


class StreamsConfig(AppConfig):
    """Topics, rooms and everything that streams."""

    name = "streams"
    verbose_name = "Streams"
    default_auto_field = "django.db.models.BigAutoField"

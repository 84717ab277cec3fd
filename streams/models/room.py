"""A room: a topic where people and Claude talk."""

from django.db import models

from streams.models.topic import Topic


class Room(models.Model):
    """Its log is the topic ``room:<slug>``; whoever may read that may read the room."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    topic = models.OneToOneField(Topic, on_delete=models.PROTECT, related_name="room")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

"""A message: what a person said in a room, as it stands by now."""

from typing import Any, Self

from django.db import models

from streams.models.topic import Topic


class MessageQuerySet(models.QuerySet["Message"]):
    """The words in which messages are asked for."""

    def of(self, topic_id: int) -> Self:
        """Messages of one room's topic, the newest first."""
        return self.filter(topic_id=topic_id).order_by("-seq")


class Message(models.Model):
    """Written in the transaction that appends its event, whose ``seq`` it keeps; the log may be trimmed, this stays.

    mentions: ``[{"id", "name"}, …]``; files: ``[{"name", "size", "content_type"}, …]`` of the room's files. A message
    that was deleted keeps its place and loses its text.
    """

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    author_id = models.CharField(max_length=64)  # an Identity's id
    author_name = models.CharField(max_length=150)
    author_kind = models.CharField(max_length=6)
    client_id = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    reply_to = models.PositiveBigIntegerField(null=True, blank=True)  # the seq of a message or of an answer's start
    mentions: "models.JSONField[list[Any]]" = models.JSONField(default=list, blank=True)
    files: "models.JSONField[list[Any]]" = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    edits = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "seq"], name="message_topic_seq_unique"),
            models.UniqueConstraint(
                fields=["topic", "author_id", "client_id"],
                condition=~models.Q(client_id=""),
                name="message_said_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text:.40}"


class Reaction(models.Model):
    """One sign of one person at one message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    person = models.CharField(max_length=64)  # an Identity's id
    name = models.CharField(max_length=150)
    emoji = models.CharField(max_length=16)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["message", "person", "emoji"], name="reaction_message_person_emoji_unique")
        ]

    def __str__(self) -> str:
        return f"{self.emoji} of {self.name}"

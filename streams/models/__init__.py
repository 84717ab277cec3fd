"""What the database keeps."""

from streams.models.event import Event
from streams.models.file import File
from streams.models.generation import Generation
from streams.models.job import Job, JobStatus
from streams.models.lease import Lease
from streams.models.room import Room
from streams.models.token import Token
from streams.models.topic import SlowReaders, Topic, Visibility

__all__ = [
    "Event",
    "File",
    "Generation",
    "Job",
    "JobStatus",
    "Lease",
    "Room",
    "SlowReaders",
    "Token",
    "Topic",
    "Visibility",
]

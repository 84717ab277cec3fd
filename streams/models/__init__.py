"""What the database keeps."""

from streams.models.ban import Ban, BanKind
from streams.models.event import Event
from streams.models.file import File
from streams.models.generation import Generation
from streams.models.job import Job, JobStatus
from streams.models.lease import Lease
from streams.models.live_connection import LiveConnection
from streams.models.message import Message, Reaction
from streams.models.price import ModelPrice
from streams.models.process import Process
from streams.models.room import Member, Role, Room, RoomKind
from streams.models.token import Token
from streams.models.topic import SlowReaders, Topic, Visibility

__all__ = [
    "Ban",
    "BanKind",
    "Event",
    "File",
    "Generation",
    "Job",
    "JobStatus",
    "Lease",
    "LiveConnection",
    "Member",
    "Message",
    "ModelPrice",
    "Process",
    "Reaction",
    "Role",
    "Room",
    "RoomKind",
    "SlowReaders",
    "Token",
    "Topic",
    "Visibility",
]

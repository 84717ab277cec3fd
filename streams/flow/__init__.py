"""Flow of work and data in one process: supervised tasks, bounded pipes, rates. asyncio only."""

from streams.flow.pipe import Pipe, PipeClosed
from streams.flow.rate import TokenBucket
from streams.flow.supervisor import Supervisor

__all__ = ["Pipe", "PipeClosed", "Supervisor", "TokenBucket"]

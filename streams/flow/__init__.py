"""Flow of work and data in one process: bounded pipes, rates, supervised tasks. asyncio only; needs no Django."""

from streams.flow.pipe import Pipe, PipeAborted, PipeClosed
from streams.flow.piped import piped
from streams.flow.rate import TokenBucket, rate_limited
from streams.flow.rates import Rates
from streams.flow.supervisor import Supervisor

__all__ = ["Pipe", "PipeAborted", "PipeClosed", "Rates", "Supervisor", "TokenBucket", "piped", "rate_limited"]

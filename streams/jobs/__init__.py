"""Jobs: work of minutes that is started by a request, told by a topic, and survives the process that runs it.

Importing this registers the built-in kinds.
"""

from streams.jobs import builtin  # noqa: F401 - registers
from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.jobs.rights import staff_only

__all__ = ["JobContext", "Parameter", "Progress", "Type", "job", "staff_only"]

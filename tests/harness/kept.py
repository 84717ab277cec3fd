"""How long the threads that render keep the event loop from its turn."""

import asyncio
import time

from streams.chat import blocks


class Kept:
    """longest_s: the CPU time that those threads had between two turns of the loop, at most; turns: how many it had."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.turns = 0

    async def watch(self) -> None:
        """Look at every turn, until cancelled."""
        before = cpu_s()
        while True:
            await asyncio.sleep(0)
            now = cpu_s()
            self.longest_s = max(self.longest_s, now - before)
            self.turns += 1
            before = now


def cpu_s() -> float:
    """CPU time of all threads that render."""
    threads = tuple(blocks._RENDERERS._threads)
    return sum(time.clock_gettime(time.pthread_getcpuclockid(thread.ident)) for thread in threads)

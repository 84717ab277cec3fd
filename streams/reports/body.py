"""The body of a report: its header at once, its pages as they are read, its footer only if all has gone well."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from streams.connections import Connection, registry
from streams.errors import CloseReason, LimitReached, StreamClosed
from streams.flow import piped
from streams.hub import Hub
from streams.publishing import Identity, counted
from streams.reports.columns import Column
from streams.reports.compression import gzipped
from streams.reports.formats import Format
from streams.reports.report import PAGE_BYTES, Page, Source

logger = logging.getLogger(__name__)
TECHNIQUE = "report"


def check_room(hub: Hub) -> None:
    """Raise LimitReached where as many reports are under way as this process writes at once."""
    under_way, limit = registry.by_technique().get(TECHNIQUE, 0), hub.settings.max_reports
    if under_way >= limit:
        raise counted(LimitReached(f"{under_way} reports are being written (limit {limit})", retry_after_s=5.0))


async def pages(hub: Hub, source: Source) -> AsyncGenerator[Page, None]:
    """The source's pages; each is one short call, and nothing is held between two of them."""
    page = await hub.bulk.run(source.read, None)
    yield page
    while page.after is not None:
        page = await hub.bulk.run(source.read, page.after)
        yield page


async def report(
    hub: Hub, source: Source, who: Identity, columns: tuple[Column, ...], chosen: Format
) -> AsyncGenerator[bytes, None]:
    """The whole report as bytes, a page read ahead. A live connection for as long as it lasts.

    Raises what reading raises, and StreamClosed when it is told to end: half of it must not look like the whole, so
    the server has to cut the connection. Cancellation: safe at every yield; consume under ``aclosing``.
    """
    told: list[CloseReason] = []
    total = 0
    with registry.opened(Connection(TECHNIQUE, who, told.append, source.topics)) as connection:
        try:
            yield chosen.opening(columns)
            async with aclosing(piped(pages(hub, source), PAGE_BYTES, size=lambda page: len(page.rows))) as ahead:
                async for page in ahead:
                    if told:
                        raise StreamClosed(told[0])
                    total += page.count
                    if page.rows:
                        yield page.rows
                        connection.sent(len(page.rows))
            yield chosen.closing(columns, total)
        except Exception as error:
            logger.warning(
                "report %s of %s breaks off after %d rows: %s", source.name, who.id or "nobody", total, error
            )
            raise


async def packed(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same, compressed."""
    async with aclosing(body), aclosing(gzipped(body)) as chunks:
        async for chunk in chunks:
            yield chunk

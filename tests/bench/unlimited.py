"""Benches open more and publish faster than anybody may on a site as it comes."""

UNLIMITED = {
    "STREAMS_MAX_STREAMS": "1000000",
    "STREAMS_MAX_STREAMS_PER_USER": "1000000",
    "STREAMS_MAX_STREAMS_PER_ADDRESS": "1000000",
    "STREAMS_MAX_EVENTS_PER_S": "1000000",
}

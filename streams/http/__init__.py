"""What Django's HTTP lacks for streams: a response that holds nothing, a content security policy."""

from streams.http.response import STREAM_HEADERS, StreamResponse, nothing, release_thread

__all__ = ["STREAM_HEADERS", "StreamResponse", "nothing", "release_thread"]

"""What a process writes of itself (its topics are another kind of log): lines with a request's id, and no secrets."""

from streams.logs.context import current_request_id, error_with_id, process_name, server_name

__all__ = ["current_request_id", "error_with_id", "process_name", "server_name"]

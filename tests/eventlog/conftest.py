from tests.harness.fixtures import make_hub, no_queries_in_the_loop, streams_settings  # noqa: F401

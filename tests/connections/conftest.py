from tests.harness.fixtures import make_hub, streams_settings  # noqa: F401

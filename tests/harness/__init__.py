"""Real processes for the tests: servers, databases, Redis; each on a private port, each ended with the test run."""

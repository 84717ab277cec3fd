"""Sites for the kit: running, with a token for everything, and somebody who operates them."""

import json
import subprocess
import sys
from pathlib import Path

from tests.harness.site import ROOT, SERVERS, Site

SQLITE = [(server, "sqlite") for server in SERVERS]
SMALL = {
    "STREAMS_RING_EVENTS": "16",  # readers fall out of it all the time
    "STREAMS_LOG_PAGE_EVENTS": "7",
    "STREAMS_HEARTBEAT_S": "0.2",
    "STREAMS_RETRY_MS": "50",
    "STREAMS_VITALS_EVERY_S": "0.5",
}
OPERATOR = """
import json, sys
for line in sys.stdin:
    exec(json.loads(line), scope := {})
    print(json.dumps(scope.get("result")), flush=True)
"""


class KitSite(Site):
    """A site that is up: ``headers`` may read and publish everything, ``operate`` runs code beside the server."""

    def __init__(self, server: str, folder: Path, database_url: str, **env: str) -> None:
        super().__init__(server, folder, database_url, **env)
        self.set_up()
        self.headers = self.token("--publish", "*", "--read", "*", "--chat")
        self._operator: subprocess.Popen[str] | None = None
        self.start()

    def operate(self, code: str) -> object:
        """Run ``code`` in a Django shell that stays open; the value that it gives to ``result``."""
        if self._operator is None:
            self._operator = subprocess.Popen(
                [sys.executable, "-W", "ignore", "manage.py", "shell", "-v0", "-c", OPERATOR],
                cwd=ROOT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert self._operator.stdin is not None
        assert self._operator.stdout is not None
        self._operator.stdin.write(json.dumps(code) + "\n")
        self._operator.stdin.flush()
        return json.loads(self._operator.stdout.readline())

    def end(self) -> None:
        """Kill the server and the operator."""
        self.kill()
        if self._operator is not None:
            self._operator.communicate()

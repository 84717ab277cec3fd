"""``deploy/nginx.conf`` in a real nginx before a site, with TLS; a test may break it line by line."""

import os
import re
import ssl
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.harness.components import find_binary
from tests.harness.site import ROOT
from tests.harness.waiting import eventually, free_port

CONFIGURATION = ROOT / "deploy/nginx.conf"
HERE = "127.0.0.1"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

Edit = tuple[str, str]  # a pattern for ``re.sub`` (^ and $ are of a line), and what takes its place


def certify(folder: Path) -> None:
    """``cert.pem`` and ``key.pem`` for this machine, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HERE)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


class Nginx:
    """One nginx of our own; ``with Nginx(folder, site.port) as proxy: proxy.url``. site_port: one, or of each process.

    Of the configuration only what names this machine is rewritten: ports, certificate, log, the site's addresses; then
    whatever ``edits`` say, each of which must find something. ``files``: what the site has below its media root.
    """

    def __init__(
        self,
        folder: Path,
        site_port: int | Sequence[int],
        *,
        edits: Iterable[Edit] = (),
        files: Path = Path("/nowhere"),
    ) -> None:
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.url, self.ws_url = f"https://{HERE}:{self.port}", f"wss://{HERE}:{self.port}"
        self._binary = find_binary("nginx")
        certify(folder)
        ports = [site_port] if isinstance(site_port, int) else site_port
        servers = "".join(f"    server {HERE}:{port} max_fails=0;\n" for port in ports)
        here: list[Edit] = [
            (r"^ *listen \[::\]:.*\n", ""),
            (r"listen 80;", f"listen {HERE}:{self.plain_port};"),
            (r"listen 443 ", f"listen {HERE}:{self.port} "),
            (r"ssl_certificate .*;", f"ssl_certificate {folder}/cert.pem;"),
            (r"ssl_certificate_key .*;", f"ssl_certificate_key {folder}/key.pem;"),
            (r"( *server 127\.0\.0\.1:800\d .*;.*\n)+", servers),
            (r"access_log /var/log/nginx/streams.log", f"access_log {folder}/access.log"),
            (r"alias .*/files/;", f"alias {files}/;"),
        ]
        text = CONFIGURATION.read_text()
        for pattern, replacement in [*here, *edits]:
            text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
            assert count, f"nothing in deploy/nginx.conf matches {pattern}"
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
        (folder / "nginx.conf").write_text(
            f"{'user root;' if os.getuid() == 0 else ''}\n"  # or its workers could not read what is ours
            f"daemon off;\npid {folder}/pid;\nworker_processes 1;\nevents {{ worker_connections 1024; }}\n"
            f"http {{\naccess_log off;\n{temporary}{text}\n}}\n"
        )

    def _command(self, *options: str) -> list[str]:
        files = ["-c", f"{self.folder}/nginx.conf", "-p", str(self.folder), "-e", f"{self.folder}/error.log"]
        return [self._binary, *files, *options]

    def check(self) -> str:
        """What ``nginx -t`` says of the configuration; raises CalledProcessError where it is refused."""
        return subprocess.run(self._command("-t"), check=True, capture_output=True, text=True).stderr

    def __enter__(self) -> "Nginx":
        self._process = subprocess.Popen(self._command())
        eventually(self.answers, limit_s=20)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def answers(self) -> bool:
        """Whether it listens; what the site says is not asked."""
        assert self._process.poll() is None, (self.folder / "error.log").read_text()
        try:
            httpx.get(f"http://{HERE}:{self.plain_port}/", trust_env=False)
        except httpx.TransportError:
            return False
        return True

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe its certificate."""
        return ssl.create_default_context(cafile=str(self.folder / "cert.pem"))

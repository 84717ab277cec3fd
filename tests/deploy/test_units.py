"""The units of systemd, the image and the composition, as those read them who use them."""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys

import compose_spec
import pytest
import yaml

from streams.conf import StreamSettings
from streams.connections.connection import FAREWELL_S
from streams.process import telling_s
from tests.harness.components import missing
from tests.harness.nginx import CONFIGURATION
from tests.harness.site import ROOT, inherited, manage

DEPLOY = ROOT / "deploy"
OPERATE = (ROOT / "docs/operate.md").read_text()
UNITS = ["streams@.service", "streams-worker.service"]
UVICORN = ["--ws-per-message-deflate", "false", "--ws-max-size", "1048576", "--ws-ping-interval", "15"]


def longest_stop_s():
    """What a process may take from SIGTERM to its end."""
    patience_s = float(re.search(r"--timeout-graceful-shutdown (\d+)", setting("streams@.service", "ExecStart"))[1])
    return telling_s(StreamSettings()) + patience_s + StreamSettings().drain_s


def setting(unit, name):
    """The last value of a setting of a unit."""
    return re.findall(rf"^{name}=(.*)$", (DEPLOY / unit).read_text(), re.MULTILINE)[-1]


@pytest.fixture
def analyze(tmp_path):
    """``analyze(unit, *arguments)``: what systemd-analyze says of a unit whose programs are there."""
    binary = shutil.which("systemd-analyze") or missing("systemd-analyze")

    def run(unit, *arguments):
        text = (DEPLOY / unit).read_text()
        text = re.sub(r"/opt/streams/\.venv/bin/\w+", sys.executable, text).replace("/opt/streams", str(ROOT))
        (tmp_path / unit).write_text(text)
        return subprocess.run(
            [binary, *arguments, str(tmp_path / unit)], capture_output=True, text=True, check=False, timeout=60
        )

    return run


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_a_unit_and_finds_it_well_locked(analyze, unit):
    verified = analyze(unit, "verify")
    assert unit.partition(".")[0] not in verified.stderr, verified.stderr
    rated = analyze(unit, "security", "--offline=true")
    (exposure,) = re.findall(r"exposure level for \S+ ([\d.]+)", rated.stdout)
    assert float(exposure) < 2


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_starts_what_is_there_and_waits_for_its_drain(unit):
    program = shlex.split(setting(unit, "ExecStart"))
    assert shutil.which(program[0].rpartition("/")[2], path=os.path.dirname(sys.executable))
    assert int(setting(unit, "TimeoutStopSec")) > longest_stop_s()
    assert setting(unit, "EnvironmentFile") == "/etc/streams/streams.env"


def test_all_serve_with_the_options_that_matter():
    """Without them a frame of 16 MiB is taken, and silence lasts for 20 s."""
    unit = shlex.split(setting("streams@.service", "ExecStart"))
    image = json.loads(re.search(r"^CMD (\[.*\])$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)[1])
    documented = shlex.split(re.search(r"^\.venv/bin/(uvicorn .*)$", OPERATE, re.MULTILINE)[1])
    for command in (unit, image, documented):
        assert " ".join(UVICORN) in " ".join(command)
        assert "project.asgi:application" in command
        patience = float(command[command.index("--timeout-graceful-shutdown") + 1])
        assert FAREWELL_S <= patience <= StreamSettings().drain_s  # who was told to go is dropped before


def instructions():
    """Those of the Containerfile: ``[(name, rest)]``, with their continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def test_the_image_has_what_it_serves_runs_as_nobody_in_particular_and_tells_its_health():
    found = instructions()
    names = [name for name, _ in found]
    assert names[0] == "FROM" and found[0][1] == "python:3.11-slim"
    assert set(names) <= {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    ignored = (ROOT / ".dockerignore").read_text()
    for _, rest in (one for one in found if one[0] == "COPY"):
        *sources, _target = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}\n" in ignored, f"{source} is not sent along"
    assert names.index("USER") > max(number for number, name in enumerate(names) if name in ("RUN", "COPY"))
    assert dict(found)["USER"] not in ("root", "0")
    assert json.loads(dict(found)["HEALTHCHECK"].partition("CMD ")[2])[:3] == ["python", "-m", "project.probe"]
    assert dict(found)["STOPSIGNAL"] == "SIGTERM"
    serving = (ROOT / "requirements.txt").read_text().partition("# Testing")[0]
    assert "uvicorn" in serving and "pytest" not in serving


@pytest.fixture(scope="module")
def composition():
    """With its variables put in, as ``compose`` does it first."""
    text = (DEPLOY / "compose.yaml").read_text()
    return yaml.safe_load(re.sub(r"\$\{(\w+):\?[^}]*\}", lambda match: f"/{match[1].lower()}", text))


def test_the_composition_is_one_by_its_specification(composition):
    compose_spec.PyCompose.from_json(json.dumps(composition)).validate()
    known = {field.alias or name for name, field in compose_spec.Service.model_fields.items()}
    for name, service in composition["services"].items():
        assert service.keys() <= known, f"{name}: {service.keys() - known}"


def test_its_services_start_in_order_and_stop_in_peace(composition):
    services = composition["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            assert needed in services
            if condition == "service_healthy":
                assert "healthcheck" in services[needed] or "build" in services[needed], f"{name} waits for {needed}"
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in composition["volumes"] or source.startswith(("./", "/")), volume
            assert not source.startswith("./") or (DEPLOY / source).exists()
    assert services["nginx"]["depends_on"].keys() == {"app1", "app2"}
    assert services["setup"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("app1", "app2", "worker"):
        assert services[name]["depends_on"]["setup"]["condition"] == "service_completed_successfully"
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > longest_stop_s()
        assert "healthcheck" not in services[name] or name == "worker", "the image has one"


def test_its_nginx_finds_both_processes(composition, tmp_path):
    script = composition["services"]["nginx"]["command"][2]
    configured = subprocess.run(
        re.match(r"sed '[^']*'", script)[0] + f" {CONFIGURATION}",
        shell=True,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert re.findall(r"^ *server (\S+) max_fails", configured, re.MULTILINE) == ["app1:8000", "app2:8000"]
    assert "127.0.0.1" not in configured
    assert "access_log /dev/stdout streams;" in configured


def example():
    lines = (DEPLOY / "streams.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_of_an_environment_is_whole_once_its_secrets_are_put_in():
    env = example()
    for name, value in env.items():
        assert f"`{name}`" in OPERATE, f"{name} is documented nowhere"
        assert not re.search(r"[\"' ]", value), "neither reader takes quotes away"
    refused = manage("check", env=inherited() | env, check=False)
    assert "DJANGO_SECRET_KEY is required" in refused.stderr
    whole = inherited() | env | {"DJANGO_SECRET_KEY": secrets.token_urlsafe(50)}
    done = manage("check", "--deploy", "--fail-level", "WARNING", env=whole, check=False)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_the_probe_says_what_is_wrong_and_waits_as_long_as_it_is_told(tmp_path):
    from tests.harness.waiting import free_port

    url = f"http://127.0.0.1:{free_port()}/readyz"
    probe = [sys.executable, "-m", "project.probe"]
    refused = subprocess.run([*probe, url], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, "refused" in refused.stderr) == (1, True)
    assert subprocess.run([*probe, "file:///etc/passwd"], cwd=ROOT, capture_output=True, check=False).returncode == 2

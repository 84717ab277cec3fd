"""``python -m project.server`` in production settings: strangers are turned away, pages and static files are served."""

import json
import re

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.harness.readers import Reader, reading
from tests.harness.site import SERVERS, Site
from tests.harness.waiting import aeventually


class Production(Site):
    """The streaming server alone."""

    def command(self):
        return ["-m", "project.server", "--port", str(self.port)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Set up and running, without HTTPS since no proxy stands before it."""
    folder = tmp_path_factory.mktemp("production")
    env = {
        "DJANGO_DEBUG": "0",
        "DJANGO_SECRET_KEY": "a secret of sixty characters that nobody else has, whatever",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_HTTPS": "0",
        "STREAMS_STATIC_ROOT": str(folder / "static"),
    }
    site = Production("daphne", folder, f"sqlite:///{folder / 'site.sqlite3'}", **env).set_up()
    site.own = env
    try:
        yield site.start()
        assert site.terminate() == 0
        assert site.log().count("Traceback") <= 1  # Django's own, for the evil host
    finally:
        site.kill()


@pytest.fixture(scope="module")
def client(site):
    with httpx.Client(base_url=site.url, timeout=20) as client:
        yield client


def test_a_stranger_is_asked_to_sign_in_and_can_do_nothing_else(site, client):
    page = client.get("/")
    assert page.status_code == 200
    assert "/login/" in page.text
    assert "<textarea" not in page.text
    assert client.get("/topics/").status_code == 200
    assert client.get("/topics/system").headers["location"].startswith("/login/")
    for answer in (
        client.get("/events/system"),
        client.get("/rooms/lobby/history"),
        client.get("/events/no-such-topic"),
        client.post("/events/system", json={"data": 1}),
        client.post("/chat", json={"message": "hello"}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    with connect(f"{site.ws_url}/ws/rooms/lobby", origin=site.url) as socket:
        assert json.loads(socket.recv(timeout=20))["data"]["code"] == "unauthorized"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)
    assert closed.value.rcvd.code == 4401


PAGES = """/ /rooms/lobby/ /rooms/nowhere/ /topics/ /topics/system /files/ /files/secret /jobs/ /reports/
           /account/ /account/tokens /admin/ /sign-up/"""
REQUESTS = """GET /events?topic=system, GET /report?topic=system, GET /files/secret, PUT /files/mine, POST /uploads/,
              GET /jobs, POST /jobs"""
UPLOAD = {"Tus-Resumable": "1.0.0", "Upload-Length": "3", "Upload-Metadata": "filename YQ=="}


@pytest.mark.parametrize("path", PAGES.split())
def test_every_page_shows_a_stranger_nothing_and_leads_to_signing_in(client, path):
    page = client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.status_code == (404 if path == "/sign-up/" else 200)
    assert "/login/" in page.text or 'name="password"' in page.text
    assert "sessionid" not in client.cookies, "a stranger is no guest"
    assert not re.search("Lobby|vital signs|manage.py", page.text)


@pytest.mark.parametrize("request_line", [line.strip() for line in REQUESTS.split(",")])
@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "application/json"])
def test_no_request_lets_a_stranger_in(client, request_line, accept):
    method, path = request_line.split()
    headers = {"Accept": accept, "Content-Type": "application/json", **(UPLOAD if path == "/uploads/" else {})}
    body = None if method == "GET" else b'{"kind": "replay", "params": {"topic": "system", "into": "system"}}'
    answer = client.request(method, path, headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), answer.text


@pytest.mark.parametrize("path", ["/events/system", "/events?topic=system", "/ws/rooms/lobby", "/ws/rooms/nowhere"])
def test_no_socket_lets_a_stranger_in(site, path):
    with connect(site.ws_url + path, origin=site.url) as socket:
        assert json.loads(socket.recv(timeout=20))["data"]["code"] == "unauthorized"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)
    assert closed.value.rcvd.code == 4401


def test_a_socket_without_topics_gives_a_stranger_none_and_takes_nothing(site):
    with connect(f"{site.ws_url}/events", origin=site.url) as socket:
        socket.recv(timeout=20)
        for number, operation in enumerate(
            [{"op": "subscribe", "topic": "system"}, {"op": "publish", "topic": "a", "data": 1}]
        ):
            socket.send(json.dumps(operation | {"ref": number}))
            answer = json.loads(socket.recv(timeout=20))
            assert (answer["op"], answer["error"]["code"]) == ("error", "unauthorized")


def test_static_files_are_found_cached_and_revalidated(client):
    page = client.get("/").text
    paths = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert any(path.endswith(".css") for path in paths)
    assert any(path.endswith(".js") for path in paths)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "max-age" in answer.headers["cache-control"]
        again = client.get(path, headers={"If-Modified-Since": answer.headers["last-modified"]})
        assert (again.status_code, again.content) == (304, b"")
    assert client.head(path).content == b""
    for missing in (
        "/static/",
        "/static/nothing.css",
        "/static/%2e%2e/db.sqlite3",
        "/static/../manage.py",
        "/static/%00",
    ):
        assert client.get(missing).status_code in (400, 404), missing
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("server", SERVERS)
def test_the_admin_has_all_of_its_files_on_either_server(site, server):
    one = site if server == site.server else Site(server, site.folder, site.env["DATABASE_URL"], **site.own).start()
    code = "from django.contrib.auth.models import User; u = User.objects.get(); u.set_password('river-lamp'); u.save()"
    site.manage("shell", "-v0", "-c", code)
    try:
        with httpx.Client(base_url=one.url, timeout=20, follow_redirects=True) as client:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/admin/").text)[1]
            form = {"username": "admin", "password": "river-lamp", "csrfmiddlewaretoken": token}
            client.post("/login/?next=/admin/streams/topic/", data=form)
            pages = [client.get(path) for path in ("/admin/", "/admin/streams/topic/", "/admin/streams/topic/add/")]
            assert [page.status_code for page in pages] == [200, 200, 200]
            paths = {path for page in pages for path in re.findall(r'(?:href|src)="(/static/[^"?]+)"', page.text)}
            assert {"/static/unfold/css/styles.css", "/static/admin/js/actions.js"} <= paths
            for path in paths:
                assert client.get(path).status_code == 200, path
            assert "options.selectedClass" in client.get("/static/admin/js/actions.js").text, (
                "the theme's, not Django's"
            )
    finally:
        if one is not site:
            one.kill()


def test_errors_tell_strangers_nothing_of_the_inside(client):
    answer = client.get("/nothing/here", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "urlpatterns" not in answer.text and "DEBUG" not in answer.text
    assert client.get("/nothing/here").json()["error"]["code"] == "not_found"
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


async def test_a_token_reads_what_it_was_made_for(site):
    headers = site.token("--read", "system")
    async with reading(Reader(site.url, "system", headers=headers)) as reader:
        await aeventually(lambda: reader.events)
    assert reader.events[0].type == "vitals"
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.get(f"{site.url}/events/room:lobby")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_such_topic")


def test_a_secret_is_required(site):
    env = {name: value for name, value in site.env.items() if name != "DJANGO_SECRET_KEY"}
    from tests.harness.site import manage

    done = manage("check", env=env, check=False)
    assert done.returncode != 0
    assert "DJANGO_SECRET_KEY is required" in done.stderr

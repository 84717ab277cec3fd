"""No secret gets into the log, by whichever way it comes."""

import logging

import pytest

from streams.logs import redaction
from streams.logs.redaction import known_secrets, redact

TOKEN = "st_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFy-_"
KEY = "sk-ant-api03-abcDEF123_456-xyz"
SESSION = "r2d2c3poq0w1e2r3t4y5u6i7o8p9a0sd"
PASSWORD = "hunter2-of-the-database"
PLACES = {
    "a token": f"who is {TOKEN}?",
    "a header": f"Authorization: Bearer {TOKEN}",
    "any bearer": "authorization: bearer abc.def.ghi-123456",
    "a key": f"x-api-key: {KEY}",
    "a query": f'127.0.0.1:4 - "GET /events/orders?token={TOKEN}&last_event_id=-1 HTTP/1.1" 200',
    "a foreign token in a query": f"GET /events?access_token={SESSION}&topic=a",
    "a search": f"HTTP GET /rooms/den/search?before=9&q={PASSWORD}%20{SESSION} 404 [0.01, 127.0.0.1:4]",
    "a search for people": f"/rooms/den/settings?find={PASSWORD}",
    "a cookie": f"Cookie: theme=dark; sessionid={SESSION}; csrftoken={SESSION}",
    "a cookie alone": f"got sessionid={SESSION};",
    "headers of the scope": repr([(b"cookie", f"sessionid={SESSION}".encode()), (b"host", b"a")]),
    "a dict": repr({"sessionid": SESSION, "api_key": KEY}),
    "a form": f"csrfmiddlewaretoken={SESSION}&username=ada&password={PASSWORD}",
    "the database": f"could not connect to postgres://streams:{PASSWORD}@db.example:5432/streams?sslmode=require",
    "Redis": f"Error 111 connecting to redis://:{PASSWORD}@cache:6379/0.",
    "a DSN": f"host=db user=streams password={PASSWORD} dbname=streams",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_left_out_of(place):
    left = redact(PLACES[place])
    assert redaction.HIDDEN in left
    assert not [secret for secret in (TOKEN, KEY, SESSION, PASSWORD, "abc.def.ghi") if secret in left]


def test_what_is_no_secret_stays():
    for text in (
        "listening on http://127.0.0.1:8000",
        "GET /events/orders?last_event_id=k7m2p9xq-41 HTTP/1.1",
        "no topic 'orders' that you may read",
        "Send a bearer token, or the CSRF token of your session.",
        "connect to postgres://streams@db/streams as best_of_three",
    ):
        assert redact(text) == text
    assert "last_event_id=-1" in redact(PLACES["a query"])
    assert "topic=a" in redact(PLACES["a foreign token in a query"])
    assert "db.example:5432/streams" in redact(PLACES["the database"])


def test_the_secrets_of_the_environment_are_known_by_heart():
    known = known_secrets(
        {
            "DJANGO_SECRET_KEY": "correct horse battery staple",
            "STREAMS_METRICS_TOKEN": "scrape-me-1234",
            "DATABASE_URL": "postgres://streams:p.w+rd(12)@db/streams",
            "REDIS_URL": "redis://localhost",
            "ANTHROPIC_API_KEY": "short",
        }
    )
    assert known.findall("correct horse battery staple, scrape-me-1234; p.w+rd(12); short; pXw+rd(12)") == [
        "correct horse battery staple",
        "scrape-me-1234",
        "p.w+rd(12)",
    ]
    assert known_secrets({}) is None


@pytest.mark.parametrize("secret", [TOKEN, KEY, f"sessionid={SESSION}", f"redis://:{PASSWORD}@cache/0"])
def test_a_secret_is_lost_on_its_way_into_a_line(written, secret):
    logger = logging.getLogger("some.library")
    logger.warning(f"in the message {secret}")
    logger.warning("in an argument %s %r", secret, {"it": [secret]})
    logger.warning({"a message that is": {"a dict": secret}})
    logger.warning(
        "in the extra", extra={"headers": {"x": [secret]}, "thing": type("T", (), {"__str__": lambda _: secret})()}
    )
    try:
        try:
            raise ValueError(f"in a cause {secret}")
        except ValueError as error:
            raise RuntimeError(f"in an exception {secret}") from error
    except RuntimeError:
        logger.exception("failed", stack_info=True)
    assert len(written.lines) == 5
    bare = secret.partition("=")[2] or secret
    assert bare not in written.everything()
    assert PASSWORD not in written.everything()
    assert "in a cause" in written.lines[-1]["exception"]
    assert "in an exception" in written.texts[-1]

"""Requests nobody should send. Each gets its status, the connection is closed after it, and the access log
says why with a stable token (schemas/reason.h)."""

import pytest

from harness import Client, get

OK = "GET / HTTP/1.1\r\nHost: a\r\n"

# (name, bytes, status, reason token)
TABLE = [
    ("no request line", "\x01\x02\x03 rubbish\r\n\r\n", 400, None),
    ("TLS hello on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 40 + "\r\n\r\n",
     400, None),
    ("method is not a token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_method"),
    ("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, None),
    ("control byte in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"),
    ("fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"),
    ("version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "bad_version"),
    ("version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, None),
    ("bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400, "bare_line_feed"),
    ("bare carriage return", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "bare_carriage_return"),
    ("NUL in a value", OK + "X: a\x00b\r\n\r\n", 400, "nul_byte"),
    ("space before the colon", OK + "X : a\r\n\r\n", 400, "space_before_colon"),
    ("folded line", OK + "X: a\r\n b\r\n\r\n", 400, "obsolete_folding"),
    ("field name with a space", OK + "X Y: a\r\n\r\n", 400, None),
    ("empty field name", OK + ": a\r\n\r\n", 400, "bad_field_name"),
    ("line without colon", OK + "nonsense\r\n\r\n", 400, "missing_colon"),
    ("no Host", "GET / HTTP/1.1\r\n\r\n", 400, "host_missing"),
    ("two Hosts", OK + "Host: b\r\n\r\n", 400, "host_duplicate"),
    ("Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "host_invalid"),
    ("Host unlike the target", "GET http://one/ HTTP/1.1\r\nHost: two\r\n\r\n", 400, "host_mismatch"),
    ("length and encoding", OK + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
     "length_and_encoding"),
    ("signed length", OK + "Content-Length: +3\r\n\r\nabc", 400, "bad_content_length"),
    ("hexadecimal length", OK + "Content-Length: 0x3\r\n\r\nabc", 400, "bad_content_length"),
    ("empty length", OK + "Content-Length: \r\n\r\n", 400, "bad_content_length"),
    ("length list", OK + "Content-Length: 3, 3\r\n\r\nabc", 400, None),
    ("two lengths", OK + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "duplicate_length"),
    ("huge length", OK + "Content-Length: 99999999999999999999\r\n\r\n", 400, "bad_content_length"),
    ("unknown coding", OK + "Transfer-Encoding: gzip\r\n\r\n", 501, "unknown_encoding"),
    ("chunked twice", OK + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400, None),
    ("empty coding", OK + "Transfer-Encoding: ,chunked\r\n\r\n", 400, "bad_transfer_encoding"),
    ("encoding in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
     "encoding_in_http10"),
    ("Connection names framing", OK + "Content-Length: 0\r\nConnection: Content-Length\r\n\r\n", 400,
     "bad_connection_option"),
    ("other expectation", OK + "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n", 417, "bad_expectation"),
    ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501, "connect_not_supported"),
    ("long target", "GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
    ("large head", OK + "X: " + "a" * 40_000 + "\r\n\r\n", 431, "head_too_large"),
    ("many fields", OK + "".join(f"X{i}: a\r\n" for i in range(200)) + "\r\n", 431, "too_many_fields"),
    ("chunk size with a sign",
     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n", 400,
     "bad_chunk"),
    ("chunk without its end",
     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n", 400,
     "bad_chunk"),
    ("chunk size overflow", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "11111111111111111\r\nabc\r\n", 400, "bad_chunk"),
]


@pytest.fixture(scope="module")
def gateway(shared_world):
    origin = shared_world.origin()
    made = shared_world.http_gateway(origin)
    made.origin = origin
    return made


@pytest.mark.parametrize("name, data, status, token", TABLE, ids=[row[0].replace(" ", "-") for row in TABLE])
def test_a_hostile_request_is_refused(gateway, name, data, status, token):
    seen = len(gateway.access_log())
    with Client(gateway.port) as client:
        client.send(data)
        answer = client.read_response()
        assert answer.status == status, answer.body
        assert len(answer.body) < 600
        assert client.is_closed(), "the connection must be closed after a malformed request"

    def logged(line):
        return line["status"] == status and (token is None or line["reason"] == token)

    from harness import wait_for
    wait_for(lambda: any(logged(line) for line in gateway.access_log()[seen:]),
             f"status {status} reason {token} in the log")


def test_nothing_behind_a_malformed_request_is_read(gateway):
    """Request smuggling needs a second request on the same connection; there is none."""
    before = gateway.origin.counters()["requests"]
    with Client(gateway.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_response().status == 400
        assert client.is_closed()
    assert gateway.origin.counters()["requests"] == before


def test_a_good_client_is_served_meanwhile(gateway):
    hostile = [Client(gateway.port) for _ in range(20)]
    for client in hostile:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX:")
    assert get(gateway.port).status == 200
    for client in hostile:
        client.close()


def test_a_slow_head_is_ended_by_the_clock_not_by_the_bytes(world):
    origin = world.origin()
    gateway = world.http_gateway(origin,
                                 timeouts={"client_header": "300ms", "client_idle": "300ms", "drain": "1s"})
    with Client(gateway.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: slow\r\nX: ")
        answer = client.read_response()
        assert answer.status == 408
        assert client.is_closed()
    gateway.wait_for_log(lambda line: line["reason"] == "head_timeout")
    with Client(gateway.port) as idle:
        assert idle.request().status == 200
        assert idle.is_closed(), "an idle connection ends after client_idle"


def test_a_stalled_body_ends_with_408(world):
    gateway = world.http_gateway(world.origin(), timeouts={"client_body": "300ms", "drain": "1s"})
    with Client(gateway.port) as client:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert client.read_response().status == 408
        assert client.is_closed()
    gateway.wait_for_log(lambda line: line["reason"] == "body_timeout")


def test_a_body_above_the_limit_is_refused(world):
    gateway = world.http_gateway(world.origin(), limits={"body_bytes": "1k"})
    assert get(gateway.port, "/echo", method="POST", body=b"x" * 1024).status == 200
    with Client(gateway.port) as client:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n")
        assert client.read_response().status == 413
        assert client.is_closed()
    with Client(gateway.port) as client:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("400\r\n" + "x" * 1024 + "\r\n400\r\n" + "x" * 1024 + "\r\n0\r\n\r\n")
        assert client.read_response().status == 413
        assert client.is_closed()
    gateway.wait_for_log(lambda line: line["reason"] == "body_too_large")


# What origins should not answer. (name, bytes, status, reason)
BAD_ANSWERS = [
    ("rubbish", b"what?\r\n\r\n", 502, "bad_response"),
    ("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", 502, "bad_response_field"),
    ("length and encoding",
     b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502,
     "bad_response_framing"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 502,
     "bad_response_framing"),
    ("folded", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", 502, "bad_response_field"),
    ("huge head", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 502, "response_head_too_large"),
    ("nothing", b"", 502, "origin_closed"),
    ("an upgrade nobody asked for",
     b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 502,
     "refused_upgrade"),
]


@pytest.mark.parametrize("name, data, status, token", BAD_ANSWERS,
                         ids=[row[0].replace(" ", "-") for row in BAD_ANSWERS])
def test_a_malformed_answer_is_not_passed_on(world, name, data, status, token):
    def script(client):
        client.read_until(b"\r\n\r\n")
        client.send(data)
    origin = world.scripted_origin(script)
    gateway = world.http_gateway(origin, retries={"attempts": 0})
    assert get(gateway.port, "/x").status == status
    line = gateway.wait_for_log(lambda line: line["status"] == status)
    assert line["reason"] == token, line

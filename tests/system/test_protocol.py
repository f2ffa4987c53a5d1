"""HTTP/1.1 as RFC 9110 and 9112 ask of an intermediary."""

import re

import pytest

from harness import Client, get, pattern


@pytest.fixture(scope="module")
def origin(shared_world):
    return shared_world.origin("main")


@pytest.fixture(scope="module")
def gateway(shared_world, origin):
    return shared_world.http_gateway(origin)


def echoed(answer, name):
    return [value for key, value in answer.json()["fields"] if key.lower() == name.lower()]


def test_keep_alive_serves_many_requests_on_one_connection(gateway, origin):
    before = origin.counters()
    with Client(gateway.port) as client:
        for _ in range(200):
            assert client.request().status == 200
    after = origin.counters()
    assert after["requests"] - before["requests"] == 200
    assert after["connections"] - before["connections"] <= 3, "the origin's connections are not reused"


def test_pipelined_requests_are_answered_in_order(gateway):
    with Client(gateway.port) as client:
        client.send("".join(f"GET /bytes/{n} HTTP/1.1\r\nHost: a\r\n\r\n" for n in range(1, 101)))
        for n in range(1, 101):
            assert client.read_response().body == pattern(n)


def test_pipelined_posts_keep_their_bodies(gateway):
    with Client(gateway.port) as client:
        for n in (3, 70_000, 1):
            client.send(f"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {n}\r\n\r\n" + "x" * n)
        for n in (3, 70_000, 1):
            assert client.read_response().json()["body_bytes"] == n


def test_connection_close_is_honoured(gateway):
    with Client(gateway.port) as client:
        answer = client.request(fields=[("Connection", "close")])
        assert answer.get("Connection") == "close"
        assert client.is_closed()


def test_http_1_0_closes_unless_asked_otherwise(gateway):
    with Client(gateway.port) as client:
        client.send("GET /bytes/5 HTTP/1.0\r\nHost: a\r\n\r\n")
        assert client.read_response().body == pattern(5)
        assert client.is_closed()


def test_http_1_0_never_gets_chunks(gateway):
    with Client(gateway.port) as client:
        client.send("GET /chunked/5000 HTTP/1.0\r\nHost: a\r\n\r\n")
        answer = client.read_response()
        assert answer.get("Transfer-Encoding") is None
        assert answer.body == pattern(5000)


@pytest.mark.parametrize("target", ["/", "/bytes/1000", "/chunked/1000", "/close-delimited/1000"])
def test_head_has_the_fields_and_no_body(gateway, target):
    with Client(gateway.port) as client:
        answer = client.request("HEAD", target)
        assert answer.status == 200
        assert client.request(target="/bytes/3").body == pattern(3) or answer.get("Connection") == "close"


def test_head_keeps_the_length_it_would_have(gateway):
    assert get(gateway.port, "/bytes/1000", method="HEAD").get("Content-Length") == "1000"


@pytest.mark.parametrize("status", [204, 304])
def test_bodiless_answers_leave_the_connection_usable(gateway, status):
    with Client(gateway.port) as client:
        answer = client.request(target=f"/status/{status}")
        assert answer.status == status
        assert answer.get("Transfer-Encoding") is None
        assert client.request().status == 200


@pytest.mark.parametrize("status", [200, 201, 301, 404, 418, 500, 503])
def test_the_origins_status_is_passed_on(gateway, status):
    assert get(gateway.port, f"/status/{status}").status == status


def test_early_hints_come_before_the_answer(gateway):
    answer = get(gateway.port, "/early-hints")
    assert answer.status == 200
    assert [early.status for early in answer.informational] == [103]
    assert answer.informational[0].get("Link") == "</style.css>; rel=preload"


def test_expect_100_continue_is_relayed(gateway):
    with Client(gateway.port) as client:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        client.send("hello")
        assert client.read_response().json()["body_bytes"] == 5


def test_a_refusal_instead_of_100_continue_arrives(gateway):
    with Client(gateway.port) as client:
        client.send("POST /refuse-body HTTP/1.1\r\nHost: a\r\n"
                    "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        answer = client.read_response()
        assert answer.status == 413 and answer.informational == []


def test_trailers_are_passed_on_to_who_wants_them(gateway):
    answer = get(gateway.port, "/chunked/1000?trailers", fields=[("TE", "trailers")])
    assert answer.body == pattern(1000)
    assert ("X-Checksum", "1000") in answer.trailers


def test_request_trailers_arrive(gateway):
    with Client(gateway.port) as client:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                    "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n")
        answer = client.read_response().json()
        assert answer["body_bytes"] == 3 and answer["trailer_fields"] in (0, 1)


def test_an_upgrade_becomes_a_tunnel(gateway):
    with Client(gateway.port) as client:
        answer = client.request(target="/upgrade", fields=[("Connection", "Upgrade"), ("Upgrade", "echo")])
        assert answer.status == 101
        assert answer.get("Upgrade") == "echo"
        for size in (1, 1000, 300_000):
            client.send(pattern(size))
            assert client.read_bytes(size) == pattern(size)
        client.half_close()
        assert client.is_closed()


def test_bytes_behind_an_upgrade_request_are_not_lost(gateway):
    with Client(gateway.port) as client:
        client.send("GET /upgrade HTTP/1.1\r\nHost: a\r\n"
                    "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nearly bird")
        assert client.read_head().status == 101
        assert client.read_bytes(10) == b"early bird"


def test_a_refused_upgrade_is_an_ordinary_answer(gateway):
    with Client(gateway.port) as client:
        answer = client.request(target="/bytes/7", fields=[("Connection", "Upgrade"), ("Upgrade", "echo")])
        assert answer.status == 200 and answer.body == pattern(7)
        assert client.request().status == 200


def test_forwarded_fields_are_added_and_host_is_kept(gateway):
    answer = get(gateway.port, "/echo", host="www.example.com:8080")
    assert echoed(answer, "Host") == ["www.example.com:8080"]
    assert echoed(answer, "X-Forwarded-For") == ["127.0.0.1"]
    assert echoed(answer, "X-Forwarded-Proto") == ["http"]
    assert echoed(answer, "X-Forwarded-Host") == ["www.example.com:8080"]
    assert len(echoed(answer, "X-Request-ID")) == 1


def test_request_ids_differ(gateway):
    seen = {echoed(get(gateway.port, "/echo"), "X-Request-ID")[0] for _ in range(50)}
    assert len(seen) == 50
    assert all(re.fullmatch(r"[0-9A-Za-z-]{16,64}", one) for one in seen)


def test_hop_by_hop_fields_stay_behind(gateway):
    answer = get(gateway.port, "/echo",
                 fields=[("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"),
                                                ("TE", "gzip"), ("X-Private", "secret"), ("X-Kept", "yes"),
                                                ("Connection", "X-Private")])
    for name in ("Keep-Alive", "Proxy-Connection", "X-Private", "Upgrade"):
        assert echoed(answer, name) == [], name
    assert echoed(answer, "X-Kept") == ["yes"]


def test_an_absolute_target_is_served_like_the_other_form(gateway):
    with Client(gateway.port) as client:
        client.send("GET http://www.example.com/echo?x=1 HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        answer = client.read_response()
        assert answer.json()["target"] == "/echo?x=1"
        assert echoed(answer, "Host") == ["www.example.com"]


def test_the_query_and_odd_bytes_of_the_target_are_kept(gateway):
    target = "/echo?a=%2F&b=c%20d&e=[f]"
    assert get(gateway.port, target).json()["target"] == target


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_methods_are_passed_on(gateway, method):
    assert get(gateway.port, "/echo", method=method).json()["method"] == method

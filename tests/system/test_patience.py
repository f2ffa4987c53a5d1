"""Deadlines that inactivity cannot stretch: each ends with its own status and reason, and what it held comes
back."""

import re
import socket
import struct
import threading
import time

import pytest

from harness import Client, get, http_config, wait_for

POST = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"


def gauge(gateway, name):
    """Sum of a metric over its labels."""
    page = gateway.admin("GET", "/metrics")[2].decode()
    return sum(float(value) for value in re.findall(rf"^sluice_{name}(?:{{[^}}]*}})? (\S+)$", page, re.M))


def wait_for_base(gateway):
    """Nothing of any client is left."""
    wait_for(lambda: gauge(gateway, "worker_client_connections") == 0, "connections to end")
    wait_for(lambda: gauge(gateway, "worker_streams") == 0, "streams to end")
    wait_for(lambda: gauge(gateway, "worker_buffers_held_bytes") == 0, "buffers to come back")


def trickle(client, piece, pause, stop):
    """Sends `piece` again and again until told to stop or refused."""
    def run():
        try:
            while not stop.wait(pause):
                client.send(piece)
        except OSError:
            pass
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_connection_that_never_sends_is_ended_and_counted(world):
    gateway = world.http_gateway(world.origin(), timeouts={"client_header": "300ms", "drain": "1s"})
    with Client(gateway.port) as client:
        assert client.is_closed()
    wait_for(lambda: 'reason="no_request"} 1' in gateway.admin("GET", "/metrics")[2].decode(), "its count")
    wait_for_base(gateway)


def test_the_head_deadline_runs_from_the_accept(world):
    """Silence first, then bytes: together not longer than client_header."""
    gateway = world.http_gateway(world.origin(), timeouts={"client_header": "1s", "drain": "1s"})
    begin = time.monotonic()
    stop = threading.Event()
    with Client(gateway.port) as client:
        wait_for(lambda: time.monotonic() - begin > 0.6, "some silence")
        client.send("GET / HTTP/1.1\r\nHost: slow\r\nX: ")
        thread = trickle(client, "a", 0.05, stop)
        assert client.read_response().status == 408
        stop.set()
        thread.join()
    assert 0.9 < time.monotonic() - begin < 1.5
    gateway.wait_for_log(lambda line: line["reason"] == "head_timeout")
    wait_for_base(gateway)


def test_after_a_rest_the_head_deadline_runs_from_the_first_byte(world):
    gateway = world.http_gateway(world.origin(), timeouts={"client_header": "500ms", "drain": "1s"})
    with Client(gateway.port) as client:
        assert client.request().status == 200
        begin = time.monotonic()
        wait_for(lambda: time.monotonic() - begin > 0.8, "a rest longer than client_header")
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        begin = time.monotonic()
        wait_for(lambda: time.monotonic() - begin > 0.2, "a pause inside the head")
        client.send("\r\n")
        assert client.read_response().status == 200
        client.send("GET / HTTP/1.1\r\n")
        assert client.read_response().status == 408


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_trickles_is_refused_although_it_never_pauses(world, framing):
    gateway = world.http_gateway(world.origin(), limits={"body_rate": {"bytes_per_second": 1000,
                                                                     "grace": "500ms"}})
    stop = threading.Event()
    begin = time.monotonic()
    with Client(gateway.port) as client:
        if framing == "length":
            client.send(POST)
        else:
            client.send("POST /sink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        thread = trickle(client, "x" if framing == "length" else "1\r\nx\r\n", 0.02, stop)
        answer = client.read_response()
        stop.set()
        thread.join()
    assert answer.status == 408
    assert 0.4 < time.monotonic() - begin < 2.5
    assert gateway.wait_for_log(lambda line: line["status"] == 408)["reason"] == "body_too_slow"
    wait_for_base(gateway)


def test_a_body_at_its_rate_is_welcome_however_long_it_takes(world):
    """Twice the least rate, for longer than the grace."""
    gateway = world.http_gateway(world.origin(), limits={"body_rate": {"bytes_per_second": 1000,
                                                                     "grace": "200ms"}})
    begin = time.monotonic()
    with Client(gateway.port) as client:
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n")
        for turn in range(30):
            wait_for(lambda: time.monotonic() - begin > turn * 0.05, "the next piece")
            client.send("x" * 100)
        assert client.read_response().status == 200
    assert time.monotonic() - begin > 1.4


def test_an_origin_that_holds_the_body_up_is_not_the_clients_fault(world):
    """The origin reads nothing for longer than grace and rate allow; then all of it."""
    go_on = threading.Event()

    def script(client):
        client.read_until(b"\r\n\r\n")
        go_on.wait(10)
        client.read_bytes(4_000_000)
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    origin = world.scripted_origin(script)
    gateway = world.http_gateway(origin, limits={"body_rate": {"bytes_per_second": "1m", "grace": "300ms"}})
    with Client(gateway.port) as client:
        sender = threading.Thread(target=lambda: client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4_000_000))
        sender.start()
        begin = time.monotonic()
        wait_for(lambda: time.monotonic() - begin > 1.5, "the origin's pause")
        go_on.set()
        assert client.read_response().status == 200
        sender.join()


def test_a_client_that_waits_for_100_continue_is_not_slow(world):
    go_on = threading.Event()

    def script(client):
        client.read_until(b"\r\n\r\n")
        go_on.wait(10)
        client.send("HTTP/1.1 100 Continue\r\n\r\n")
        client.read_bytes(3)
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    gateway = world.http_gateway(world.scripted_origin(script),
                                 limits={"body_rate": {"bytes_per_second": 1000, "grace": "200ms"}})
    with Client(gateway.port) as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        begin = time.monotonic()
        wait_for(lambda: time.monotonic() - begin > 0.8, "longer than the grace")
        go_on.set()
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        client.send("abc")
        assert client.read_response().status == 200


def test_a_client_that_does_not_read_is_reset_and_its_memory_freed(world):
    gateway = world.http_gateway(world.origin(body_bytes=50_000_000),
                                 timeouts={"client_write": "700ms", "drain": "1s"})
    with Client(gateway.port, receive_bytes=4096) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: gauge(gateway, "worker_buffers_held_bytes") > 0, "the answer to pile up")
        line = gateway.wait_for_log(lambda line: line["reason"] == "client_stalled")
        assert line["duration_us"] < 10_000_000
        with pytest.raises(ConnectionResetError):
            while client.socket.recv(65536):
                pass
    wait_for_base(gateway)


def test_a_slow_reader_that_makes_progress_is_served_to_the_end(world):
    gateway = world.http_gateway(world.origin(body_bytes=3_000_000),
                                 timeouts={"client_write": "2s", "drain": "1s"})
    with Client(gateway.port, receive_bytes=65536) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        begin, received = time.monotonic(), 0
        while chunk := client.socket.recv(65536):
            received += len(chunk)
            wait_for(lambda: time.monotonic() - begin > received / 1_000_000, "its slow turn")
    assert received > 3_000_000
    assert time.monotonic() - begin > 2.9


def test_the_whole_request_has_a_limit_when_one_is_set(world):
    """An origin that answers at a byte now and then keeps every other timer alive."""
    def script(client):
        client.read_until(b"\r\n\r\n")
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        begin = time.monotonic()
        try:
            while time.monotonic() - begin < 5:
                client.send("x")
                threading.Event().wait(0.05)
        except OSError:
            return
        raise AssertionError("the gateway did not end the connection to the origin")
    origin = world.scripted_origin(script)
    gateway = world.http_gateway(origin, timeouts={"request_total": "600ms", "drain": "1s"})
    begin = time.monotonic()
    with Client(gateway.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_head().status == 200
        assert len(client.read_to_end()) < 1000, "the answer must not look complete"
    assert 0.5 < time.monotonic() - begin < 2
    assert gateway.wait_for_log(lambda line: line["reason"] == "request_timeout")["status"] == 200
    wait_for_base(gateway)
    assert origin.failures == []


def test_a_silent_origin_and_the_limit_of_the_whole_request_give_504(world):
    silent = world.scripted_origin(lambda client: client.read_to_end())
    forward = {"to": [silent.address]}
    routes = [{"name": "short", "match": {"path": "/short"}, **forward,
               "timeouts": {"request_total": "300ms"}},
              {"name": "long", "match": {"path": "/long"}, **forward,
               "timeouts": {"request_total": "off", "response": "1s"}}]
    gateway = world.http_gateway(silent, routes=routes, timeouts={"request_total": "200ms", "drain": "1s"})
    with Client(gateway.port) as client:
        assert client.request(target="/short").status == 504
        # The connection is as good as before.
        assert client.request(target="/long").status == 504
    assert gateway.wait_for_log(lambda line: line["route"] == "short")["reason"] == "request_timeout"
    assert gateway.wait_for_log(lambda line: line["route"] == "long")["reason"] == "response_timeout"


def test_resets_by_the_thousand_leave_nothing_behind(world):
    """A RST storm: connections reset before, in and after a request."""
    gateway = world.http_gateway(world.origin(), workers=2)
    pieces = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
              b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"]
    for turn in range(2000):
        attacker = socket.create_connection(("127.0.0.1", gateway.port))
        attacker.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if pieces[turn % 4]:
            attacker.sendall(pieces[turn % 4])
        attacker.close()
        if turn % 200 == 0:
            assert get(gateway.port).status == 200
    wait_for_base(gateway)


def test_half_open_connections_end_by_their_deadline(world):
    """The client shut its sending side in the middle of a request, or vanished after it."""
    gateway = world.http_gateway(world.origin(), timeouts={"client_header": "500ms", "client_body": "500ms",
                                                         "client_idle": "500ms", "drain": "1s"})
    attackers = []
    for piece in (b"", b"GET / HTT", POST.encode() + b"abc", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
        attacker = socket.create_connection(("127.0.0.1", gateway.port))
        if piece:
            attacker.sendall(piece)
        attacker.shutdown(socket.SHUT_WR)
        attackers.append(attacker)
    wait_for_base(gateway)
    for attacker in attackers:
        attacker.close()


def test_a_reload_changes_the_deadlines(world):
    origin = world.origin(body_bytes=50_000_000)
    gateway = world.http_gateway(origin)
    stalled = Client(gateway.port, receive_bytes=4096)
    stalled.send("GET / HTTP/1.1\r\nHost: before\r\n\r\n")
    wait_for(lambda: gauge(gateway, "worker_buffers_held_bytes") > 0, "the first reader to stall")
    gateway.reload(http_config(gateway.port, origin, timeouts={"client_write": "300ms", "drain": "1s"}))
    wait_for(lambda: gateway.status()["data_planes"][0]["applied_revision"] >= 2, "the new revision")
    second = Client(gateway.port, receive_bytes=4096)
    second.send("GET / HTTP/1.1\r\nHost: after\r\n\r\n")
    gateway.wait_for_log(lambda line: line["reason"] == "client_stalled" and line["host"] == "after")
    assert not any(line["host"] == "before" for line in gateway.access_log())
    stalled.close()
    second.close()

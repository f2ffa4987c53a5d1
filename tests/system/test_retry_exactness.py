"""An origin that fails at every byte of a request and of its answer, over real sockets.

Idempotent requests succeed as long as a healthy member exists and no byte of an answer came. A POST whose
bytes may have been seen is never sent twice, wherever it fails. What broke off never looks complete.
"""

import itertools
import socket
import struct
import threading

import pytest

from harness import Client

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfaulty"
BODY = b"0123456789"


class FaultyOrigin:
    """Fails on request `dies_on` of every connection, after `reads` bytes of it (None: all) and `writes`
    of the answer. One connection at a time is enough: the clients come one after the other."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.reads, self.writes, self.resets, self.dies_on = 0, 0, False, 1
        self.requests = 0  # Whose first byte arrived.
        self.seen = 0  # Bytes of the last one.
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, connection):
        connection.settimeout(15)
        with connection:
            try:
                for _ in range(self.dies_on - 1):
                    if not self.read(connection, None):
                        return
                    connection.sendall(ANSWER)
                self.read(connection, self.reads)
                connection.sendall(ANSWER[:self.writes])
                if self.resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass

    def read(self, connection, count):
        """`count` bytes of a request, or all of it; False at its end."""
        data = b""
        while not is_whole(data) and (count is None or len(data) < count):
            more = connection.recv(1 << 16 if count is None else count - len(data))
            if not more:
                return False
            self.requests += not data
            data += more
            self.seen = len(data)
        return True

    def stop(self):
        self.listener.close()


def is_whole(data):
    head, found, body = data.partition(b"\r\n\r\n")
    return bool(found) and len(body) == (len(BODY) if b"Content-Length: 10" in head else 0)


@pytest.fixture
def faulty():
    origin = FaultyOrigin()
    yield origin
    origin.stop()


@pytest.fixture
def gateway(world, faulty):
    healthy = world.origin("healthy")
    made = world.http_gateway(
        healthy, peers=[{"name": "faulty", "address": faulty.address}, {"name": "healthy",
                                                                        "address": healthy.address}],
        pools=[{"name": "app", "mode": "failover", "members": ["faulty", "healthy"]}],
        routes=[{"name": "all", "pool": "app"}], retries={"attempts": 2, "budget": "100%"})
    made.healthy = healthy
    return made


def request(method):
    body = BODY if method != "GET" else b""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} /bytes/7 HTTP/1.1\r\nHost: a\r\n{length}\r\n".encode() + body


def ask(gateway, method, warm_up):
    """What a client gets for one request: (status, whole body or None). `warm_up`: an earlier request leaves
    a connection to the faulty origin that this one reuses."""
    with Client(gateway.port) as client:
        if warm_up:
            client.send(request("GET"))
            assert client.read_response().body == b"faulty"
        client.send(request(method))
        head = client.read_head()
        try:
            return head.status, client.read_bytes(int(head.get("Content-Length")))
        except AssertionError:
            return head.status, None


METHODS = ["GET", "PUT", "POST"]


@pytest.mark.parametrize("resets", [False, True], ids=["fin", "reset"])
@pytest.mark.parametrize("warm_up", [False, True], ids=["fresh", "reused"])
@pytest.mark.parametrize("method", METHODS)
def test_an_origin_that_dies_at_any_byte_of_the_request(gateway, faulty, method, warm_up, resets):
    faulty.resets, faulty.dies_on = resets, 2 if warm_up else 1
    for reads in itertools.count():
        if faulty.reads > faulty.seen:
            break  # It has died at every byte, and behind the last.
        faulty.reads, faulty.requests, faulty.seen = reads, 0, 0
        before = gateway.healthy.counters()["requests"]
        status, body = ask(gateway, method, warm_up)
        repeated = gateway.healthy.counters()["requests"] - before
        if method == "POST":
            # A goodbye right behind the first answer may come before the POST, which then goes out fresh.
            was_idle = warm_up and reads == 0
            assert repeated == 0 and (status == 502 or was_idle), f"after {reads} bytes"
            assert faulty.requests <= (2 if warm_up else 1), f"sent twice after {reads} bytes"
        else:
            assert status == 200 and body is not None, f"after {reads} bytes"
    assert reads > len(request(method)) + 100, "the gateway adds fields of its own"


@pytest.mark.parametrize("resets", [False, True], ids=["fin", "reset"])
@pytest.mark.parametrize("method", METHODS)
def test_an_origin_that_dies_at_any_byte_of_its_answer(gateway, faulty, method, resets):
    faulty.resets, faulty.reads = resets, None
    head_bytes = ANSWER.index(b"faulty")
    for writes in range(len(ANSWER)):
        faulty.writes = writes
        before = gateway.healthy.counters()["requests"]
        status, body = ask(gateway, method, False)
        repeated = gateway.healthy.counters()["requests"] - before
        if writes == 0 and method != "POST":
            assert (status, repeated) == (200, 1)
            continue
        assert repeated == 0, f"repeated after {writes} bytes of an answer"
        if writes < head_bytes:
            assert status == 502, f"after {writes} bytes"
        elif not resets:
            assert (status, body) == (200, None), f"after {writes} bytes"
        else:  # A reset may destroy what was on its way.
            assert (status, body) in ((200, None), (502, b"502 Bad Gateway\n")), f"after {writes} bytes"

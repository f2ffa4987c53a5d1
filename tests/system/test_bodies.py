"""Bodies in both directions, in every framing, whole and in pieces."""

import socket
import zlib

import pytest

from harness import Client, get, pattern, wait_for

SIZES = [0, 1, 1024, 65_536, 1_000_003, 20_000_000]


@pytest.fixture(scope="module")
def gateway(shared_world):
    origin = shared_world.origin()
    made = shared_world.http_gateway(origin)
    made.origin = origin
    return made


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ["bytes", "chunked", "close-delimited"])
def test_a_response_body_arrives_byte_for_byte(gateway, path, size):
    answer = get(gateway.port, f"/{path}/{size}")
    assert answer.status == 200
    assert len(answer.body) == size
    assert answer.body == pattern(size)


def test_a_close_delimited_answer_does_not_cost_the_client_its_connection(gateway):
    with Client(gateway.port) as client:
        first = client.request(target="/close-delimited/5000")
        assert first.body == pattern(5000)
        if first.get("Connection") != "close":
            assert client.request(target="/bytes/10").body == pattern(10)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_body_arrives_byte_for_byte(gateway, size, chunked):
    body = pattern(size)
    pieces = [body[i:i + 70_001] for i in range(0, size, 70_001)]
    answer = get(gateway.port, "/echo", method="POST", body=pieces if chunked else body,
                 chunked=chunked).json()
    assert answer["body_bytes"] == size
    assert answer["body_crc32"] == zlib.crc32(body)


def test_a_chunked_body_cut_at_every_byte(gateway):
    body = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"
    with Client(gateway.port) as client:
        for cut in range(1, len(body)):
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send(body[:cut])
            client.send(body[cut:])
            answer = client.read_response().json()
            assert answer["body_bytes"] == 11 and answer["body_crc32"] == zlib.crc32(b"hello world"), cut


def test_a_head_cut_at_every_byte(gateway):
    request = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    with Client(gateway.port) as client:
        for cut in range(1, len(request)):
            client.send(request[:cut])
            client.send(request[cut:])
            assert client.read_response().json()["body_bytes"] == 3, cut


def test_a_slow_reader_gets_everything_and_costs_little(gateway):
    """Back-pressure: the origin offers 64 MiB, the client reads nothing for a while."""
    size = 64 << 20
    with Client(gateway.port, receive_bytes=64 << 10) as client:
        client.send(f"GET /bytes/{size} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_head().status == 200
        # Nothing moves any more: everything in between is full.
        last = [-1, 0]

        def is_stalled():
            queued = bytes_queued(gateway.port, gateway.origin.port)
            last[1] = last[1] + 1 if queued == last[0] else 0
            last[0] = queued
            return last[1] > 5
        wait_for(is_stalled, "the transfer to stall")
        wait_for(lambda: buffers_held(gateway) <= 2 << 20, "the stalled reader to cost at most 2 MiB")
        remaining, crc = size, 0
        received = client.buffer
        client.buffer = b""
        while True:
            crc = zlib.crc32(received, crc)
            remaining -= len(received)
            if remaining == 0:
                break
            received = client.socket.recv(1 << 20)
            assert received, f"{remaining} bytes are missing"
        assert crc == pattern_crc(size)


def bytes_queued(*ports):
    """Bytes that wait in the kernel's queues of all connections from and to these ports."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            _, local, remote, _, queues = line.split()[:5]
            if {int(local.split(":")[1], 16), int(remote.split(":")[1], 16)} & set(ports):
                total += sum(int(queue, 16) for queue in queues.split(":"))
    return total


def buffers_held(gateway):
    """What the metrics say the data plane holds in its own buffers."""
    text = gateway.admin("GET", "/metrics")[2].decode()
    values = [float(line.split()[-1]) for line in text.splitlines()
              if line.startswith("sluice_") and "buffers_held_bytes" in line.split("{")[0]]
    assert values, "no sluice_…buffers_held_bytes among the metrics"
    return sum(values)


def pattern_crc(size):
    crc, sent, block = 0, 0, pattern(251 * 4096)
    while sent < size:
        count = min(len(block), size - sent)
        crc = zlib.crc32(block[:count], crc)
        sent += count
    return crc


def test_an_upload_that_the_origin_refuses_ends_with_its_answer(gateway):
    with Client(gateway.port) as client:
        client.send("POST /refuse-body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        assert client.read_response().status == 413


def test_a_client_that_goes_away_mid_upload_leaves_nothing_behind(world):
    origin = world.origin()
    gateway = world.http_gateway(origin)
    client = Client(gateway.port)
    client.send("POST /echo HTTP/1.1\r\nHost: gone\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1000)
    wait_for(lambda: origin.counters()["requests"] >= 1, "the head to reach the origin")
    client.reset()
    line = gateway.wait_for_log(lambda line: line["host"] == "gone")
    assert line["reason"] in ("client_aborted", "client_reset"), line


def test_clients_that_send_and_reset_at_once_leave_nothing_behind(world):
    """Their bytes and the reset arrive as one event; a multishot receive that polls first lost the reset."""
    gateway = world.http_gateway(world.origin())
    for _ in range(200):
        client = Client(gateway.port)
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1000)
        client.reset()

    def streams():
        return gateway.status()["data_planes"][0]["streams"]
    wait_for(lambda: streams() == 0, "the streams of clients that are gone to end", 8)


def test_an_origin_that_dies_mid_body_is_not_mistaken_for_an_end(gateway):
    with Client(gateway.port) as client:
        client.send("GET /reset-after/5000 HTTP/1.1\r\nHost: cut\r\n\r\n")
        head = client.read_head()
        assert head.status == 200
        try:
            body = client.read_to_end()
            assert len(body) < int(head.get("Content-Length"))
        except ConnectionResetError:
            pass
    line = gateway.wait_for_log(lambda line: line["host"] == "cut")
    assert line["reason"] in ("response_truncated", "origin_reset"), line


def test_a_client_may_half_close_after_its_request(gateway):
    with Client(gateway.port) as client:
        client.send("GET /delay/50 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_response().status == 200

"""`protocol: tcp`: bytes through, in both directions, whatever they are."""

import socket
import threading
import time
import zlib

import pytest

from harness import Client, PORTS, ScriptedOrigin, resident_bytes, wait_for

GIBIBYTE = 1 << 30


def tcp_config(port, *origins, **more):
    return {
        "listeners": [{"name": "raw", "address": f"127.0.0.1:{port}", "protocol": "tcp"}],
        "routes": [{"name": "raw", "listener": "raw", "to": [origin.address for origin in origins]}],
        **more,
    }


def tcp_gateway(world, script, **more):
    origin = world.scripted_origin(script)
    port = PORTS.take()
    gateway = world.gateway(tcp_config(port, origin, **more))
    gateway.port, gateway.origin = port, origin
    return gateway


def block():
    """A mebibyte that does not repeat itself, so that a lost or repeated buffer shows."""
    state, out = 1, bytearray()
    while len(out) < 1 << 20:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out += state.to_bytes(8, "little")
    return bytes(out)


def echo(client):
    while data := client.socket.recv(1 << 20):
        client.socket.sendall(data)


def test_bytes_come_back(world):
    gateway = tcp_gateway(world, echo)
    with Client(gateway.port) as client:
        client.send("\x00\x01 anything at all \xff")
        assert client.read_bytes(20) == b"\x00\x01 anything at all \xff"


def test_who_speaks_first_does_not_matter(world):
    gateway = tcp_gateway(world, lambda client: client.send("220 welcome\r\n"))
    with Client(gateway.port) as client:
        assert client.read_to_end() == b"220 welcome\r\n"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_gibibyte_is_byte_identical(world, direction, record_property):
    data = block()
    count = GIBIBYTE // len(data)
    result = {}

    def receive(sock):
        crc = total = 0
        view = memoryview(bytearray(1 << 20))
        while got := sock.recv_into(view):
            crc = zlib.crc32(view[:got], crc)
            total += got
        return crc, total

    def send(sock):
        for _ in range(count):
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    def script(client):
        if direction == "up":
            result["crc"] = receive(client.socket)
            client.send("done")
        else:
            send(client.socket)

    gateway = tcp_gateway(world, script)
    expected = 0
    for _ in range(count):
        expected = zlib.crc32(data, expected)
    before = time.monotonic()
    with Client(gateway.port) as client:
        client.socket.settimeout(60)
        if direction == "up":
            send(client.socket)
            assert client.read_to_end() == b"done"
        else:
            result["crc"] = receive(client.socket)
    seconds = time.monotonic() - before
    record_property("gibibyte_seconds", round(seconds, 2))
    print(f"1 GiB {direction}: {seconds:.2f} s")
    assert result["crc"] == (expected, GIBIBYTE)


def test_the_client_may_stop_sending_and_still_receive(world):
    def script(client):
        client.send("got " + client.read_to_end().decode())
    gateway = tcp_gateway(world, script)
    with Client(gateway.port) as client:
        client.send("hello")
        client.half_close()
        assert client.read_to_end() == b"got hello"


def test_the_origin_may_stop_sending_and_still_receive(world):
    heard = []

    def script(client):
        client.send("bye")
        client.half_close()
        heard.append(client.read_to_end())
    gateway = tcp_gateway(world, script)
    with Client(gateway.port) as client:
        assert client.read_to_end() == b"bye"
        client.send("still here")
        client.half_close()
        wait_for(lambda: heard == [b"still here"], "the origin to hear the rest")


def test_a_reset_reaches_the_other_side(world):
    ended = threading.Event()

    def script(client):
        try:
            while client.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass
        ended.set()
    gateway = tcp_gateway(world, script)
    client = Client(gateway.port)
    client.send("x")
    wait_for(lambda: gateway.origin.connections == 1, "the origin's connection")
    client.reset()
    assert ended.wait(10)


def test_stalled_readers_cost_at_most_their_window(world):
    """Twenty clients that never read, each behind an origin that never stops."""
    def script(client):
        data = block()
        while True:
            client.socket.sendall(data)
    gateway = tcp_gateway(world, script)
    worker = gateway.child("data plane")
    with Client(gateway.port, receive_bytes=16 << 10) as first:
        assert first.read_bytes(10)
        before = resident_bytes(worker)
        clients = [Client(gateway.port, receive_bytes=16 << 10) for _ in range(20)]
        for client in clients:
            assert client.socket.recv(1)
        steady = [0, 0]

        def settled():
            now = resident_bytes(worker)
            steady[1] = steady[1] + 1 if now == steady[0] else 0
            steady[0] = now
            return steady[1] > 10
        wait_for(settled, "the memory to stop growing")
        grown = resident_bytes(worker) - before
        print(f"20 stalled tunnels: {grown / 20 / 1024:.0f} KiB each")
        assert grown < 20 * (1 << 20), f"{grown} bytes for 20 stalled readers"
        for client in clients:
            client.close()


def test_a_dead_member_is_passed_over(world):
    dead = ScriptedOrigin(lambda client: None)
    dead.stop()
    alive = world.scripted_origin(lambda client: client.send("alive"))
    port = PORTS.take()
    world.gateway(tcp_config(port, dead, alive))
    for _ in range(6):
        with Client(port) as client:
            assert client.read_to_end() == b"alive"


def test_without_any_member_the_connection_ends(world):
    dead = ScriptedOrigin(lambda client: None)
    dead.stop()
    port = PORTS.take()
    world.gateway(tcp_config(port, dead))
    try:
        with Client(port) as client:
            assert client.is_closed()
    except ConnectionResetError:
        pass  # As good: the client's connect saw the reset.


def test_an_idle_tunnel_ends_after_its_time(world):
    gateway = tcp_gateway(world, echo, timeouts={"tunnel_idle": "300ms", "drain": "1s"})
    with Client(gateway.port) as client:
        client.send("a")
        assert client.read_bytes(1) == b"a"
        assert client.is_closed()

"""Allow and deny lists of listeners and routes, by the client's address."""

import socket

import pytest

from harness import Client, PORTS, get, run_sluice, wait_for


def access_config(port, origin, listener=None, route=None):
    return {
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}", **(listener or {})}],
        "routes": [{"name": "all", "to": [origin.address], **(route or {})}],
    }


def access_gateway(world, **more):
    port = PORTS.take()
    gateway = world.gateway(access_config(port, world.origin(), **more))
    gateway.port = port
    return gateway


def status(port, source):
    with Client(port, source=source) as client:
        return client.request().status


def test_the_narrowest_network_decides(world):
    gateway = access_gateway(world, route={"allow": ["127.0.0.0/16", "127.0.2.7"], "deny": ["127.0.2.0/24"]})
    expected = {"127.0.0.1": 200, "127.0.1.9": 200, "127.0.2.6": 403, "127.0.2.7": 200, "127.0.2.8": 403,
                "127.1.0.1": 403}
    assert {source: status(gateway.port, source) for source in expected} == expected
    line = gateway.wait_for_log(lambda line: line["status"] == 403)
    assert line["reason"] == "address_denied" and line["route"] == "all" and line["attempts"] == 0
    metrics = gateway.admin("GET", "/metrics")[2].decode()
    assert any("address_denied" in text and text.endswith(" 3") for text in metrics.splitlines())


def test_deny_alone_lets_everybody_else_in(world):
    gateway = access_gateway(world, route={"deny": ["127.0.0.66", "10.0.0.0/8", "2001:db8::/32"]})
    assert status(gateway.port, "127.0.0.66") == 403
    assert status(gateway.port, "127.0.0.67") == 200


def test_a_listeners_list_comes_before_any_route(world):
    gateway = access_gateway(world, listener={"allow": ["127.0.0.1"]}, route={"match": {"path": "/bytes/1"}})
    assert get(gateway.port, "/bytes/1").status == 200
    assert get(gateway.port, "/nowhere").status == 404
    assert status(gateway.port, "127.0.0.2") == 403


def test_a_refused_client_may_ask_again_on_its_connection(world):
    gateway = access_gateway(world, route={"deny": ["127.0.0.0/8"]})
    with Client(gateway.port) as client:
        assert [client.request().status for _ in range(3)] == [403] * 3


def test_a_reload_changes_the_list_under_an_open_connection(world):
    origin = world.origin()
    port = PORTS.take()
    gateway = world.gateway(access_config(port, origin))
    with Client(port) as client:
        assert client.request().status == 200
        gateway.reload(access_config(port, origin, route={"deny": ["127.0.0.1"]}))
        wait_for(lambda: client.request().status == 403, "the list")
        gateway.reload(access_config(port, origin, listener={"deny": ["127.0.0.9"]}))
        wait_for(lambda: client.request().status == 200, "the list to be gone")


@pytest.mark.parametrize("where", ["listener", "route"])
def test_on_a_tcp_listener_the_connection_is_closed(world, where):
    port = PORTS.take()
    listener = {"name": "raw", "address": f"127.0.0.1:{port}", "protocol": "tcp"}
    route = {"name": "raw", "listener": "raw", "to": [world.origin().address]}
    {"listener": listener, "route": route}[where]["allow"] = ["127.0.0.5"]
    gateway = world.gateway({"listeners": [listener], "routes": [route]})
    try:
        with Client(port) as refused:
            refused.send("GET / HTTP/1.0\r\n\r\n")
            assert refused.is_closed()
    except (ConnectionResetError, BrokenPipeError):
        pass
    assert gateway.wait_for_log(lambda line: line["reason"] == "address_denied")
    with Client(port, source="127.0.0.5") as allowed:
        assert allowed.request().status == 200


def test_ten_thousand_networks(world):
    networks = [f"10.{n // 250}.{n % 250}.0/24" for n in range(10_000)]
    gateway = access_gateway(world, route={"deny": networks + ["127.0.0.200/30", "2001:db8::/48"]})
    assert status(gateway.port, "127.0.0.1") == 200
    assert [status(gateway.port, f"127.0.0.{n}") for n in (199, 200, 203, 204)] == [200, 403, 403, 200]


def test_ipv6_clients_are_told_apart(world):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    port = PORTS.take()
    config = access_config(port, world.origin(), route={"allow": ["::1"]})
    config["listeners"][0]["address"] = f"[::1]:{port}"
    world.gateway(config)
    raw = socket.create_connection(("::1", port))
    raw.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert raw.recv(100).startswith(b"HTTP/1.1 200")
    raw.close()


@pytest.mark.parametrize("route, error", [
    ('allow: ["10.0.0.1/8"]', "write the network's own address: 10.0.0.0/8"),
    ('allow: ["10.0.0.0/33"]', "0 to 32"),
    ('deny: [host.example]', "is not a network"),
    ('allow: ["10.0.0.0/8"], deny: ["10.0.0.0/8"]', "both allowed and denied"),
    ('allow: []', "an empty list of networks"),
])
def test_mistakes_say_what_to_do(tmp_path, route, error):
    path = tmp_path / "bad.yaml"
    path.write_text('listeners: [{name: web, address: ":8080"}]\n'
                    f'routes: [{{name: r, to: "127.0.0.1:1", {route}}}]\n')
    code, _, errors = run_sluice("-t", "-c", str(path))
    assert code == 1 and error in errors and "bad.yaml:2:" in errors

"""A new configuration under way: what changes, and what must not."""

import http.client
import signal
import socket

from harness import Client, PORTS, get, http_config, pattern, run_sluice, wait_for


def served_by(port, name, target="/"):
    def check():
        try:
            return get(port, target).get("X-Origin") == name
        except (OSError, AssertionError):
            return False
    return check


def test_a_changed_route_is_served_after_hup(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a)
    assert get(gateway.port).get("X-Origin") == "a"
    gateway.reload(http_config(gateway.port, b))
    wait_for(served_by(gateway.port, "b"), "the new route")


def test_reload_by_command(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a)
    gateway.write(http_config(gateway.port, b))
    code, _, errors = run_sluice("-s", "reload", "-c", str(gateway.config_path))
    assert code == 0, errors
    wait_for(served_by(gateway.port, "b"), "the new route")
    gateway.write(http_config(gateway.port, a))
    assert run_sluice("reload", "-c", str(gateway.config_path))[0] == 0
    wait_for(served_by(gateway.port, "a"), "the old route again")


def test_keep_alive_connections_go_on_with_the_new_routes(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a)
    with Client(gateway.port) as client:
        assert client.request().get("X-Origin") == "a"
        gateway.reload(http_config(gateway.port, b))
        wait_for(lambda: client.request().get("X-Origin") == "b", "the new route on the old connection")


def test_a_request_in_flight_finishes_with_what_it_began(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a)
    with Client(gateway.port) as client:
        client.send("GET /stream/40/25 HTTP/1.1\r\nHost: a\r\n\r\n")
        head = client.read_head()
        assert head.get("X-Origin") == "a"
        gateway.reload(http_config(gateway.port, b))
        wait_for(served_by(gateway.port, "b"), "the new route")
        body = b""
        while True:
            size = int(client.read_until(b"\r\n"), 16)
            piece = client.read_bytes(size + 2)[:-2]
            if size == 0:
                break
            body += piece
        assert body == pattern(40 * 1024)
        assert client.request().get("X-Origin") == "b"


def test_a_listener_is_added_and_removed(world):
    origin = world.origin("a")
    gateway = world.http_gateway(origin)
    second = PORTS.take()
    config = http_config(gateway.port, origin)
    config["listeners"].append({"name": "second", "address": f"127.0.0.1:{second}", "protocol": "http"})
    with Client(gateway.port) as steady:
        assert steady.request().status == 200
        gateway.reload(config)
        wait_for(served_by(second, "a"), "the new listener")
        with Client(second) as old_connection:
            assert old_connection.request().status == 200
            gateway.reload(http_config(gateway.port, origin))

            def refused():
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", second)) != 0
            wait_for(refused, "the removed listener to close")
        assert steady.request().status == 200, "a listener that stays is not touched"


def test_a_tunnel_survives_reloads(world):
    origin = world.origin("a")
    gateway = world.http_gateway(origin)
    with Client(gateway.port) as client:
        assert client.request(target="/upgrade",
                              fields=[("Connection", "Upgrade"), ("Upgrade", "echo")]).status == 101
        for turn in range(10):
            config = http_config(gateway.port, origin)
            config["routes"][0]["name"] = f"turn-{turn}"
            before = gateway.status()
            gateway.reload(config)
            wait_for(lambda: gateway.status() != before, "the revision to change")
            client.send(b"%d" % turn)
            assert client.read_bytes(1) == b"%d" % turn


def test_a_port_in_use_rejects_the_whole_revision(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        config = http_config(gateway.port, b)
        config["listeners"].append({"name": "taken", "address": f"127.0.0.1:{taken}", "protocol": "http"})
        gateway.reload(config)
        wait_for(lambda: "BIND_FAILED" in str(gateway.status()) or "BIND_FAILED" in gateway.output(),
                 "the rejection")
        assert get(gateway.port).get("X-Origin") == "a", "nothing of the rejected revision may be served"
    gateway.reload(http_config(gateway.port, b))
    wait_for(served_by(gateway.port, "b"), "the repaired revision")


def test_the_reload_command_tells_the_outcome(world):
    gateway = world.http_gateway(world.origin("a"))
    command = ("reload", "-c", str(gateway.config_path))
    assert run_sluice(*command) == (0, "reloaded\n", ""), "an unchanged file is fine"
    with socket.create_server(("127.0.0.1", 0)) as holder:
        config = gateway.complete(gateway.config)
        config["listeners"].append({"name": "taken", "address": f"127.0.0.1:{holder.getsockname()[1]}"})
        gateway.write(config)
        code, _, errors = run_sluice(*command)
        assert code == 1 and "BIND_FAILED" in errors and "listeners[taken]" in errors, errors
    code, output, _ = run_sluice("status", "-c", str(gateway.config_path))
    assert code == 0
    assert "serves revision 1" in output and "BIND_FAILED" in output and ", ready" in output, output


def test_a_broken_file_changes_nothing(world):
    a = world.origin("a")
    gateway = world.http_gateway(a)
    gateway.config_path.write_text('{"routes": [}')
    gateway.signal(signal.SIGHUP)
    wait_for(lambda: str(gateway.config_path) + ":1:" in gateway.output(),
             "the error with its place in the log")
    assert get(gateway.port).get("X-Origin") == "a"
    code, _, errors = run_sluice("-s", "reload", "-c", str(gateway.config_path), "--data-dir",
                                 str(gateway.data_dir))
    assert code == 1 and f"{gateway.config_path}:1:" in errors
    assert gateway.is_ready()


def test_pools_and_policies_change(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = world.http_gateway(a)
    config = http_config(gateway.port, a)
    config["peers"] = [{"name": "a", "address": a.address}, {"name": "b", "address": b.address}]
    config["pools"] = [{"name": "both", "mode": "failover", "members": ["b", "a"]}]
    config["routes"] = [{"name": "all", "match": {"path_prefix": "/"}, "pool": "both"}]
    gateway.reload(config)
    wait_for(served_by(gateway.port, "b"), "the failover pool")
    config["pools"][0].update(mode="load_balancing", policy="round_robin")
    gateway.reload(config)
    wait_for(served_by(gateway.port, "a"), "the balanced pool")


def test_a_removed_route_is_gone(world):
    origin = world.origin("a")
    gateway = world.http_gateway(origin)
    config = http_config(gateway.port, origin)
    config["routes"][0]["match"] = {"hosts": ["only.test"]}
    gateway.reload(config)

    def gone():
        try:
            return get(gateway.port).status == 404
        except http.client.HTTPException:
            return False
    wait_for(gone, "the route to be gone")
    assert get(gateway.port, host="only.test").status == 200

"""Requests beyond their rate are answered 429 with the time to wait, exactly, over all workers, and without
losing the connection."""

import threading
import time

from harness import Client, get, http_config, wait_for


def burst(port, count, target="/", source=None):
    """Statuses of `count` requests on one connection, and the last Retry-After seen."""
    statuses, wait = [], None
    with Client(port, source=source) as client:
        for _ in range(count):
            answer = client.request(target=target)
            statuses.append(answer.status)
            wait = answer.get("Retry-After", wait)
    return statuses, wait


def test_an_address_has_its_burst_and_then_its_rate(world):
    gateway = world.http_gateway(world.origin(), limits={"rate_limit_per_ip": {"requests_per_minute": 6,
                                                                             "burst": 5}})
    statuses, wait = burst(gateway.port, 8)
    assert statuses == [200] * 5 + [429] * 3
    assert wait == "10"
    # Another address has its own bucket; the gateway's own pages have none.
    assert burst(gateway.port, 1, source="127.0.0.2")[0] == [200]
    assert get(gateway.port, "/_sluice/ready").status == 200
    line = gateway.wait_for_log(lambda line: line["status"] == 429)
    assert line["reason"] == "address_rate"
    page = wait_for(lambda: gateway.admin("GET", "/metrics")[2].decode(), "the metrics")
    assert 'reason="address_rate"} 3' in page


def test_tokens_come_back(world):
    gateway = world.http_gateway(world.origin(), limits={"rate_limit_per_ip": {"requests_per_second": 5,
                                                                             "burst": 1}})
    with Client(gateway.port) as client:
        assert client.request().status == 200
        begin = time.monotonic()
        wait_for(lambda: client.request().status == 200, "the next token", 5)
        assert 0.1 < time.monotonic() - begin < 2


def test_the_rate_holds_over_all_workers(world):
    gateway = world.http_gateway(world.origin(), workers=4,
                                 limits={"rate_limit_per_ip": {"requests_per_minute": 1, "burst": 40}})
    passed = []

    def ask():
        # Connections of their own, so that the kernel spreads them over the workers.
        for _ in range(20):
            passed.append(get(gateway.port).status)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(200) == 40
    assert passed.count(429) == 120


def test_a_route_has_a_rate_of_its_own_by_address_or_as_a_whole(world):
    origin = world.origin()
    config = http_config(0, origin)
    forward = {"to": [origin.address]}
    routes = [
        {"name": "login", "match": {"path": "/login"}, "rewrite": {"replace_path": "/"}, **forward,
         "rate_limit": {"requests_per_minute": 5, "burst": 2}},
        {"name": "report", "match": {"path": "/report"}, "rewrite": {"replace_path": "/"}, **forward,
         "rate_limit": {"requests_per_minute": 1, "burst": 3, "key": "route"}},
        {"name": "page", "match": {"path": "/page"}, "respond": {"status": 200, "body": "x"},
         "rate_limit": {"requests_per_minute": 1, "burst": 1}},
        config["routes"][0],
    ]
    gateway = world.http_gateway(origin, routes=routes)
    assert burst(gateway.port, 3, "/login")[0] == [200, 200, 429]
    assert burst(gateway.port, 3, "/login", "127.0.0.2")[0] == [200, 200, 429]
    assert burst(gateway.port, 2, "/report")[0] == [200, 200]
    assert burst(gateway.port, 2, "/report", "127.0.0.2")[0] == [200, 429]
    assert burst(gateway.port, 2, "/page")[0] == [200, 429]
    assert burst(gateway.port, 5)[0] == [200] * 5
    assert gateway.wait_for_log(lambda line: line["reason"] == "route_rate")["route"] == "login"


def test_a_refused_request_with_a_body_closes_the_connection(world):
    gateway = world.http_gateway(world.origin(), limits={"rate_limit_per_ip": {"requests_per_minute": 1}})
    assert get(gateway.port).status == 200
    with Client(gateway.port) as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert client.read_response().status == 429
        assert client.is_closed()


def test_a_reload_changes_the_rate_without_touching_connections(world):
    origin = world.origin()
    strict = {"limits": {"rate_limit_per_ip": {"requests_per_minute": 1, "burst": 1}}}
    gateway = world.http_gateway(origin, **strict)
    with Client(gateway.port) as client:
        assert client.request().status == 200
        assert client.request().status == 429
        gateway.reload(http_config(gateway.port, origin))
        wait_for(lambda: client.request().status == 200, "the limit to be gone")
        assert [client.request().status for _ in range(20)] == [200] * 20
        gateway.reload(http_config(gateway.port, origin,
                                   limits={"rate_limit_per_ip": {"requests_per_second": 2, "burst": 2}}))
        wait_for(lambda: client.request().status == 429, "the new limit")
        # The debt of the old limit (a minute) is not carried into the new one.
        wait_for(lambda: client.request().status == 200, "a token of the new limit", 5)

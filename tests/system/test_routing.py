"""Which route a request takes, and what the route does to it."""

import pytest

from harness import Client, PORTS, get, wait_for

ORIGINS = ("site", "api", "other")


def routing_config(ports, origins):
    to = {name: [origin.address] for name, origin in origins.items()}
    return {
        "listeners": [{"name": "web", "address": f"127.0.0.1:{ports[0]}", "protocol": "http"},
                      {"name": "side", "address": f"127.0.0.1:{ports[1]}", "protocol": "http"}],
        "routes": [
            {"name": "site", "match": {"hosts": ["www.example.com"]}, "to": to["site"]},
            {"name": "api", "match": {"hosts": ["www.example.com"], "path_prefix": "/api"}, "to": to["api"]},
            {"name": "exact", "match": {"hosts": ["www.example.com"], "path": "/api/exact"},
             "to": to["other"]},
            {"name": "regex", "match": {"hosts": ["www.example.com"], "path_regex": "/user/[0-9]+"},
             "priority": 1, "to": to["api"]},
            {"name": "wild", "match": {"hosts": ["*.example.com"]}, "to": to["other"]},
            {"name": "post", "match": {"hosts": ["m.test"], "methods": ["POST"]}, "to": to["api"]},
            {"name": "get", "match": {"hosts": ["m.test"], "methods": ["GET"]}, "to": to["site"]},
            {"name": "beta", "match": {"hosts": ["h.test"], "headers": {"X-Beta": {"present": True}}},
             "to": to["api"]},
            {"name": "v2", "match": {"hosts": ["h.test"], "headers": {"X-Version": "2"}}, "to": to["other"]},
            {"name": "plain", "match": {"hosts": ["h.test"]}, "to": to["site"]},
            {"name": "low", "match": {"hosts": ["p.test"], "path_prefix": "/a/b"}, "to": to["site"]},
            {"name": "high", "match": {"hosts": ["p.test"], "path_prefix": "/a"}, "priority": 10,
             "to": to["api"]},
            {"name": "side-only", "listener": "side", "match": {"hosts": ["l.test"]}, "to": to["api"]},
            {"name": "respond", "match": {"hosts": ["r.test"], "path_prefix": "/no"},
             "respond": {"status": 403, "body": "no\n"}},
            {"name": "redirect", "match": {"hosts": ["r.test"], "path_prefix": "/old"},
             "redirect": {"to": "https://{host}{path}{query}", "status": 308}},
            {"name": "strip", "match": {"hosts": ["w.test"], "path_prefix": "/app"}, "to": to["api"],
             "rewrite": {"strip_prefix": "/app"}},
            {"name": "replace", "match": {"hosts": ["w.test"], "path_prefix": "/all"}, "to": to["api"],
             "rewrite": {"replace_path": "/echo"}},
            {"name": "add", "match": {"hosts": ["w.test"], "path_prefix": "/nine"}, "to": to["api"],
             "rewrite": {"strip_prefix": "/nine", "add_prefix": "/bytes"}},
            {"name": "fields", "match": {"hosts": ["f.test"]}, "to": to["api"], "host": "inner.test",
             "request_headers": {"remove": ["X-Gone"], "set": {"X-Set": "one"}, "add": {"X-Add": "two"}},
             "response_headers": {"remove": ["X-Origin"], "set": {"X-Frame-Options": "DENY"}}},
        ],
    }


@pytest.fixture(scope="module")
def gateway(shared_world):
    origins = {name: shared_world.origin(name) for name in ORIGINS}
    ports = [PORTS.take(), PORTS.take()]
    made = shared_world.gateway(routing_config(ports, origins))
    made.port, made.side_port = ports
    return made


@pytest.mark.parametrize("host, target, expected", [
    ("www.example.com", "/", "site"),
    ("WWW.Example.COM", "/", "site"),
    ("www.example.com:8080", "/", "site"),
    ("www.example.com.", "/", "site"),
    ("www.example.com", "/api", "api"),
    ("www.example.com", "/api/x", "api"),
    ("www.example.com", "/apix", "site"),
    ("www.example.com", "/api/exact", "other"),
    ("www.example.com", "/api/exact/not", "api"),
    ("www.example.com", "/user/17", "api"),
    ("www.example.com", "/user/x", "site"),
    ("www.example.com", "/user/17/more", "site"),
    ("blog.example.com", "/", "other"),
    ("a.b.example.com", "/", "other"),
    ("p.test", "/a/b", "api"),
])
def test_host_and_path_decide(gateway, host, target, expected):
    assert get(gateway.port, target, host).get("X-Origin") == expected


@pytest.mark.parametrize("host", ["example.com", "example.org", "l.test"])
def test_nothing_matches(gateway, host):
    answer = get(gateway.port, "/", host)
    assert answer.status == 404
    gateway.wait_for_log(lambda line: line["reason"] == "no_route" and line["host"].startswith(host))


def test_a_route_can_belong_to_one_listener(gateway):
    assert get(gateway.side_port, "/", "l.test").get("X-Origin") == "api"


@pytest.mark.parametrize("method, expected", [("GET", "site"), ("POST", "api")])
def test_methods_decide(gateway, method, expected):
    assert get(gateway.port, "/", "m.test", method=method).get("X-Origin") == expected


def test_a_method_without_a_route(gateway):
    assert get(gateway.port, "/", "m.test", method="DELETE").status == 404


@pytest.mark.parametrize("fields, expected", [
    ([], "site"), ([("X-Beta", "anything")], "api"), ([("x-version", "2")], "other"),
    ([("X-Version", "3")], "site")])
def test_fields_decide(gateway, fields, expected):
    assert get(gateway.port, "/", "h.test", fields).get("X-Origin") == expected


def test_a_route_answers_by_itself(gateway):
    answer = get(gateway.port, "/no/way", "r.test")
    assert (answer.status, answer.body) == (403, b"no\n")


def test_a_redirect_keeps_host_path_and_query(gateway):
    answer = get(gateway.port, "/old/page?x=1", "r.test")
    assert answer.status == 308
    assert answer.get("Location") == "https://r.test/old/page?x=1"


@pytest.mark.parametrize("target, arrives", [
    ("/app/echo?q=1", "/echo?q=1"), ("/all/of/it?q=1", "/echo?q=1")])
def test_paths_are_rewritten(gateway, target, arrives):
    assert get(gateway.port, target, "w.test").json()["target"] == arrives


def test_a_prefix_is_exchanged(gateway):
    assert len(get(gateway.port, "/nine/9", "w.test").body) == 9


def test_stripping_everything_leaves_a_slash(gateway):
    assert get(gateway.port, "/app", "w.test").body.startswith(b"Hello from api")


def test_fields_are_changed_on_the_way(gateway):
    answer = get(gateway.port, "/echo", "f.test", [("X-Gone", "x"), ("X-Set", "old"), ("X-Add", "one")])
    fields = [(name.lower(), value) for name, value in answer.json()["fields"]]
    assert ("x-gone", "x") not in fields
    assert [value for name, value in fields if name == "x-set"] == ["one"]
    assert [value for name, value in fields if name == "x-add"] == ["one", "two"]
    assert ("host", "inner.test") in fields
    assert answer.get("X-Origin") is None
    assert answer.get("X-Frame-Options") == "DENY"


@pytest.mark.parametrize("target, route", [("/api/../x", "site"), ("/x/..//api/y", "api"),
                                           ("/api/%2e%2e/x", "site"), ("/%61pi", "api")])
def test_paths_are_matched_in_their_normal_form_and_logged_as_they_came(gateway, target, route):
    """docs/routing.md; test_path_policy.py has the rest."""
    answer = get(gateway.port, target, "www.example.com")
    assert answer.get("X-Origin") == route
    line = gateway.wait_for_log(lambda line: line["request"] == f"GET {target} HTTP/1.1")
    assert line["route"] == route


@pytest.mark.parametrize("path", ["/_sluice/live", "/_sluice/ready"])
def test_health_pages_are_there_for_every_host(gateway, path):
    for host in ("www.example.com", "nobody.test"):
        assert get(gateway.port, path, host).status == 200


def test_health_pages_cannot_be_taken_by_a_route(world):
    port = PORTS.take()
    gateway = world.gateway({
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}", "protocol": "http"}],
        "routes": [{"name": "thief", "match": {"path_prefix": "/_sluice/"}, "respond": {"status": 200}}]},
        start=False)
    gateway.start(wait=False)
    assert gateway.process.wait() == 1
    assert "/_sluice/" in gateway.output() and "reserved" in gateway.output()


def test_a_draining_gateway_is_not_ready(world):
    origin = world.origin()
    gateway = world.http_gateway(origin)
    with Client(gateway.port) as slow:
        slow.send("GET /delay/700 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: origin.counters()["requests"] >= 1, "the request to reach the origin")
        gateway.signal(15)
        wait_for(lambda: not is_ready(gateway.port), "the ready page to turn")
        answer = slow.read_response()
        assert answer.status == 200, "a request in flight is finished"
        assert answer.get("Connection") == "close"
    assert gateway.process.wait() == 0


def is_ready(port):
    """As a balancer sees it, with a connection of its own."""
    try:
        return get(port, "/_sluice/ready").status == 200
    except (OSError, AssertionError):
        return False

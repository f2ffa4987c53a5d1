"""One path for the router and the origin: what a rule closes stays closed, in every spelling."""

import pytest

from harness import Client, PORTS, get, wait_for

LISTENERS = {
    "web": None,
    "strict": {"mode": "reject"},
    "raw": {"mode": "as_is"},
    "decoding": {"encoded_slash": "decode"},
    "no_slash": {"encoded_slash": "reject"},
    "keeping": {"merge_slashes": False},
}


def seen_by_origin(client):
    """An origin that answers each request with the request line it got."""
    while True:
        line = client.read_until(b"\r\n")
        client.read_until(b"\r\n\r\n")
        client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(line), line))


@pytest.fixture(scope="module")
def gateway(shared_world):
    origin = shared_world.scripted_origin(seen_by_origin)
    ports = {name: PORTS.take() for name in LISTENERS}
    config = {
        "listeners": [{"name": name, "address": f"127.0.0.1:{port}",
                       **({"path_policy": LISTENERS[name]} if LISTENERS[name] else {})}
                      for name, port in ports.items()],
        "routes": [
            {"name": "closed", "match": {"path_prefix": "/internal"}, "respond": {"status": 403}},
            {"name": "moved", "match": {"path_prefix": "/old"}, "redirect": {"path": "/new{path}"}},
            {"name": "stripped", "match": {"path_prefix": "/app"}, "to": [origin.address],
             "rewrite": {"strip_prefix": "/app"}},
            {"name": "open", "match": {"path_prefix": "/"}, "to": [origin.address]},
        ],
    }
    made = shared_world.gateway(config)
    made.ports = ports
    return made


def exchange(gateway, listener, target):
    """(status, the target the origin got or nothing)"""
    answer = get(gateway.ports[listener], target)
    line = answer.body.decode().split(" ") if answer.status == 200 else [None, None]
    return answer.status, line[1]


@pytest.mark.parametrize("target", ["/internal", "/internal/x", "/x/../internal", "//internal", "/%69nternal",
                                    "/./internal", "/x/%2e%2e/internal", "/internal/.", "/x//..//internal",
                                    "/internal?a=/..", "/x/.%2E/%49nternal/../internal"])
def test_a_closed_path_is_closed_in_every_spelling(gateway, target):
    assert exchange(gateway, "web", target)[0] == 403


@pytest.mark.parametrize("listener, sent, forwarded", [
    ("web", "/plain/path?q=/../%zz", "/plain/path?q=/../%zz"),
    ("web", "/a/../b//c/./%7e%2fx", "/b/c/~%2Fx"),
    ("web", "/a/..?x", "/?x"),
    ("web", "/%c3%a4;p=1", "/%C3%A4;p=1"),
    ("web", "/x/..%2f..%2finternal", "/x/..%2F..%2Finternal"),
    ("web", "/app/%2e/x", "/x"),
    ("web", "/app/y/../../app/x", "/x"),
    ("decoding", "/a%2f%2e%2e%2fb", "/b"),
    ("keeping", "/a//b/../c", "/a//c"),
    ("raw", "/a/../b//%7e%zz\\", "/a/../b//%7e%zz\\"),
    ("strict", "/%7ea/b", "/~a/b"),
])
def test_the_origin_gets_the_path_that_was_routed(gateway, listener, sent, forwarded):
    assert exchange(gateway, listener, sent) == (200, forwarded)


def test_a_decoded_slash_cannot_open_what_is_closed(gateway):
    assert exchange(gateway, "decoding", "/x%2f..%2finternal")[0] == 403


def test_an_absolute_target_is_normalised_too(gateway):
    assert exchange(gateway, "web", "http://localhost/x/../internal")[0] == 403
    assert exchange(gateway, "web", "http://localhost")[1] == "/"


def test_redirects_show_the_normal_form(gateway):
    assert get(gateway.ports["web"], "/old//./%7ex?q").get("Location").endswith("/new/old/~x?q")


@pytest.mark.parametrize("listener, target, token", [
    ("web", "/..", "path_above_root"),
    ("web", "/a/../../b", "path_above_root"),
    ("web", "/a\\..\\b", "path_backslash"),
    ("web", "/a%00", "path_encoded_nul"),
    ("web", "/a%2", "path_bad_escape"),
    ("web", "/a/..;/b", "path_dot_parameters"),
    ("no_slash", "/a%2Fb", "path_encoded_slash"),
    ("strict", "/a/./b", "path_not_normal"),
    ("strict", "/a//b", "path_not_normal"),
])
def test_what_is_refused_says_why_and_keeps_the_connection(gateway, listener, target, token):
    mark = f"{target}?{token}"
    with Client(gateway.ports[listener]) as client:
        assert client.request(target=mark).status == 400
        assert client.request(target="/fine").status == 200  # Well framed: nothing is lost.
    line = gateway.wait_for_log(lambda line: line["reason"] == token and mark in line["request"])
    assert line["status"] == 400
    assert f'reason="{token}"' in gateway.admin("GET", "/metrics")[2].decode()


def test_health_pages_answer_in_every_spelling(gateway):
    assert get(gateway.ports["web"], "/x/..//_sluice/%6cive").status == 200


def test_a_reload_changes_the_policy_under_a_connection(world):
    origin = world.scripted_origin(seen_by_origin)
    gateway = world.http_gateway(origin)
    with Client(gateway.port) as client:
        assert client.request(target="/a//b").body == b"GET /a/b HTTP/1.1"
        gateway.reload({**gateway.config, "path_policy": {"mode": "as_is"}})
        wait_for(lambda: client.request(target="/a//b").body == b"GET /a//b HTTP/1.1", "the raw path")
        gateway.reload({**gateway.config, "path_policy": {"mode": "reject"}})
        wait_for(lambda: client.request(target="/a//b").status == 400, "the refusal")

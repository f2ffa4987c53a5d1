"""Cookie stickiness: a signed cookie that every gateway with the key reads alike."""

import collections

from harness import Client, PORTS, get, wait_for
from test_pools import pool_config
from test_split import split_config

STICKY = {"cookie": "SRV", "key": "0123456789abcdef"}


def sticky_gateway(world, members, **sticky):
    port = PORTS.take()
    gateway = world.gateway(pool_config(port, members, sticky={**STICKY, **sticky}))
    gateway.port = port
    return gateway


def members_of(*origins):
    return [(origin.name, origin.address) for origin in origins]


def cookie_of(answer):
    """The value of SRV that the answer sets, or None."""
    for field in answer.all("Set-Cookie"):
        if field.startswith("SRV="):
            return field[4:].split(";")[0]
    return None


def ask(port, cookie=None, **more):
    return get(port, fields=[("Cookie", f"SRV={cookie}")] if cookie else [], **more)


def test_a_client_stays_with_its_member(world):
    origins = [world.origin(name) for name in "abc"]
    gateway = sticky_gateway(world, members_of(*origins))
    cookies = {}
    for _ in range(6):
        answer = ask(gateway.port)
        cookies[answer.get("X-Origin")] = cookie_of(answer)
        assert "Path=/" in answer.get("Set-Cookie") and "HttpOnly" in answer.get("Set-Cookie")
        assert "SameSite=Lax" in answer.get("Set-Cookie") and "Max-Age" not in answer.get("Set-Cookie")
        assert answer.get("Cache-Control") == "private"
    assert set(cookies) == set("abc")
    for name, cookie in cookies.items():
        for _ in range(5):
            answer = ask(gateway.port, cookie)
            assert answer.get("X-Origin") == name and cookie_of(answer) is None
            assert answer.get("Cache-Control") is None


def test_every_gateway_with_the_key_reads_it_alike(world):
    a, b = world.origin("a"), world.origin("b")
    one = sticky_gateway(world, members_of(a, b))
    other = sticky_gateway(world, members_of(b, a))
    stranger = sticky_gateway(world, members_of(a, b), key="another key of 16+ bytes")
    answer = ask(one.port)
    name, cookie = answer.get("X-Origin"), cookie_of(answer)
    for _ in range(4):
        again = ask(other.port, cookie)
        assert again.get("X-Origin") == name and cookie_of(again) is None
    assert cookie_of(ask(stranger.port, cookie)) is not None


def test_forged_cookies_are_replaced(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = sticky_gateway(world, members_of(a, b))
    good = cookie_of(ask(gateway.port))
    flipped = good[:-1] + ("0" if good[-1] != "0" else "1")
    for forged in (flipped, "x", "", "0" * 56, good.upper() + "Z", good * 20):
        answer = ask(gateway.port, forged or "")
        assert answer.status == 200
        assert cookie_of(answer) not in (None, forged)


def test_a_dead_member_loses_its_clients_and_they_get_a_new_cookie(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = sticky_gateway(world, members_of(a, b))
    answers = [ask(gateway.port) for _ in range(2)]
    cookie = next(cookie_of(answer) for answer in answers if answer.get("X-Origin") == "a")
    a.kill()
    moved = ask(gateway.port, cookie)
    assert (moved.status, moved.get("X-Origin")) == (200, "b")
    new = cookie_of(moved)
    assert new not in (None, cookie)
    again = ask(gateway.port, new)
    assert again.get("X-Origin") == "b" and cookie_of(again) is None


def test_the_origin_sees_other_cookies_only_and_sets_its_own(world):
    seen = []

    def script(client):
        seen.append(client.read_until(b"\r\n\r\n").decode())
        client.send("HTTP/1.1 200 OK\r\nSet-Cookie: own=1; Path=/x\r\nCache-Control: max-age=5\r\n"
                    "Content-Length: 0\r\nConnection: close\r\n\r\n")
    origin = world.scripted_origin(script)
    gateway = sticky_gateway(world, [("a", origin.address)])
    answer = ask(gateway.port)
    cookie = cookie_of(answer)
    assert len(answer.all("Set-Cookie")) == 2 and answer.all("Set-Cookie")[0] == "own=1; Path=/x"
    assert answer.all("Cache-Control") == ["max-age=5", "private"]
    get(gateway.port, fields=[("Cookie", f"first=1; SRV={cookie}; XSRV=2;last=3"), ("Cookie", "more=4")])
    get(gateway.port, fields=[("Cookie", f"SRV={cookie}")])
    get(gateway.port, fields=[("Cookie", "other=1;  odd")])
    cookies = [[line for line in head.split("\r\n") if line.lower().startswith("cookie:")] for head in seen]
    assert cookies == [[], ["Cookie: first=1; XSRV=2; last=3; more=4"], [], ["Cookie: other=1;  odd"]]


def test_a_key_is_replaced_by_two_reloads(world):
    a, b = world.origin("a"), world.origin("b")
    gateway = sticky_gateway(world, members_of(a, b))

    def reload(*keys):
        sticky = {"cookie": "SRV", "keys": list(keys)}
        gateway.reload(pool_config(gateway.port, members_of(a, b), sticky=sticky))
    answer = ask(gateway.port)
    name, old = answer.get("X-Origin"), cookie_of(answer)
    reload("the new key, of 16 bytes", STICKY["key"])
    renewed = wait_for(lambda: (lambda again: cookie_of(again) and again)(ask(gateway.port, old)),
                       "the old cookie to be renewed")
    assert renewed.get("X-Origin") == name
    new = cookie_of(renewed)
    reload("the new key, of 16 bytes")

    def old_is_foreign():
        return {ask(gateway.port, old).get("X-Origin") for _ in range(4)} == {"a", "b"}
    wait_for(old_is_foreign, "the old key to be gone")
    again = ask(gateway.port, new)
    assert again.get("X-Origin") == name and cookie_of(again) is None


def test_the_cookie_has_the_attributes_asked_for(world):
    gateway = sticky_gateway(world, members_of(world.origin("a")), max_age="2h", path="/app",
                             domain="example.com", same_site="none", secure=True, http_only=False)
    attributes = ask(gateway.port).get("Set-Cookie").split("; ")[1:]
    assert attributes == ["Path=/app", "Domain=example.com", "Max-Age=7200", "SameSite=None", "Secure"]


def test_on_a_split_route_the_cookie_goes_before_the_weights(world):
    a, b = world.origin("a"), world.origin("b")
    port = PORTS.take()
    config = split_config(port, {"a": a.address, "b": b.address}, [("a", 9), ("b", 1)])
    for pool in config["pools"]:
        pool["sticky"] = STICKY
    world.gateway(config)
    answers = [get(port) for _ in range(10)]
    assert collections.Counter(answer.get("X-Origin") for answer in answers) == {"a": 9, "b": 1}
    canary = next(cookie_of(answer) for answer in answers if answer.get("X-Origin") == "b")
    assert {ask(port, canary).get("X-Origin") for _ in range(10)} == {"b"}


def test_an_upgrade_sets_the_cookie_too(world):
    gateway = sticky_gateway(world, members_of(world.origin("a")))
    with Client(gateway.port) as client:
        client.send("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        answer = client.read_head()
        assert answer.status == 101 and cookie_of(answer)


def test_what_is_left_of_the_cookies_is_not_mixed_up_with_path_and_identity(world):
    """All are built in one scratch memory: a rewritten path, a chain of proxies, the other cookies."""
    seen = []

    def script(client):
        while True:
            seen.append(client.read_until(b"\r\n\r\n").decode())
            client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    port = PORTS.take()
    added = "/" + "p" * 3000
    config = pool_config(port, [("a", world.scripted_origin(script).address)], sticky=STICKY)
    config["routes"][0]["rewrite"] = {"strip_prefix": "/app", "add_prefix": added}
    world.gateway({**config, "trusted_proxies": ["127.0.0.0/8"]})
    cookie = cookie_of(get(port, "/app/"))
    hops = ", ".join(f"127.0.0.{n % 250 + 1}" for n in range(20))
    cookies = "; ".join(f"c{n}={n:040}" for n in range(150))
    get(port, "/app//x/../" + "q" * 3000, fields=[("X-Forwarded-For", f"192.0.2.7, {hops}"),
                                                   ("Cookie", f"SRV={cookie}; {cookies}")])
    lines = seen[-1].split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if line)
    assert lines[0] == f"GET {added}/{'q' * 3000} HTTP/1.1"
    assert fields["Cookie"] == cookies
    assert fields["X-Forwarded-For"].startswith("192.0.2.7, 127.0.0.1, 127.0.0.2")

"""Who the client is: trusted proxies, what origins are told, and requests that come back."""

import pytest

from harness import Client, PORTS, get, wait_for

TRUSTED = "127.0.0.1"
STRANGER = "127.0.0.2"


def echo_head(client):
    """An origin that answers each request with the head it got."""
    while True:
        head = client.read_until(b"\r\n\r\n")
        client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))


def exchange(port, fields=(), source=TRUSTED, target="/", **more):
    """(answer, the fields the origin got as a list of pairs)"""
    with Client(port, source=source) as client:
        answer = client.request(target=target, fields=[*fields, ("Connection", "close")], **more)
    lines = answer.body.decode().split("\r\n")[1:]
    return answer, [tuple(part.strip() for part in line.split(":", 1)) for line in lines]


def values(fields, name):
    return [value for key, value in fields if key.lower() == name.lower()]


SPOOFED = [("X-Forwarded-For", "10.9.9.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"),
           ("X-Forwarded-Port", "1"), ("X-Real-IP", "10.9.9.9"), ("Forwarded", "for=10.9.9.9"),
           ("X_Forwarded_For", "10.9.9.9")]


@pytest.fixture(scope="module")
def gateway(shared_world):
    origin = shared_world.scripted_origin(echo_head)
    ports = {name: PORTS.take() for name in ("plain", "trusting", "verbose", "silent")}
    trusting = {"trusted_proxies": [TRUSTED, "10.0.0.0/8", "2001:db8::/32"]}
    own = {
        "plain": {},
        "trusting": trusting,
        "verbose": {**trusting, "forwarded_headers": {"forwarded": True, "via": True}},
        "silent": {"forwarded_headers": {"x_forwarded": False, "x_real_ip": False, "loop_passes": 0}},
    }
    made = shared_world.gateway({
        "gateway": {"name": "gw-a"},
        "listeners": [{"name": name, "address": f"127.0.0.1:{port}", **own[name]}
                      for name, port in ports.items()],
        "routes": [
            {"name": "away", "match": {"path_prefix": "/away"},
             "redirect": {"to": "{scheme}://{host}/there"}},
            {"name": "all", "to": [origin.address]},
        ],
    })
    made.ports = ports
    return made


@pytest.mark.parametrize("listener, source", [("plain", TRUSTED), ("plain", STRANGER),
                                              ("trusting", STRANGER)])
def test_what_strangers_say_of_themselves_is_dropped(gateway, listener, source):
    answer, fields = exchange(gateway.ports[listener], SPOOFED, source)
    assert answer.status == 200
    assert values(fields, "X-Forwarded-For") == [source]
    assert values(fields, "X-Real-IP") == [source]
    assert values(fields, "X-Forwarded-Proto") == ["http"]
    assert values(fields, "X-Forwarded-Host") == ["localhost"]
    assert values(fields, "X-Forwarded-Port") == [str(gateway.ports[listener])]
    assert not values(fields, "Forwarded") and not values(fields, "X_Forwarded_For")


@pytest.mark.parametrize("sent, forwarded, client", [
    (["192.0.2.7"], "192.0.2.7, 127.0.0.1", "192.0.2.7"),
    (["6.6.6.6, 192.0.2.7, 10.1.1.1"], "192.0.2.7, 10.1.1.1, 127.0.0.1", "192.0.2.7"),
    (["6.6.6.6", "192.0.2.7:4711"], "192.0.2.7, 127.0.0.1", "192.0.2.7"),
    (["[2001:db9::7]:80, 2001:db8::1"], "2001:db9::7, 2001:db8::1, 127.0.0.1", "2001:db9::7"),
    (["10.2.2.2"], "10.2.2.2, 127.0.0.1", "10.2.2.2"),
    (["192.0.2.7, unknown"], "127.0.0.1", "127.0.0.1"),
    ([], "127.0.0.1", "127.0.0.1"),
])
def test_the_client_is_the_right_most_untrusted_address(gateway, sent, forwarded, client):
    mark = "/" + "-".join(sent).replace(" ", "").replace(",", "-")
    said = [("X-Forwarded-For", value) for value in sent]
    _, fields = exchange(gateway.ports["trusting"], said, target=mark)
    assert values(fields, "X-Forwarded-For") == [forwarded]
    assert values(fields, "X-Real-IP") == [client]
    line = gateway.wait_for_log(lambda line: f" {mark} " in line["request"])
    assert line["client"] == client


def test_a_trusted_proxy_says_how_it_was_asked(gateway):
    said = [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "shop.test:8443"), ("X-Forwarded-Port", "8443")]
    _, fields = exchange(gateway.ports["trusting"], said)
    assert values(fields, "X-Forwarded-Proto") == ["https"]
    assert values(fields, "X-Forwarded-Host") == ["shop.test:8443"]
    assert values(fields, "X-Forwarded-Port") == ["8443"]
    assert values(fields, "Host") == ["localhost"]
    answer, _ = exchange(gateway.ports["trusting"], said, target="/away")
    assert answer.get("Location") == "https://localhost/there"
    answer, _ = exchange(gateway.ports["trusting"], said, source=STRANGER, target="/away")
    assert answer.get("Location") == "http://localhost/there"


def test_forwarded_and_via_are_written_where_they_are_asked_for(gateway):
    answer, fields = exchange(gateway.ports["verbose"], [
        ("X-Forwarded-For", "2001:db9::7, 10.0.0.2"), ("Forwarded", "for=6.6.6.6"), ("Via", "1.1 front")])
    assert values(fields, "Forwarded") == [
        'for="[2001:db9::7]";host="localhost";proto=http, for=10.0.0.2, for=127.0.0.1']
    assert values(fields, "Via") == ["1.1 front", "1.1 gw-a"]
    assert answer.get("Via") == "1.1 gw-a"
    answer, fields = exchange(gateway.ports["plain"])
    assert not values(fields, "Forwarded") and not values(fields, "Via") and answer.get("Via") is None


def test_a_silent_listener_tells_origins_nothing(gateway):
    _, fields = exchange(gateway.ports["silent"], SPOOFED)
    names = {name.lower() for name, _ in fields}
    assert not names & {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
                        "x-real-ip", "forwarded", "x_forwarded_for", "cdn-loop", "via"}


def test_the_loop_token_is_appended_and_counted(gateway):
    seven = ", ".join(["gw-a"] * 7)
    _, fields = exchange(gateway.ports["plain"], [("CDN-Loop", "front; v=1"), ("CDN-Loop", seven)])
    assert values(fields, "CDN-Loop") == ["front; v=1", seven, "gw-a"]
    answer, _ = exchange(gateway.ports["plain"], [("CDN-Loop", ", ".join(["gw-a"] * 8))], target="/looped")
    assert answer.status == 508
    line = gateway.wait_for_log(lambda line: line["reason"] == "loop_detected")
    assert "/looped" in line["request"]
    assert exchange(gateway.ports["silent"], [("CDN-Loop", ", ".join(["gw-a"] * 8))])[0].status == 200


def test_a_loop_of_routes_ends(world):
    port = PORTS.take()
    gateway = world.gateway({
        "forwarded_headers": {"loop_passes": 3},
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}"}],
        "routes": [{"name": "self", "to": [f"127.0.0.1:{port}"]}]})
    answer = get(port, "/round", method="POST", body=b"x" * 1000)
    assert answer.status == 508
    wait_for(lambda: len(gateway.access_log()) == 4, "a line for every pass")
    assert sorted(line["reason"] for line in gateway.access_log()) == ["-", "-", "-", "loop_detected"]


def test_hashing_goes_by_the_client_behind_the_proxy(world):
    origins = [world.origin(f"o{i}") for i in range(4)]
    port = PORTS.take()
    world.gateway({
        "trusted_proxies": [TRUSTED],
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}"}],
        "peers": [{"name": origin.name, "address": origin.address} for origin in origins],
        "pools": [{"name": "app", "policy": "ip_hash", "members": [origin.name for origin in origins]}],
        "routes": [{"name": "all", "pool": "app"}]})

    def chosen(source):
        seen = {}
        for i in range(40):
            address = f"192.0.2.{i}"
            for _ in range(2):
                answer, _ = exchange(port, [("X-Forwarded-For", address)], source)
                seen.setdefault(address, set()).add(answer.get("X-Origin"))
        return seen

    trusted = chosen(TRUSTED)
    assert all(len(members) == 1 for members in trusted.values())
    assert len(set().union(*trusted.values())) == 4
    assert len(set().union(*chosen(STRANGER).values())) == 1


def test_a_reload_changes_whom_a_kept_connection_trusts(world):
    origin = world.scripted_origin(echo_head)
    gateway = world.http_gateway(origin)
    with Client(gateway.port) as client:
        def forwarded():
            return b"X-Forwarded-For: 192.0.2.7, 127.0.0.1" in client.request(
                fields=[("X-Forwarded-For", "192.0.2.7")]).body
        assert not forwarded()
        gateway.reload({**gateway.config, "trusted_proxies": ["127.0.0.0/8"]})
        wait_for(forwarded, "the proxy to be trusted")
        gateway.reload({**gateway.config, "trusted_proxies": []})
        wait_for(lambda: not forwarded(), "the proxy to be a stranger again")

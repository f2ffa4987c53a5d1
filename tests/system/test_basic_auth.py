"""Basic authentication of a route: hashes as htpasswd writes them, checked beside the workers."""

import base64
import time

import pytest

from harness import Client, PORTS, get, http_config, run_sluice, wait_for

# "secret" and "other", bcrypt of cost 4; "secret", SHA-512 and SHA-256 crypt; "slow", bcrypt of cost 12.
HASHES = {
    "secret": "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "other": "$2y$04$abcdefghijklmnopqrstuu0HtfOlPbTiymk5tcV.3TsFPDd3SYZqu",
    "sha512": "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDe"
              "hy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
    "sha256": "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2",
    "slow": "$2y$12$abcdefghijklmnopqrstuuvhqlfa3SToYAWnpQD0wYcoxAD7y2cEy",
}


def auth_config(port, origin, users, **auth):
    config = http_config(port, origin)
    config["routes"][0]["basic_auth"] = {"realm": "wiki", "users": users, **auth}
    return config


def credentials(user, password):
    return [("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())]


def request_of(user, password):
    [(name, value)] = credentials(user, password)
    return f"GET / HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\n\r\n"


def auth_gateway(world, users, origin=None, **auth):
    port = PORTS.take()
    gateway = world.gateway(auth_config(port, origin or world.origin(), users, **auth))
    gateway.port = port
    return gateway


def test_right_and_wrong(world):
    gateway = auth_gateway(world, [f"alice:{HASHES['secret']}", f"bob:{HASHES['sha512']}",
                                   f"carol:{HASHES['sha256']}"])
    asked = get(gateway.port)
    assert asked.status == 401
    assert asked.get("WWW-Authenticate") == 'Basic realm="wiki", charset="UTF-8"'
    for user in ("alice", "bob", "carol"):
        assert get(gateway.port, fields=credentials(user, "secret")).status == 200
        refused = get(gateway.port, fields=credentials(user, "Secret"))
        assert refused.status == 401 and refused.get("WWW-Authenticate")
    for wrong in ("Bearer x", "Basic x", "Basic YWxpY2U="):
        assert get(gateway.port, fields=[("Authorization", wrong)]).status == 401
    assert get(gateway.port, fields=credentials("nobody", "secret")).status == 401
    assert get(gateway.port, fields=credentials("alice", "secret") * 2).status == 401
    reasons = {line["reason"] for line in gateway.access_log() if line["status"] == 401}
    wait_for(lambda: {line["reason"] for line in gateway.access_log() if line["status"] == 401} ==
             {"auth_required", "auth_failed"}, f"both reasons, there are {reasons}")
    assert gateway.wait_for_log(lambda line: line["status"] == 200)["user"] == "alice"


def test_a_body_waits_for_the_verdict_and_the_connection_goes_on(world):
    gateway = auth_gateway(world, [f"alice:{HASHES['secret']}"])
    with Client(gateway.port) as client:
        for size in (0, 10, 200_000):
            answer = client.request("POST", "/echo", fields=credentials("alice", "secret"), body=b"x" * size)
            assert answer.status == 200 and answer.json()["body_bytes"] == size
        for _ in range(3):
            assert client.request(fields=credentials("alice", "wrong")).status == 401
        assert client.request(fields=credentials("alice", "secret")).status == 200


@pytest.mark.parametrize("forward", [False, True])
def test_the_origin_sees_the_header_only_when_asked_for(world, forward):
    gateway = auth_gateway(world, [f"alice:{HASHES['secret']}"], forward_header=forward)
    fields = get(gateway.port, "/echo", fields=credentials("alice", "secret")).json()["fields"]
    assert ("authorization" in str(fields).lower()) == forward


def test_a_reload_brings_new_hashes_and_users(world):
    origin = world.origin()
    folder = world.folder
    users = folder / "users.htpasswd"
    users.write_text(f"# people\n\nalice:{HASHES['secret']}\n")
    port = PORTS.take()
    config = http_config(port, origin)
    config["routes"][0]["basic_auth"] = {"users_file": str(users)}
    gateway = world.gateway(config)
    with Client(port) as client:
        assert client.request(fields=credentials("alice", "secret")).status == 200
        users.write_text(f"alice:{HASHES['other']}\r\nbob:{HASHES['secret']}\r\n")
        gateway.reload(config)
        wait_for(lambda: client.request(fields=credentials("alice", "secret")).status == 401, "the new hash")
        assert client.request(fields=credentials("alice", "other")).status == 200
        assert client.request(fields=credentials("bob", "secret")).status == 200
        users.write_text("alice:plain\n")
        gateway.reload(config)
        wait_for(lambda: "line 1 of the file" in gateway.output(), "the refusal")
        assert client.request(fields=credentials("bob", "secret")).status == 200


def test_guessing_is_bounded_and_slows_nobody_down(world):
    """Forty guesses at a hash of a quarter of a second: the ring holds 32, the rest is told to come back."""
    gateway = auth_gateway(world, [f"alice:{HASHES['secret']}", f"slow:{HASHES['slow']}"])
    assert get(gateway.port, fields=credentials("alice", "secret")).status == 200
    guessers = [Client(gateway.port) for _ in range(40)]
    for number, guesser in enumerate(guessers):
        guesser.send(request_of("slow", f"guess {number}"))
    busy = wait_for(lambda: [line for line in gateway.access_log() if line["reason"] == "auth_busy"],
                    "guesses that are refused")
    assert busy[0]["status"] == 503
    with Client(gateway.port) as client:
        for _ in range(50):
            before = time.monotonic()
            assert client.request(fields=credentials("alice", "secret")).status == 200, "she is remembered"
            assert time.monotonic() - before < 2
    for guesser in guessers:
        guesser.close()


def test_clients_that_leave_while_waiting_leave_nothing(world):
    gateway = auth_gateway(world, [f"slow:{HASHES['slow']}"])
    for number in range(8):
        client = Client(gateway.port)
        client.send(request_of("slow", f"guess {number}"))
        client.reset()
    assert get(gateway.port, fields=credentials("slow", "slow")).status == 200
    assert gateway.stop() == 0


def test_the_log_cannot_be_forged_by_a_name(world):
    port = PORTS.take()
    path = world.folder / "combined.log"
    config = auth_config(port, world.origin(), [f"alice:{HASHES['secret']}"])
    config["access_log"] = {"path": str(path), "format": "combined"}
    world.gateway(config)
    get(port, fields=credentials('x [y] "GET / HTTP/1.1" 200 5', "p"))
    line = wait_for(lambda: path.exists() and path.read_text(), "the line")
    assert line.startswith(r'127.0.0.1 - x\x20[y]\x20\x22GET\x20/\x20HTTP/1.1\x22\x20200\x205 [')


@pytest.mark.parametrize("auth, error", [
    ('{}', "needs `users_file` or `users`"),
    ('{users: ["alice"]}', "is not `name:hash`"),
    ('{users: ["alice:$$apr1$$x$$y"]}', "is of a kind that is guessed too fast"),
    ('{users: ["alice:$2y$31$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghi"]}',
     "cost outside of 4 to 12"),
    ('{users: ["alice:plain"]}', "is not bcrypt or SHA-crypt"),
    ('{users_file: missing}', "cannot read"),
    ('{realm: "a\\"b", users: []}', "is not a realm"),
])
def test_mistakes_say_what_to_do(tmp_path, auth, error):
    path = tmp_path / "bad.yaml"
    path.write_text('listeners: [{name: web, address: ":8080"}]\n'
                    f'routes: [{{name: r, to: "127.0.0.1:1", basic_auth: {auth}}}]\n')
    code, _, errors = run_sluice("-t", "-c", str(path))
    assert code == 1 and error in errors and "bad.yaml:2:" in errors, errors

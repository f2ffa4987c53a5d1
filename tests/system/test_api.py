"""The REST interface: configuration with optimistic locking, revisions, rollback, status, metrics."""

import json
import re

import pytest

from harness import get, http_config, wait_for


@pytest.fixture
def gateway(world):
    world.a, world.b = world.origin("a"), world.origin("b")
    return world.http_gateway(world.a)


def current(gateway):
    """(ETag, configuration) as the API gives it."""
    status, fields, body = gateway.admin("GET", "/api/v1/config", fields={"Accept": "application/json"})
    assert status == 200, body
    etag = next(value for name, value in fields.items() if name.lower() == "etag")
    return etag, json.loads(body)


def put(gateway, config, etag, kind="application/json"):
    body = config if isinstance(config, str) else json.dumps(config)
    return gateway.admin("PUT", "/api/v1/config", body=body.encode(),
                         fields={"If-Match": etag, "Content-Type": kind})


def config_for(gateway, origin):
    return gateway.complete(http_config(gateway.port, origin))


def test_the_configuration_can_be_replaced(world, gateway):
    etag, _ = current(gateway)
    status, _, body = put(gateway, config_for(gateway, world.b), etag)
    assert status == 200, body
    # The answer comes after the data plane applied it (or tells that it did not).
    assert get(gateway.port).get("X-Origin") == "b"
    assert current(gateway)[0] != etag


def test_yaml_is_understood(world, gateway):
    etag, _ = current(gateway)
    text = (f"workers: 1\ndata_dir: {gateway.data_dir}\n"
            f"admin: {{listen: \"127.0.0.1:{gateway.admin_port}\"}}\n"
            f"listeners:\n  - {{name: web, address: \"127.0.0.1:{gateway.port}\", protocol: http}}\n"
            f"routes:\n  - name: all\n    match: {{path_prefix: /}}\n    to: [\"{world.b.address}\"]\n")
    status, _, body = put(gateway, text, etag, "application/yaml")
    assert status == 200, body
    assert get(gateway.port).get("X-Origin") == "b"


def test_a_stale_writer_is_refused(world, gateway):
    etag, _ = current(gateway)
    assert put(gateway, config_for(gateway, world.b), etag)[0] == 200
    status, _, body = put(gateway, config_for(gateway, world.a), etag)
    assert status == 412, body
    assert get(gateway.port).get("X-Origin") == "b"


def test_a_bad_configuration_is_refused_with_its_place(world, gateway):
    etag, _ = current(gateway)
    config = config_for(gateway, world.b)
    config["routes"][0]["pol"] = "x"
    status, _, body = put(gateway, config, etag)
    assert 400 <= status < 500
    assert "pol" in body.decode() and "line" in body.decode()
    assert get(gateway.port).get("X-Origin") == "a"
    assert current(gateway)[0] == etag


def test_validate_changes_nothing(world, gateway):
    etag, _ = current(gateway)
    good = json.dumps(config_for(gateway, world.b))
    assert gateway.admin("POST", "/api/v1/config/validate", good.encode(),
                         {"Content-Type": "application/json"})[0] == 200
    bad = good.replace('"routes"', '"rutes"')
    status, _, body = gateway.admin("POST", "/api/v1/config/validate", bad.encode(),
                                    {"Content-Type": "application/json"})
    assert 400 <= status < 500 or b'"valid": false' in body or b'"valid":false' in body, (status, body)
    assert current(gateway)[0] == etag
    assert get(gateway.port).get("X-Origin") == "a"


def revisions(gateway):
    status, answer = gateway.admin_json("GET", "/api/v1/revisions")
    assert status == 200
    return answer["revisions"] if isinstance(answer, dict) else answer


def revision_id(revision):
    return revision.get("id", revision.get("revision"))


def test_a_rollback_is_one_call(world, gateway):
    first = max(revision_id(one) for one in revisions(gateway))
    assert put(gateway, config_for(gateway, world.b), current(gateway)[0])[0] == 200
    assert get(gateway.port).get("X-Origin") == "b"
    status, _, body = gateway.admin("POST", f"/api/v1/revisions/{first}/activate")
    assert status == 200, body
    assert get(gateway.port).get("X-Origin") == "a"
    assert gateway.admin("POST", "/api/v1/revisions/999999/activate")[0] == 404


def test_revisions_survive_a_restart(world, gateway):
    assert put(gateway, config_for(gateway, world.b), current(gateway)[0])[0] == 200
    before = [revision_id(one) for one in revisions(gateway)]
    assert gateway.stop() == 0
    gateway.start()
    assert [revision_id(one) for one in revisions(gateway)] == before
    # The file is unchanged, so the revision from the API stays.
    assert get(gateway.port).get("X-Origin") == "b"


def test_an_edited_file_wins_at_the_next_start(world, gateway):
    assert put(gateway, config_for(gateway, world.b), current(gateway)[0])[0] == 200
    assert gateway.stop() == 0
    config = http_config(gateway.port, world.a)
    config["routes"][0]["name"] = "edited"
    gateway.write(config)
    gateway.start()
    assert get(gateway.port).get("X-Origin") == "a"


def test_a_rejection_is_told_and_nothing_changes(world, gateway):
    """The data plane cannot bind a port: valid for the model, refused by who has to do it."""
    import socket
    with socket.create_server(("127.0.0.1", 0)) as holder:
        config = config_for(gateway, world.b)
        config["listeners"].append({"name": "taken", "address": f"127.0.0.1:{holder.getsockname()[1]}",
                                    "protocol": "http"})
        status, _, body = put(gateway, config, current(gateway)[0])
        assert b"BIND_FAILED" in body, (status, body)
        assert get(gateway.port).get("X-Origin") == "a"


def test_status_tells_what_is_served(gateway):
    status = gateway.status()
    text = json.dumps(status)
    for word in ("applied", "stable", "workers", "connections"):
        assert word in text, text


def test_liveness_and_readiness(gateway):
    assert gateway.admin("GET", "/healthz")[0] == 200
    assert gateway.admin("GET", "/readyz")[0] == 200


METRIC = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="([^"\\\n]|\\.)*"(,|(?=\})))*\})? '
                    r'(-?[0-9.]+([eE][-+]?[0-9]+)?|\+Inf|NaN)( [0-9.]+)?( # .*)?$')


def test_metrics_are_openmetrics(gateway):
    for _ in range(5):
        get(gateway.port)
    status, fields, body = gateway.admin("GET", "/metrics")
    assert status == 200
    assert "openmetrics-text" in {k.lower(): v for k, v in fields.items()}["content-type"]
    lines = body.decode().splitlines()
    assert lines[-1] == "# EOF"
    typed = set()
    for line in lines[:-1]:
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("#"):
            assert METRIC.match(line), line
            name = re.split(r"[{ ]", line)[0]
            assert any(name == one or name.startswith(one + "_") for one in typed), f"{name} has no TYPE"


def test_counters_count(gateway):
    def requests():
        text = gateway.admin("GET", "/metrics")[2].decode()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if re.match(r"sluice_(listener_)?requests_total\b", line))
    before = requests()
    for _ in range(25):
        get(gateway.port)
    wait_for(lambda: requests() >= before + 25, "the requests to be counted")


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/config", 405),
    ("POST", "/api/v1/revisions/x/activate", 404)])
def test_wrong_calls_get_clear_answers(gateway, method, path, status):
    answer = gateway.admin(method, path)[0]
    assert answer in (status, 400, 404, 405)


def test_a_huge_body_is_refused(gateway):
    """Without reading it to the end: 413 or a closed connection, and the gateway goes on."""
    import http.client
    try:
        status = gateway.admin("PUT", "/api/v1/config", b" " * (80 << 20), {"If-Match": "*"})[0]
        assert status in (400, 413), status
    except (OSError, http.client.HTTPException):
        pass
    assert gateway.admin("GET", "/healthz")[0] == 200

"""Pages of one's own for the gateway's answers, maintenance of a route, and Retry-After on overload."""

import pytest

from harness import Client, PORTS, get, http_config, run_sluice, wait_for
from test_pools import dead_address


def pages_config(port, **more):
    return {
        "listeners": [{"name": "web", "address": f"127.0.0.1:{port}"}],
        "error_pages": {"404": {"body": "<h1>lost</h1>\n", "content_type": "text/html"},
                        "5xx": {"body": "sorry\n", "retry_after": "30s"}, "4xx": {"body": "your fault\n"}},
        "routes": [
            {"name": "plain", "match": {"path_prefix": "/plain"}, "to": [dead_address()]},
            {"name": "own", "match": {"path_prefix": "/own"}, "to": [dead_address()],
             "error_pages": {"502": {"body": "own 502\n"}}},
            {"name": "class", "match": {"path_prefix": "/class"}, "to": [dead_address()],
             "error_pages": {"5xx": {"body": "own 5xx\n"}}},
        ],
        **more,
    }


@pytest.fixture(scope="module")
def gateway(shared_world):
    port = PORTS.take()
    gateway = shared_world.gateway(pages_config(port))
    gateway.port = port
    return gateway


@pytest.mark.parametrize("target, status, body, content_type, retry_after", [
    ("/nowhere", 404, b"<h1>lost</h1>\n", "text/html", None),
    ("/plain", 502, b"sorry\n", "text/plain; charset=utf-8", "30"),
    ("/own", 502, b"own 502\n", "text/plain; charset=utf-8", None),
    ("/class", 502, b"own 5xx\n", "text/plain; charset=utf-8", None),
])
def test_the_nearest_page_is_served(gateway, target, status, body, content_type, retry_after):
    answer = get(gateway.port, target)
    assert (answer.status, answer.body, answer.get("Content-Type")) == (status, body, content_type)
    assert answer.get("Retry-After") == retry_after
    head = get(gateway.port, target, method="HEAD")
    assert head.status == status and head.get("Content-Length") == str(len(body))


def test_a_request_that_cannot_be_parsed_gets_one_too(gateway):
    with Client(gateway.port) as client:
        client.send("GET / HTTP/1.1\r\nBad Name: x\r\n\r\n")
        answer = client.read_response()
    assert (answer.status, answer.body) == (400, b"your fault\n")


def test_answers_of_origins_and_routes_stay_as_they_are(world):
    port = PORTS.take()
    config = pages_config(port)
    fixed = {"status": 404, "body": "no\n"}
    config["routes"] = [{"name": "fixed", "match": {"path": "/no"}, "respond": fixed},
                        {"name": "all", "to": [world.origin().address]}]
    world.gateway(config)
    assert get(port, "/no").body == b"no\n"
    answer = get(port, "/status/503")
    assert answer.status == 503 and answer.body != b"sorry\n"


def test_files_are_read_at_load_and_again_at_reload(world):
    port = PORTS.take()
    page = world.folder / "502.html"
    page.write_text("<p>first ä</p>")
    config = http_config(port, error_pages={"502": {"file": str(page)}})
    config["routes"][0]["to"] = [dead_address()]
    gateway = world.gateway(config)
    answer = get(port)
    assert answer.body == "<p>first ä</p>".encode() and answer.get("Content-Type").startswith("text/html")
    page.write_text("<p>second</p>")
    assert get(port).body == "<p>first ä</p>".encode()
    gateway.reload(config)
    wait_for(lambda: get(port).body == b"<p>second</p>", "the new page")
    # What is stored needs no file any more.
    page.unlink()
    text = gateway.admin("GET", "/api/v1/config")[2].decode()
    assert "second" in text and "502.html" not in text
    gateway.reload(config)
    wait_for(lambda: "cannot read" in gateway.output(), "the refusal")
    assert get(port).body == b"<p>second</p>"


@pytest.mark.parametrize("content, error", [
    (None, "No such file"), (b"x" * 62_000, "61440 at most"), (b"\xff\xfe", "is not a text"),
])
def test_files_that_cannot_be_pages_are_refused(tmp_path, content, error):
    if content is not None:
        (tmp_path / "page.html").write_bytes(content)
    path = tmp_path / "bad.yaml"
    path.write_text('listeners: [{name: web, address: ":8080"}]\nerror_pages: {"502": {file: page.html}}\n')
    code, _, errors = run_sluice("-t", "-c", str(path))
    assert code == 1 and error in errors and "bad.yaml:2:" in errors


def maintenance_config(port, origin, **maintenance):
    config = http_config(port, origin)
    config["routes"][0]["maintenance"] = maintenance
    return config


def test_maintenance_is_switched_by_a_reload(world):
    origin = world.origin()
    port = PORTS.take()
    gateway = world.gateway(maintenance_config(port, origin, enabled=False, body="back at noon\n"))
    with Client(port) as client:
        assert client.request().status == 200
        gateway.reload(maintenance_config(port, origin, body="back at noon\n", retry_after="1h",
                                          allow=["127.0.0.7"]))
        closed = wait_for(lambda: (lambda answer: answer.status == 503 and answer)(client.request()),
                          "the maintenance page")
        assert closed.body == b"back at noon\n" and closed.get("Retry-After") == "3600"
        assert closed.get("Cache-Control") == "no-store"
        with Client(port, source="127.0.0.7") as tester:
            assert tester.request().status == 200
        line = gateway.wait_for_log(lambda line: line["status"] == 503)
        assert line["reason"] == "maintenance" and line["attempts"] == 0
        gateway.reload(maintenance_config(port, origin, enabled=False))
        wait_for(lambda: client.request().status == 200, "the route to be open again")


def test_a_body_that_nobody_wants_does_not_hang_the_maintenance_page(world):
    port = PORTS.take()
    world.gateway(maintenance_config(port, world.origin()))
    answer = get(port, method="POST", body=b"x" * 300_000)
    assert answer.status == 503

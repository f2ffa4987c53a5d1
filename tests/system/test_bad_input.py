"""Files that must be refused: with the place, with what to do, and with everything that runs left alone."""

import json
import re
import socket

import pytest

from harness import PORTS, TOP, get, http_config, run_sluice, wait_for

BASE = """listeners:
  - {name: web, address: "127.0.0.1:18080", protocol: http}
peers:
  - {name: one, address: "127.0.0.1:9001"}
pools:
  - {name: app, members: [one]}
routes:
  - {name: all, match: {path_prefix: /}, pool: app}
"""

# (name, file, line of the error, words of the message)
TABLE = [
    ("unknown key", BASE.replace("peers:", "peeers:"), 3, ["peeers"]),
    ("unknown key inside", BASE.replace("protocol: http", "protocol: http, colour: red"), 2, ["colour"]),
    ("dangling pool", BASE.replace("pool: app", "pool: apple"), 8, ["apple"]),
    ("dangling peer", BASE.replace("members: [one]", "members: [one, two]"), 6, ["two"]),
    ("duplicate peer", BASE.replace("pools:", '  - {name: one, address: "127.0.0.1:9002"}\npools:'), 5,
     ["one"]),
    ("duplicate address",
     BASE.replace("peers:", '  - {name: web2, address: "127.0.0.1:18080", protocol: http}\npeers:'),
     3, ["18080"]),
    ("duplicate key", BASE + "routes: []\n", 9, ["routes"]),
    ("no port", BASE.replace("127.0.0.1:9001", "127.0.0.1"), 4, ["port"]),
    ("port too large", BASE.replace(":9001", ":90010"), 4, ["90010"]),
    ("listener with a name", BASE.replace("127.0.0.1:18080", "localhost:18080"), 2, ["localhost"]),
    ("wrong type", BASE.replace("members: [one]", "members: 7"), 6, []),
    ("bad duration", "timeouts: {connect: fast}\n" + BASE, 1, ["fast"]),
    ("bad size", "limits: {body_bytes: huge}\n" + BASE, 1, ["huge"]),
    ("bad regular expression", BASE.replace("path_prefix: /", 'path_regex: "(a"'), 8, []),
    ("policy on failover", BASE.replace("members: [one]", "mode: failover, policy: maglev, members: [one]"),
     6, ["failover"]),
    ("unknown policy", BASE.replace("members: [one]", "policy: fastest, members: [one]"), 6, ["fastest"]),
    ("two targets", BASE.replace("pool: app", 'pool: app, to: ["127.0.0.1:1"]'), 8, ["pool", "to"]),
    ("no target", BASE.replace(", pool: app", ""), 8, []),
    ("reserved prefix", BASE.replace("path_prefix: /", "path_prefix: /_sluice/x"), 8, ["/_sluice/"]),
    ("https of a later version", BASE.replace("protocol: http", "protocol: https"), 2,
     ["not supported by this version"]),
    ("udp of a later version", BASE.replace("protocol: http", "protocol: udp"), 2,
     ["not supported by this version"]),
    ("certificates of a later version",
     BASE.replace("protocol: http", "protocol: http, certificates: [{cert: missing.pem}]"),
     2, ["not supported by this version"]),
    ("health checks of a later version",
     BASE.replace("members: [one]", "members: [one], health_check: {type: tcp}"), 6,
     ["not supported by this version"]),
    ("postgresql of a later version", "admin: {store: postgresql://db/sluice}\n" + BASE, 1,
     ["not supported by this version"]),
    ("admin on every interface", 'admin: {listen: "0.0.0.0:9180"}\n' + BASE, 1, []),
    ("broken YAML", BASE + "routes: [\n", None, []),
    ("a tab for indentation", "timeouts:\n\tconnect: 3s\n" + BASE, 2, []),
    ("a list at the top", "- one\n- two\n", 1, []),
    ("an empty variable", BASE.replace("127.0.0.1:9001", "${SLUICE_TEST_UNSET}:9001"), 4,
     ["SLUICE_TEST_UNSET"]),
]


@pytest.mark.parametrize("name, text, line, words", TABLE, ids=[row[0].replace(" ", "-") for row in TABLE])
def test_a_bad_file_is_refused_with_its_place(tmp_path, name, text, line, words):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    for command in (["validate", "-c", str(path)], ["-t", "-c", str(path)]):
        code, output, errors = run_sluice(*command)
        assert code == 1, output + errors
        first = errors.splitlines()[0]
        assert first.startswith(f"{path}:{line}:" if line else f"{path}:"), errors
        for word in words:
            assert word in errors, errors


def test_errors_as_json(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(BASE.replace("pool: app", "pool: apple"))
    code, output, _ = run_sluice("validate", "-c", str(path), "--json")
    answer = json.loads(output)
    assert code == 1 and answer["valid"] is False
    assert answer["errors"][0]["line"] == 8 and "apple" in answer["errors"][0]["message"]
    path.write_text(BASE)
    code, output, _ = run_sluice("validate", "-c", str(path), "--json")
    assert code == 0 and json.loads(output) == {"valid": True, "errors": []}


def test_more_than_one_error_is_told_at_once(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(BASE.replace("pool: app", "pool: apple").replace("members: [one]", "members: [two]"))
    assert len(run_sluice("-t", "-c", str(path))[2].splitlines()) == 2


def test_a_good_file_is_accepted_and_nothing_is_started_or_written(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(f"data_dir: {tmp_path}/data\n" + BASE)
    code, output, errors = run_sluice("-t", "-c", str(path))
    assert code == 0, errors
    assert "valid" in output
    assert not (tmp_path / "data").exists()


GARBAGE = [
    ("binary garbage", bytes(range(256)) * 64),
    ("an ELF file", b"\x7fELF" + bytes(range(1, 200)) * 20),
    ("nothing", b""),
    ("NULs", b"\0" * 1000),
    ("deep nesting", b"[" * 100_000),
    ("deep nesting of mappings", b"{a: " * 100_000),
    ("a YAML bomb", b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c]\n" % ((98 + i, 98 + i) + (97 + i,) * 6) for i in range(20))),
]


def examples():
    """Every YAML block of the documents that shows a whole file."""
    for page in ("README.md", "docs/configuration.md", "docs/route_features.md"):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", (TOP / page).read_text(), re.S)):
            yield pytest.param(block, id=f"{page}-{number}")


@pytest.mark.parametrize("text", examples())
def test_the_examples_of_the_documents_are_valid(tmp_path, text):
    (tmp_path / "conf.d").mkdir()
    path = tmp_path / "example.yaml"
    path.write_text(text)
    code, _, errors = run_sluice("-t", "-c", str(path))
    assert code == 0, errors


@pytest.mark.parametrize("name, content", GARBAGE, ids=[row[0].replace(" ", "-") for row in GARBAGE])
def test_garbage_is_refused_quickly(tmp_path, name, content):
    path = tmp_path / "garbage"
    path.write_bytes(content)
    code, output, errors = run_sluice("-t", "-c", str(path))
    assert code == 1, output
    assert errors.startswith(str(path)), errors[:500]
    assert len(errors) < 20_000


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    for path in (tmp_path / "missing.yaml", tmp_path):
        code, _, errors = run_sluice("-t", "-c", str(path))
        assert code == 1 and str(path) in errors


def test_a_hundred_megabytes_are_refused(tmp_path):
    path = tmp_path / "large.yaml"
    with open(path, "wb") as file:
        file.write(BASE.encode())
        line = b"# " + b"x" * 998 + b"\n"
        for _ in range(100):
            file.write(line * 1049)
    code, _, errors = run_sluice("-t", "-c", str(path))
    assert code == 1
    assert errors.startswith(str(path)) and len(errors.splitlines()) == 1, errors[:500]


def test_run_refuses_a_bad_file_without_starting_anything(world):
    gateway = world.gateway({"routes": [{"name": "x"}]}, start=False)
    gateway.start(wait=False)
    assert gateway.process.wait() == 1
    assert "started" not in gateway.output()
    assert not gateway.data_dir.exists()


def test_run_refuses_an_address_in_use(world):
    origin = world.origin()
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        gateway = world.gateway(http_config(port, origin), start=False)
        gateway.start(wait=False)
        assert gateway.process.wait() == 1
        line = gateway.output().splitlines()[0]
        assert line.startswith(f"{gateway.config_path}:"), line
        assert f"127.0.0.1:{port}" in line and "in use" in line, line
        holder.listen()


def test_two_gateways_do_not_share_a_port_by_accident(world):
    """Listeners use SO_REUSEPORT among workers; a second gateway must still be refused."""
    origin = world.origin()
    first = world.http_gateway(origin)
    second = world.gateway(http_config(first.port, origin), start=False)
    second.start(wait=False)
    assert second.process.wait() == 1
    assert "in use" in second.output()
    for _ in range(20):
        assert get(first.port).status == 200


@pytest.mark.parametrize("content", [b"\0\xff garbage", b"routes: 7\n", b""])
def test_a_bad_reload_leaves_the_running_gateway_alone(world, content):
    origin = world.origin("a")
    gateway = world.http_gateway(origin)
    gateway.config_path.write_bytes(content)
    seen = len(gateway.output())
    gateway.signal(1)

    def complained():
        text = gateway.output()[seen:].replace(f"reloading {gateway.config_path}", "")
        return str(gateway.config_path) in text or "rejected" in text
    wait_for(complained, "the error in the log")
    assert get(gateway.port).get("X-Origin") == "a"


@pytest.mark.parametrize("arguments, words", [
    (["-s", "upgrade"], ["upgrade", "reload, quit, stop"]),
    (["-s", "hup"], ["hup", "reload, quit, stop"]),
    (["-c"], ["sluice -t -c FILE"]),
    (["-c", "-f", "haproxy.cfg"], ["sluice -t -c FILE"]),
    (["-t"], ["-c FILE"]),
    (["fly"], ["fly"]),
    (["proxy", "--from", ":80"], ["--to"]),
    (["proxy", "--from", "nonsense", "--to", "127.0.0.1:1"], ["nonsense"]),
])
def test_a_wrong_command_line_says_what_is_right(arguments, words):
    code, output, errors = run_sluice(*arguments)
    assert code == 1, output
    for word in words:
        assert word in errors, errors


def test_signalling_nobody_says_so(tmp_path):
    code, _, errors = run_sluice("-s", "quit", "--data-dir", str(tmp_path))
    assert code == 1 and f"no sluice runs on {tmp_path}" in errors


def test_versions():
    code, output, _ = run_sluice("-v")
    assert code == 0 and output.startswith("sluice ")
    code, output, errors = run_sluice("-V")
    assert code == 0, errors
    assert "FlatBuffers" in output and "kernel" in output

"""The access log: formats, reopening, and a sink that does not read."""

import json
import os
import re
import signal

from harness import Client, get, wait_for

COMBINED = re.compile(r'^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] '
                      r'"GET /bytes/12\?q=1 HTTP/1\.1" 200 12 '
                      r'"http://from/" "tester \\x22x\\x22"$')
REQUEST = {"target": "/bytes/12?q=1", "fields": [("Referer", "http://from/"), ("User-Agent", 'tester "x"')]}


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def test_combined_is_what_log_tools_parse(world):
    path = world.folder / "combined.log"
    gateway = world.http_gateway(world.origin(), access_log={"path": str(path), "format": "combined"})
    get(gateway.port, **REQUEST)
    line = wait_for(lambda: next(iter(lines_of(path)), None), "the line")
    assert COMBINED.match(line), line


def test_json_has_every_field(world):
    origin = world.origin()
    gateway = world.http_gateway(origin)
    get(gateway.port, **REQUEST)
    line = gateway.wait_for_log(lambda line: True)
    assert line["client"] == "127.0.0.1" and line["status"] == 200 and line["reason"] == "-"
    assert line["body_bytes_sent"] == 12 and line["user_agent"] == 'tester "x"'
    assert line["origin"] == origin.address and line["route"] == "all" and line["listener"] == "web"
    assert line["attempts"] == 1 and line["duration_us"] > 0 and line["origin_us"] > 0
    assert line["request_id"]


def test_a_format_of_ones_own(world):
    path = world.folder / "own.log"
    gateway = world.http_gateway(world.origin(), access_log={
        "path": str(path), "format": "$status $request_method $${reason} $body_bytes_sent"})
    get(gateway.port, "/bytes/5")
    assert wait_for(lambda: lines_of(path), "the line") == ["200 GET - 5"]


def test_off_writes_nothing(world):
    gateway = world.http_gateway(world.origin(), access_log="off")
    get(gateway.port)
    assert gateway.stop() == 0
    assert not gateway.access_log_path.exists()
    assert "GET /" not in gateway.output()


def test_stdout_is_the_default_and_each_request_is_one_line(world):
    gateway = world.http_gateway(world.origin(), access_log={"path": "stdout", "format": "combined"})
    with Client(gateway.port) as client:
        for number in range(50):
            client.request(target=f"/bytes/{number}")
    wait_for(lambda: gateway.output().count('"GET /bytes/') == 50, "fifty lines on stdout")


def test_exactly_one_line_per_request_through_a_stop(world):
    gateway = world.http_gateway(world.origin())
    with Client(gateway.port) as client:
        for _ in range(500):
            assert client.request().status == 200
    assert gateway.stop() == 0
    assert len(gateway.access_log()) == 500


def test_reopen_on_usr1_loses_nothing(world):
    gateway = world.http_gateway(world.origin())
    moved = gateway.folder / "access.log.1"
    with Client(gateway.port) as client:
        for _ in range(100):
            client.request()
        wait_for(lambda: len(gateway.access_log()) == 100, "the first hundred")
        gateway.access_log_path.rename(moved)
        gateway.signal(signal.SIGUSR1)
        for _ in range(100):
            client.request()

        def total():
            return len(lines_of(moved)) + len(gateway.access_log())
        wait_for(lambda: total() == 200 and gateway.access_log_path.exists(),
                 "two hundred lines in two files")


def test_a_client_cannot_forge_lines(world):
    path = world.folder / "combined.log"
    gateway = world.http_gateway(world.origin(), access_log={"path": str(path), "format": "combined"})
    get(gateway.port, fields=[("User-Agent", 'x" 200 0\t\xff')])
    line = wait_for(lambda: next(iter(lines_of(path)), None), "the line")
    assert line.endswith(r'"x\x22 200 0\x09\xFF"') or line.endswith('"-"'), line


def test_a_slow_sink_never_slows_traffic(world):
    """stdout is a pipe that nobody reads: lines are dropped and counted, requests are not."""
    gateway = world.http_gateway(world.origin(),
                                 access_log={"path": str(world.folder / "pipe"), "format": "json"}) \
        if make_pipe(world.folder / "pipe") else None
    with Client(gateway.port) as client:
        for _ in range(3000):
            assert client.request(target="/bytes/1?" + "x" * 2000).status == 200

    def dropped():
        text = gateway.admin("GET", "/metrics")[2].decode()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("sluice_") and "access_log_dropped" in line)
    assert wait_for(dropped, "dropped lines to be counted") > 0


def make_pipe(path):
    os.mkfifo(path)
    # Somebody has it open, and never reads.
    make_pipe.keep = os.open(path, os.O_RDWR)
    return True


def test_json_survives_odd_bytes(world):
    gateway = world.http_gateway(world.origin())
    get(gateway.port, fields=[("User-Agent", "caf\xe9 \\ \"quoted\"")])
    line = gateway.wait_for_log(lambda line: True)
    assert json.dumps(line["user_agent"])


def test_lines_that_no_sink_took_are_counted(world):
    """A full disk, a broken pipe: the lines are gone, and that was to be seen nowhere."""
    origin = world.origin()
    gateway = world.http_gateway(origin, access_log={"path": "/dev/full", "format": "json"})
    for _ in range(3):
        assert get(gateway.port).status == 200

    def lost():
        metrics = gateway.admin("GET", "/metrics")[2].decode()
        return [line for line in metrics.splitlines() if line.startswith("sluice_access_log_lost_total ")]
    wait_for(lambda: lost() and int(lost()[0].split()[1]) >= 3, "three lost lines in the metrics")

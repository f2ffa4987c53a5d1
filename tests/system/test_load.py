"""sluice-load against origins whose behaviour is known: what it counts is what happened."""

import json
import re
import subprocess
import threading

import pytest

from harness import BINARIES, wait_for

DELAY_MS = 20


def load(port, *arguments, path="/", expect=0):
    """One run; the result as it prints it with --json."""
    command = [BINARIES / "sluice-load", f"http://127.0.0.1:{port}{path}", "--json", *map(str, arguments)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def ledger(path):
    header, *lines = path.read_text().splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"))) for line in lines]


def test_every_request_is_counted_once_by_both_sides(world, tmp_path):
    origin = world.origin("a")
    before = origin.counters()
    book = tmp_path / "ledger.tsv"
    result = load(origin.port, "-d", 1, "-c", 8, "--ledger", book)
    after = origin.counters()
    entries = ledger(book)
    assert result["failed"] == 0
    assert result["statuses"] == {"200": result["answered"]}
    assert result["answered_by"] == {"a": result["answered"]}
    assert result["body_bytes"] == result["answered"] * 1024
    assert len(entries) == result["answered"]
    assert len({entry["id"] for entry in entries}) == len(entries)
    assert {entry["outcome"] for entry in entries} == {"answered"}
    assert after["requests"] - before["requests"] == len(entries)
    assert result["connects"] == 8


def test_an_open_loop_sends_what_is_due(world, tmp_path):
    origin = world.origin()
    book = tmp_path / "ledger.tsv"
    result = load(origin.port, "-d", 2, "-c", 8, "-R", 500, "--post-percent", 20, "--body-bytes", 3000,
                  "--warm-up", 1, "--ledger", book)
    entries = ledger(book)
    assert [int(entry["due_us"]) for entry in sorted(entries, key=lambda entry: entry["id"])] == [
        number * 2000 for number in range(1000)]
    assert result["answered"] == 500 and result["failed"] == 0  # The first second was warm-up.
    assert sum(entry["method"] == "POST" for entry in entries) == 200


def test_a_stall_of_the_server_counts_in_full(world):
    """Coordinated omission: a server that answers nothing for most of the run delays every request that was
    due meanwhile, not only the few that were under way."""
    may_answer = threading.Event()

    def script(client):
        while True:
            client.read_until(b"\r\n\r\n")
            may_answer.wait(30)
            client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    origin = world.scripted_origin(script)
    timer = threading.Timer(1.5, may_answer.set)
    timer.start()
    result = load(origin.port, "-d", 2, "-c", 4, "-R", 200)
    timer.join()
    assert result["answered"] + result["failures"]["not_sent"] == 400
    assert result["failed"] == result["failures"]["not_sent"]
    # 300 requests were due in those 1.5 s, and half of all waited for 0.5 s and more; less what the client's
    # start took of the stall. Counted from the sending, all but the first four would have been quick.
    assert result["latency_us"]["p50"] > 250_000
    assert result["latency_us"]["max"] >= 1_000_000


def test_what_breaks_is_told_apart(world):
    origin = world.origin()
    assert load(origin.port, "-d", 0.3, "-c", 2, path="/reset", expect=1)["failures"]["reset"] > 0
    assert load(origin.port, "-d", 0.3, "-c", 2, path="/close", expect=1)["failures"]["closed"] > 0
    cut = load(origin.port, "-d", 0.3, "-c", 2, path="/reset-after/100", expect=1)
    assert cut["answered"] == 0 and cut["failed"] > 0
    hung = load(origin.port, "-d", 0.5, "-c", 2, "--timeout", 0.2, path="/hang", expect=1)
    assert hung["failures"]["timed_out"] >= 2 and hung["answered"] == 0
    origin.kill()
    assert load(origin.port, "-d", 0.3, "-c", 2, expect=1)["failures"]["connect_failed"] > 0


def test_a_stale_connection_is_tried_once_more_and_counted(world):
    def script(client):
        client.read_until(b"\r\n\r\n")
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        client.read_until(b"\r\n\r\n")  # The second request of a connection is never answered.

    origin = world.scripted_origin(script)
    patient = load(origin.port, "-d", 0.5, "-c", 2)
    assert patient["failed"] == 0 and patient["stale_retries"] > 0
    assert patient["connects"] >= patient["stale_retries"]
    strict = load(origin.port, "-d", 0.5, "-c", 2, "--no-stale-retry")
    assert strict["failures"]["closed"] > 0 and strict["stale_retries"] == 0
    post = load(origin.port, "-d", 0.5, "-c", 2, "-X", "POST")
    assert post["failures"]["closed"] > 0 and post["stale_retries"] == 0


def test_bodies_up_and_down_are_whole(world):
    origin = world.origin()
    down = load(origin.port, "-d", 0.5, "-c", 4, path="/bytes/1048576")
    assert down["failed"] == 0 and down["body_bytes"] == down["answered"] * 1048576
    chunked = load(origin.port, "-d", 0.5, "-c", 4, path="/chunked/100000?trailers")
    assert chunked["failed"] == 0 and chunked["body_bytes"] == chunked["answered"] * 100000
    ended = load(origin.port, "-d", 0.5, "-c", 4, path="/close-delimited/5000")
    assert ended["failed"] == 0 and ended["body_bytes"] == ended["answered"] * 5000
    up = load(origin.port, "-d", 0.5, "-c", 4, "-X", "POST", "--body-bytes", 200000, path="/echo")
    assert up["failed"] == 0 and up["statuses"] == {"200": up["answered"]}


def test_a_connection_for_every_request(world):
    origin = world.origin()
    result = load(origin.port, "-d", 0.5, "-c", 4, "--new-connections")
    assert result["failed"] == 0 and result["connects"] == result["answered"]


def test_threads_share_rate_and_connections(world):
    origin = world.origin()
    closed = load(origin.port, "-d", 0.3, "-c", 5, "-t", 2)
    assert closed["connects"] == 5 and closed["failed"] == 0
    opened = load(origin.port, "-d", 1, "-c", 5, "-t", 2, "-R", 300)
    assert opened["answered"] in (299, 300, 301) and opened["failed"] == 0


@pytest.mark.parametrize("arguments, told", [
    (("https://127.0.0.1/",), "must begin with http://"),
    (("http://127.0.0.1/", "-c", "0"), "must not be 0"),
    (("http://127.0.0.1/", "--warm-up", "20"), "must be shorter"),
    (("http://127.0.0.1/", "-H", "no colon"), "Name: value"),
    (("http://no-such-host.invalid/",), "no address for no-such-host.invalid"),
    (("http://127.0.0.1/", "--nonsense"), "nonsense"),
])
def test_bad_arguments_are_refused(arguments, told):
    done = subprocess.run([BINARIES / "sluice-load", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and told in done.stderr


def agrees(one, other):
    return abs(one - other) <= 0.2 * max(one, other)


def test_agrees_with_wrk_and_h2load_on_a_steady_server(world):
    """Every answer takes 20 ms whatever the machine does besides, so three generators must see the same."""
    origin = world.origin()
    url = f"http://127.0.0.1:{origin.port}/delay/{DELAY_MS}"

    def compare():
        ours = load(origin.port, "-d", 2, "-c", 8, path=f"/delay/{DELAY_MS}")
        wrk = subprocess.run(["wrk", "-t1", "-c8", "-d2s", "--latency", url], capture_output=True, text=True,
                             timeout=60, check=True).stdout
        h2load = subprocess.run(["h2load", "--h1", "-t1", "-c8", "-D2", url], capture_output=True, text=True,
                                timeout=60, check=True).stdout
        wrk_rate = float(re.search(r"Requests/sec:\s+([\d.]+)", wrk)[1])
        wrk_p50_ms = float(re.search(r"50%\s+([\d.]+)ms", wrk)[1])
        h2load_rate = float(re.search(r"([\d.]+) req/s", h2load)[1])
        return (agrees(ours["answered_per_second"], wrk_rate)
                and agrees(ours["answered_per_second"], h2load_rate)
                and agrees(ours["latency_us"]["p50"] / 1000, wrk_p50_ms))

    # A shared machine may stand still during one of the three; not during all of several tries.
    wait_for(compare, "three load generators to agree", 60)

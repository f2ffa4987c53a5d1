"""`sluice run` as a parent: signals, restarts, process number one, a second Ctrl-C."""

import os
import signal
import subprocess
import time

import pytest

from harness import BINARIES, Client, PORTS, get, http_config, is_alive, run_sluice, wait_for


@pytest.fixture
def gateway(world):
    world.a = world.origin("a")
    return world.http_gateway(world.a, timeouts={"drain": "20s"})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_the_first_signal_finishes_what_runs(gateway, number):
    with Client(gateway.port) as client:
        client.send("GET /stream/20/50 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_head().status == 200
        gateway.signal(number)
        wait_for(lambda: "draining" in gateway.output(), "the drain")
        body = client.read_until(b"0\r\n\r\n")
        assert len(body) > 20 * 1024
    assert gateway.process.wait() == 0, gateway.output()


def test_a_second_int_stops_at_once(gateway):
    with Client(gateway.port) as client:
        client.send("GET /delay/60000 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: gateway.status() is not None, "the status")
        gateway.signal(signal.SIGINT)
        wait_for(lambda: "draining" in gateway.output(), "the drain")
        children = [gateway.child("data plane"), gateway.child("admin")]
        before = time.monotonic()
        gateway.signal(signal.SIGINT)
        gateway.process.wait()
        assert time.monotonic() - before < 3
        assert not any(is_alive(pid) for pid in children)


def test_a_drain_ends_at_its_deadline(world):
    origin = world.origin()
    gateway = world.http_gateway(origin, timeouts={"drain": "500ms"})
    with Client(gateway.port) as client:
        client.send("GET /delay/60000 HTTP/1.1\r\nHost: cut\r\n\r\n")
        wait_for(lambda: origin.counters()["requests"] >= 1, "the request to reach the origin")
        before = time.monotonic()
        gateway.signal(signal.SIGTERM)
        gateway.process.wait()
        assert 0.3 < time.monotonic() - before < 5
    gateway.wait_for_log(lambda line: line["reason"] == "drain_deadline")


def test_quit_and_stop_by_command(world):
    for name in ("quit", "stop"):
        gateway = world.http_gateway(world.origin())
        assert run_sluice("-s", name, "-c", str(gateway.config_path))[0] == 0
        assert gateway.process.wait() == 0, gateway.output()


def test_a_child_that_dies_is_restarted_with_a_growing_pause(gateway):
    for _ in range(3):
        old = gateway.child("data plane")
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: gateway.child("data plane") not in (None, old), "the restart")
    for pause in (100, 200, 400):
        assert f"restarting it in {pause} ms" in gateway.output()
    wait_for(lambda: get_or_none(gateway.port), "traffic to flow again")


def get_or_none(port):
    try:
        return get(port).status == 200
    except (OSError, AssertionError):
        return None


def test_children_go_when_the_supervisor_is_killed(gateway):
    children = [gateway.child("data plane"), gateway.child("admin")]
    os.kill(gateway.process.pid, signal.SIGKILL)
    wait_for(lambda: not any(is_alive(pid) for pid in children), "the children to end")


def test_works_as_process_number_one(world):
    """In a pid namespace of its own: reaps strangers, forwards signals, takes everything with it."""
    probe = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("pid namespaces are not available here")
    origin = world.origin()
    port = PORTS.take()
    gateway = world.gateway(http_config(port, origin), start=False)
    gateway.start(prefix=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    assert get(port).status == 200
    inside = int(subprocess.run(["pgrep", "-P", str(gateway.process.pid)], capture_output=True,
                                text=True).stdout.split()[0])
    status = open(f"/proc/{inside}/status", encoding="ascii").read()
    assert next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == "1"
    # An orphan inside the namespace becomes a child of process number one and must be reaped.
    subprocess.run(["nsenter", "--target", str(inside), "--pid", "--mount", "sh", "-c", "(sleep 0.05 &)"],
                   check=True)

    def zombies():
        listed = subprocess.run(["ps", "--ppid", str(inside), "-o", "stat="], capture_output=True,
                                text=True).stdout
        return [line for line in listed.split() if line.startswith("Z")]
    wait_for(lambda: not zombies(), "the orphan to be reaped")
    os.kill(inside, signal.SIGTERM)
    assert gateway.process.wait() == 0, gateway.output()


def test_usr1_reaches_both_children(gateway):
    gateway.access_log_path.rename(gateway.folder / "access.log.1")
    gateway.signal(signal.SIGUSR1)
    wait_for(lambda: get(gateway.port) and gateway.access_log_path.exists(), "a new access log")
    assert is_alive(gateway.child("admin")) and is_alive(gateway.child("data plane"))


def test_missing_siblings_are_named(tmp_path):
    lonely = tmp_path / "sluice"
    lonely.write_bytes((BINARIES / "sluice").read_bytes())
    lonely.chmod(0o755)
    config = tmp_path / "a.yaml"
    config.write_text(f"data_dir: {tmp_path}/data\n"
                      f'listeners:\n  - {{name: web, address: "127.0.0.1:{PORTS.take()}"}}\n'
                      "routes:\n  - {name: all, respond: {status: 200}}\n")
    done = subprocess.run([lonely, "run", "-c", config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "sluice-dataplane is missing" in done.stderr, done.stderr


def test_the_service_manager_hears_ready(world):
    import socket
    path = world.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(15)
        port = PORTS.take()
        gateway = world.gateway(http_config(port, world.origin()), start=False)
        gateway.start(wait=False, environment={"NOTIFY_SOCKET": str(path)})
        assert receiver.recv(100) == b"READY=1"
        assert get(port).status == 200
        gateway.signal(signal.SIGTERM)
        assert receiver.recv(100) == b"STOPPING=1"

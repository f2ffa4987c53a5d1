"""What a process used, and the machine the figures come from."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path


def wait_until(condition, what, seconds=20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise RuntimeError(f"{what} did not happen within {seconds} s")


def cpu_nanoseconds(pids):
    """User and system time of every thread."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total


def resident_kib(pids):
    total = 0
    for pid in pids:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total


def pin(pid, core):
    cores = {core} if isinstance(core, int) else set(core)
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


def children(pid):
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


class SystemCalls:
    """Counts a process's system calls with perf while the block runs; None where perf is not allowed to."""

    def __init__(self, pids):
        self.command = ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", ",".join(map(str, pids))]
        self.count = None

    def __enter__(self):
        try:
            self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                            text=True)
        except FileNotFoundError:
            self.process = None
        return self

    def __exit__(self, *_):
        if self.process is None:
            return
        self.process.send_signal(2)
        found = re.search(r"^(\d+),", self.process.communicate()[1], re.MULTILINE)
        self.count = int(found[1]) if found else None


def version(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return (done.stdout + done.stderr).strip().splitlines()[0]


def description():
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {"kernel": platform.release(), "cpu": cpu[1] if cpu else platform.machine(),
            "cores": os.cpu_count(),
            "congestion_control": Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
            "nginx": version("nginx", "-v"), "haproxy": version("haproxy", "-v"),
            "load_average_before": os.getloadavg()[0]}

"""Machines that do not let us: io_uring blocked, an unknown capability mask."""

import ctypes
import os
import struct
import subprocess

import pytest

from harness import BINARIES, PORTS, Process, http_config

IO_URING_SETUP = 425
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
BPF_LOAD_WORD, BPF_JUMP_EQUAL, BPF_RETURN = 0x20, 0x15, 0x06
SECCOMP_ALLOW, SECCOMP_ERRNO = 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38


def block_io_uring(error):
    """Runs in the child before exec: from now on io_uring_setup fails with `error`, as Docker does it."""
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in (
        (BPF_LOAD_WORD, 0, 0, 0),                          # The number of the system call.
        (BPF_JUMP_EQUAL, 0, 1, IO_URING_SETUP),
        (BPF_RETURN, 0, 0, SECCOMP_ERRNO | error),
        (BPF_RETURN, 0, 0, SECCOMP_ALLOW)))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0) == 0


@pytest.mark.parametrize("error", [EPERM, ENOSYS])
def test_io_uring_blocked_is_one_clear_line_and_code_2(tmp_path, error):
    done = subprocess.run([BINARIES / "sluice-dataplane", "--data-dir", tmp_path / "data", "--workers", "1"],
                          capture_output=True, text=True, timeout=30,
                          preexec_fn=lambda: block_io_uring(error))
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "io_uring" in lines[0]
    if error == EPERM:
        assert "seccomp" in lines[0] or "io_uring_disabled" in lines[0], lines[0]


def test_the_supervisor_passes_the_line_and_the_code_on(world):
    gateway = world.gateway(http_config(PORTS.take(), world.origin()), start=False)
    gateway.process = Process([BINARIES / "sluice", "run", "-c", gateway.config_path], gateway.log_path,
                              preexec_fn=lambda: block_io_uring(EPERM))
    assert gateway.process.wait() == 2, gateway.output()
    assert "io_uring" in gateway.output()
    assert "restarting" not in gateway.output()


def test_a_wrong_capability_mask_is_refused(tmp_path):
    done = subprocess.run([BINARIES / "sluice-dataplane", "--data-dir", tmp_path / "data", "--workers", "1"],
                          capture_output=True, text=True, timeout=30,
                          env={**os.environ, "RING_CAPS_MASK": "7.99x"})
    assert done.returncode in (1, 2) and "RING_CAPS_MASK" in done.stderr, done.stderr


@pytest.mark.parametrize("arguments", [[], ["--workers", "none"], ["--wings", "2"]])
def test_a_wrong_command_line_is_code_1(arguments):
    done = subprocess.run([BINARIES / "sluice-dataplane", *arguments], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 1 and done.stderr, (done.returncode, done.stderr)

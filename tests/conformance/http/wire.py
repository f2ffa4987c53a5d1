"""Reads HTTP/1 as a client and as an origin see it: from raw bytes, without believing anybody.

Knows nothing of sockets. Lenient on purpose: it must describe what a proxy did, also when that was wrong.
"""

import re
from dataclasses import dataclass, field

STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?$")


def fields_of(lines):
    """[(name in lower case, value)] of header lines, in order."""
    pairs = []
    for line in lines:
        name, _, value = line.partition(b":")
        pairs.append((name.lower().decode("latin-1"), value.strip(b" \t").decode("latin-1")))
    return pairs


class Fields:
    fields = ()

    def all(self, name):
        return [value for key, value in self.fields if key == name.lower()]

    def get(self, name, default=None):
        return next(iter(self.all(name)), default)


@dataclass
class Answer(Fields):
    """What a client makes of one response. `state`: complete, open (more is due), cut (ended too early)."""

    status: int = 0
    fields: list = field(default_factory=list)
    body: bytes = b""
    trailers: list = field(default_factory=list)
    state: str = "open"
    head: bytes = b""

    def __str__(self):
        suffix = {"complete": "", "open": " unfinished", "cut": " cut"}[self.state]
        return f"{self.status or 'garbage'}{suffix}"


def read_chunks(data, at):
    """(body, trailers, end) with end None while more is due; ValueError when it is no chunked body."""
    pieces = []
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return b"".join(pieces), [], None
        size = int(data[at:line_end].split(b";")[0].strip() or b"x", 16)
        at = line_end + 2
        if size == 0:
            break
        pieces.append(data[at:at + size])
        if len(data) < at + size + 2:
            return b"".join(pieces), [], None
        if data[at + size:at + size + 2] != b"\r\n":
            raise ValueError("no line end behind a chunk")
        at += size + 2
    trailers = []
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return b"".join(pieces), trailers, None
        line, at = data[at:line_end], line_end + 2
        if not line:
            return b"".join(pieces), trailers, at
        trailers.append(line)


def read_answer(data, at, ended, is_head):
    """One answer from data[at:], and where the next one begins (None: nothing may follow yet)."""
    head_end = data.find(b"\r\n\r\n", at)
    lines = data[at:head_end if head_end >= 0 else len(data)].split(b"\r\n")
    match = STATUS_LINE.match(lines[0])
    if head_end < 0 or match is None:
        is_hopeless = match is None and b"\n" in data[at:]
        return Answer(state="cut" if ended or is_hopeless else "open", body=data[at:]), None
    answer = Answer(int(match[1]), fields_of(lines[1:]), head=data[at:head_end + 4])
    body_at = head_end + 4
    if answer.status == 101:
        answer.state, answer.body = "complete", data[body_at:]
        return answer, None
    if answer.status < 200 or answer.status in (204, 304) or is_head:
        answer.state = "complete"
        return answer, body_at
    if "chunked" in answer.get("transfer-encoding", "").lower():
        try:
            answer.body, trailers, end = read_chunks(data, body_at)
        except ValueError:
            answer.state = "cut"
            return answer, None
        answer.trailers = fields_of(trailers)
        answer.state = "complete" if end is not None else "cut" if ended else "open"
        return answer, end
    if (length := answer.get("content-length")) is not None:
        end = body_at + int(length)
        answer.body = data[body_at:end]
        answer.state = "complete" if len(data) >= end else "cut" if ended else "open"
        return answer, end if len(data) >= end else None
    answer.body = data[body_at:]
    answer.state = {None: "open", "closed": "complete", "reset": "cut"}[ended]
    return answer, None


def read_answers(data, ended, methods):
    """All answers in `data`. `ended`: None, closed or reset. `methods` of the requests, in order."""
    answers, at, methods = [], 0, list(methods)
    while at is not None and at < len(data):
        is_head = bool(methods) and methods[0] == "HEAD"
        answer, at = read_answer(data, at, ended, is_head)
        answers.append(answer)
        if answer.status >= 200 and methods:
            methods.pop(0)
    return answers


@dataclass
class Request(Fields):
    """What an origin makes of one request."""

    connection: int
    head: bytes
    body: bytes = b""
    trailers: list = field(default_factory=list)
    complete: bool = False

    def __post_init__(self):
        lines = self.head[:-4].split(b"\r\n")
        self.line = lines[0].decode("latin-1")
        self.fields = fields_of(lines[1:])
        self.method, _, rest = self.line.partition(" ")
        self.target = rest.rpartition(" ")[0]
        self.is_chunked = "chunked" in ",".join(self.all("transfer-encoding")).lower()
        self.length = 0 if self.is_chunked else int(self.get("content-length", "0"))

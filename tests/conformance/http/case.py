"""What a conformance case is, and the words the tables in cases/ are written with."""

import enum
from dataclasses import dataclass, field

# Used by the tables.
from origin import AfterRead, BODY, CLOSE, Flood, Gap, OK, RELAYED, RESET, Trickle  # noqa: F401


# ---- what the client does beside sending bytes
class Act(enum.Enum):
    half_close = "half-close"


HALF_CLOSE = Act.half_close


@dataclass
class Until:
    """Waits until the client has received these bytes."""

    data: bytes


@dataclass
class Pause:
    """The gap between two bytes of a slow sender; what is tested is time itself."""

    seconds: float


@dataclass
class Expect:
    """What Sluice does. Fields that are None are not looked at."""

    answers: list | None  # As Answer prints: "200", "103", "200 cut".
    closed: bool = False  # The client's connection is closed afterwards.
    requests: int | None = None  # How many reached the origin.
    reasons: list | None = None  # Of the access log; "-" for requests that ended normally.
    origin_reused: bool | None = None  # The connection to the origin serves the next request.
    reached: list = field(default_factory=list)  # Bytes that the origin received.
    not_reached: list = field(default_factory=list)
    received: list = field(default_factory=list)  # Bytes that the client received.
    not_received: list = field(default_factory=list)
    body: bytes | None = None  # Of the last answer.
    request_body: bytes | None = None  # Of the first request at the origin.
    check: object = None  # More: outcome → None, or what is wrong.


@dataclass
class Case:
    name: str
    section: str  # RFC section.
    send: list
    expect: Expect
    origin: list = field(default_factory=list)  # Scripts, by request.
    repeat: bool = False  # The first script answers every request.
    hasty: bool = False  # Needs a lane with short timeouts.
    methods: list | None = None  # Of the requests, when they cannot be told from the bytes.
    show: object = None  # outcome → what the table says beyond status and connection.
    group: str = ""

    def __post_init__(self):
        if isinstance(self.send, (bytes, str)):
            self.send = [self.send]
        self.send = [piece.encode("latin-1") if isinstance(piece, str) else piece for piece in self.send]
        if self.methods is None:
            first = next((piece for piece in self.send if isinstance(piece, bytes)), b"")
            self.methods = [first.split(b" ")[0].decode("latin-1")]


def refused(status, reason, requests=0, **more):
    """The head or body is refused: one answer, then the connection closes."""
    return Expect([str(status)], closed=True, reasons=[reason], requests=requests, **more)


def served(count=1, **more):
    more.setdefault("requests", count)
    return Expect(["200"] * count, reasons=["-"] * count, **more)


def bad_answer(reason, status=502, **more):
    """The origin's answer is refused: the client hears of it, the origin's connection is not used again."""
    return Expect([str(status)], reasons=[reason], origin_reused=False, **more)


def cut(reason, status=200, **more):
    """The body ended too early, and the client can see it."""
    return Expect([f"{status} cut"], closed=True, reasons=[reason], origin_reused=False, **more)


def get(*lines, target="/", method="GET"):
    """A request without body: request line, Host, `lines`."""
    return f"{method} {target} HTTP/1.1\r\nHost: a\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"


def post(*lines, body="", target="/", method="POST"):
    return get(*lines, target=target, method=method) + body


def chunked(body, *lines):
    """A POST whose chunked body is written out by the caller."""
    return post("Transfer-Encoding: chunked", *lines, body=body)


def answer(*lines, body=b"", status="200 OK"):
    """Bytes of an origin's answer."""
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return head.encode("latin-1") + body


# ---- what the table shows
def shows_target(outcome):
    return ", ".join(f"`{request.line}`" for request in outcome.requests)


def shows_request_field(name):
    def show(outcome):
        values = [value for request in outcome.requests[:1] for value in request.all(name)]
        return "; ".join(f"`{name}: {value}`" for value in values) or f"no {name}"
    return show


def shows_answer_field(name):
    def show(outcome):
        values = [value for one in outcome.answers[-1:] for value in one.all(name)]
        return "; ".join(f"`{name}: {value}`" for value in values) or f"no {name}"
    return show


def shows_request_body(outcome):
    return "body `" + (outcome.requests[0].body.decode("latin-1") if outcome.requests else "") + "`"

"""Drives one case against one lane of one proxy, and describes what came of it.

Nothing waits for a fixed time where a condition tells: a run ends when the connection is closed, or when what
the case expects is there. Only where neither comes (a peer that does otherwise), silence has to do.
"""

import socket
import threading
import time
from dataclasses import dataclass, field
from itertools import groupby

from case import Act, Pause, Until
from wire import read_answers

SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: a\r\n\r\n"
PROBE = b"GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@dataclass
class Outcome:
    answers: list = field(default_factory=list)
    client_end: str = "open"  # open (and serves another request), stuck (open, but does not), closed, reset
    requests: list = field(default_factory=list)  # At the origin, without probe and sentinel.
    received: bytes = b""  # By the client.
    reached: bytes = b""  # The origin, over all connections.
    origin_reused: bool = False
    origin_ends: list = field(default_factory=list)
    probe: str = ""  # What another client got afterwards.
    reasons: list | None = None
    seconds: float = 0.0

    @property
    def is_closed(self):
        return self.client_end in ("closed", "reset")


class ClientSide:
    def __init__(self, port, methods):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.methods = methods
        self.received, self.ended = b"", None
        self.last_activity = time.monotonic()
        self.news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while self.ended is None:
            try:
                data = self.socket.recv(1 << 18)
                ended = None if data else "closed"
            except OSError:
                data, ended = b"", "reset"
            with self.news:
                self.received += data
                self.ended = ended
                self.last_activity = time.monotonic()
                self.news.notify_all()

    def answers(self):
        return read_answers(self.received, self.ended, self.methods)

    def wait(self, condition, silence, activity=lambda: 0.0):
        """Until condition(), the end of the connection, or `silence` seconds without any activity."""
        with self.news:
            while not condition() and self.ended is None:
                quiet_since = max(self.last_activity, activity())
                if time.monotonic() - quiet_since > silence:
                    return
                self.news.wait(0.01)

    def send(self, data):
        try:
            self.socket.sendall(data)
            self.last_activity = time.monotonic()
        except OSError:
            pass  # Closed on us: the reader says how.

    def perform(self, pieces, silence):
        for piece in pieces:
            if isinstance(piece, bytes):
                self.send(piece)
            elif piece is Act.half_close:
                try:
                    self.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            elif isinstance(piece, Until):
                self.wait(lambda: piece.data in self.received, silence)
            elif isinstance(piece, Pause):
                time.sleep(piece.seconds)


def settled_answers(answers):
    """Final ones that are whole, and interim ones."""
    return [str(one) for one in answers if one.state == "complete"]


def run(case, proxy, lane, silence):
    origin = lane.origin
    origin.begin(case.origin, case.repeat)
    log_position = proxy.log_position()
    started = time.monotonic()
    outcome = Outcome()
    client = ClientSide(lane.port, case.methods)
    origin.is_relayed = lambda: b"\r\n\r\n" in client.received
    if case.hasty:
        silence = max(silence, 3.5 * lane.seconds)  # Here, silence is what is being tested.
    client.perform(case.send, silence)
    wanted = case.expect.answers

    def as_expected():
        return not case.expect.closed and settled_answers(client.answers()) == wanted and \
            len(origin.requests) >= (case.expect.requests or 0)
    client.wait(as_expected, silence, lambda: origin.last_activity)
    outcome.seconds = time.monotonic() - started
    outcome.answers, outcome.received = client.answers(), client.received
    if client.ended is None and Act.half_close not in case.send and \
            not any(one.status == 101 for one in outcome.answers):
        outcome.client_end = ask_again(client, len(outcome.answers), origin, silence)
    elif client.ended is not None:
        outcome.client_end = client.ended
    client.socket.close()
    ask_from_elsewhere(lane, outcome, silence)
    ours = [request for request in origin.requests if request.target in ("/probe", "/sentinel")]
    outcome.requests = [request for request in origin.requests if request not in ours]
    of_the_case = {request.connection for request in outcome.requests}
    outcome.origin_reused = any(request.connection in of_the_case for request in ours)
    outcome.reached = b"".join(connection.received for connection in origin.connections)
    outcome.origin_ends = [connection.ended for connection in origin.connections]
    outcome.reasons = proxy.reasons(lane, log_position)
    return outcome


def ask_again(client, answers_before, origin, silence):
    """Is the connection still good for a request?"""
    client.send(SENTINEL)
    client.wait(lambda: len(settled_answers(client.answers())) > answers_before, silence,
                lambda: origin.last_activity)
    if client.ended is not None:
        return client.ended
    more = client.answers()[answers_before:]
    return "open" if [str(one) for one in more] == ["200"] else "stuck"


def ask_from_elsewhere(lane, outcome, silence):
    """Another client is served as if nothing had been; and shows which origin connection is in use now."""
    probe = ClientSide(lane.port, ["GET"])
    probe.send(PROBE)
    probe.wait(lambda: False, max(silence, 5.0), lambda: lane.origin.last_activity)
    outcome.probe = ", ".join(str(one) for one in probe.answers())
    probe.socket.close()


def differences(case, outcome):
    """What is not as the case expects of Sluice; empty when all is."""
    expect, wrong = case.expect, []

    def compare(what, got, wanted):
        if wanted is not None and got != wanted:
            wrong.append(f"{what}: {got!r}, expected {wanted!r}")
    compare("answers", [str(one) for one in outcome.answers], expect.answers)
    if Act.half_close not in case.send and not any(one.status == 101 for one in outcome.answers):
        compare("client connection", outcome.client_end if not expect.closed else outcome.is_closed,
                True if expect.closed else "open")
    compare("requests at the origin", len(outcome.requests), expect.requests)
    compare("reasons", outcome.reasons, expect.reasons)
    compare("origin connection reused", outcome.origin_reused, expect.origin_reused)
    compare("body", outcome.answers[-1].body if outcome.answers else None, expect.body)
    compare("request body", outcome.requests[0].body if outcome.requests else None, expect.request_body)
    compare("another client's answer", outcome.probe, "200")
    for bytes_wanted, where, name in ((expect.reached, outcome.reached, "reached the origin"),
                                      (expect.received, outcome.received, "received")):
        wrong += [f"{one!r} not {name}: {where[:600]!r}" for one in bytes_wanted if one not in where]
    for unwanted, where, name in ((expect.not_reached, outcome.reached, "reached the origin"),
                                  (expect.not_received, outcome.received, "received")):
        wrong += [f"{one!r} {name}: {where[:600]!r}" for one in unwanted if one in where]
    if expect.check is not None and (complaint := expect.check(outcome)):
        wrong.append(complaint)
    return wrong


def describe(case, outcome):
    """One cell of the table."""
    answers = [str(one) for one in outcome.answers]
    runs = [(status, len(list(run))) for status, run in groupby(answers)]
    parts = [", ".join(f"{status} x {count}" if count > 2 else ", ".join([status] * count)
                       for status, count in runs) or "no answer"]
    if outcome.is_closed:
        parts.append("closed")
    elif outcome.client_end == "stuck":
        parts.append("waits" if not answers else "waits for more")
    if case.origin:
        parts.append("origin connection " + ("reused" if outcome.origin_reused else "dropped"))
        if len(outcome.requests) != 1:
            parts.append(f"origin got {len(outcome.requests)} requests")
    elif len(outcome.requests) != len([one for one in answers if one == "200"]) or len(outcome.requests) > 1:
        parts.append(f"origin got {len(outcome.requests) or 'nothing'}")
    if case.show is not None and outcome.requests:
        parts.append(case.show(outcome))
    if outcome.probe != "200":
        parts.append(f"next client: {outcome.probe or 'no answer'}")
    reasons = [reason for reason in outcome.reasons or [] if reason != "-"]
    return "; ".join(parts) + (f" (`{', '.join(reasons)}`)" if reasons else "")

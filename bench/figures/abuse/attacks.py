"""The attackers, each a process of its own: `python3 attacks.py NAME PORT` goes on until it is killed, on
loopback only. One loop over non-blocking sockets; whatever is closed is opened again."""

import random
import selectors
import socket
import struct
import sys
import time

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PIPELINE = 50


class Attack:
    connections = 200
    addresses = 4  # 127.0.0.66 and up.
    opened_per_turn = 100
    pause = 0.05
    receive_bytes = None

    def __init__(self, port):
        self.port, self.selector, self.turn = port, selectors.DefaultSelector(), 0
        self.made = {}  # Sockets, and whether they are connected.

    def open(self):
        made = socket.socket()
        if self.receive_bytes:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_bytes)
        made.setblocking(False)
        made.bind((f"127.0.0.{66 + random.randrange(self.addresses)}", 0))
        made.connect_ex(("127.0.0.1", self.port))
        self.made[made] = False
        self.selector.register(made, selectors.EVENT_WRITE)

    def drop(self, made):
        if made in self.selector.get_map():
            self.selector.unregister(made)
        del self.made[made]
        made.close()

    def run(self):
        while True:
            for _ in range(min(self.opened_per_turn, self.connections - len(self.made))):
                try:
                    self.open()
                except OSError:  # Out of local ports for a moment.
                    break
            begin = time.monotonic()
            for key, events in self.selector.select(self.pause):
                try:
                    if events & selectors.EVENT_WRITE and not self.made[key.fileobj]:
                        self.made[key.fileobj] = True
                        self.begin(key.fileobj)
                    elif events & selectors.EVENT_READ:
                        self.readable(key.fileobj)
                except OSError:
                    self.drop(key.fileobj)
            self.turn += 1
            for made in [made for made, is_up in self.made.items() if is_up]:
                try:
                    self.step(made)
                except BlockingIOError:
                    pass
                except OSError:
                    self.drop(made)
            time.sleep(max(0, begin + self.pause - time.monotonic()))

    def begin(self, made):
        self.selector.modify(made, selectors.EVENT_READ)

    def readable(self, made):
        if not made.recv(65536):
            self.drop(made)

    def step(self, made):
        pass


class SlowHeads(Attack):
    """Heads that come byte by byte, from many addresses, more than there are descriptors."""
    connections, addresses = 1500, 30

    def begin(self, made):
        super().begin(made)
        made.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")

    def step(self, made):
        if (self.turn + made.fileno()) % 10 == 0:
            made.send(b"a")


class SlowBodies(Attack):
    """Bodies that never pause for long, at some two bytes a second."""
    connections, addresses = 200, 4

    def begin(self, made):
        super().begin(made)
        made.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")

    def step(self, made):
        if (self.turn + made.fileno()) % 10 == 0:
            made.send(b"a")


class SlowReaders(Attack):
    """Ask for 8 MB and take nothing."""
    connections, addresses, receive_bytes = 200, 4, 4096

    def begin(self, made):
        self.selector.unregister(made)  # Not interested in what comes.
        made.send(b"GET /bytes/8000000 HTTP/1.1\r\nHost: a\r\n\r\n")

    def step(self, made):
        if made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0:
            raise OSError


class ConnectionFlood(Attack):
    """As many connections as possible from one address, silent."""
    connections, addresses, opened_per_turn = 3000, 1, 500


class Idlers(Attack):
    """One good request each, then kept open: more connections than descriptors, from many addresses."""
    connections, addresses = 1500, 30

    def begin(self, made):
        super().begin(made)
        made.send(GET)


class ResetStorm(Attack):
    """Connect, ask, reset, as fast as it goes."""
    connections, addresses, opened_per_turn, pause = 50, 1, 50, 0.001

    def begin(self, made):
        made.send(GET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop(made)


class RequestFlood(Attack):
    """Pipelined requests from one address, far above its rate."""
    connections, addresses, pause = 20, 1, 0.001

    def begin(self, made):
        super().begin(made)
        made.send(GET * PIPELINE)

    def readable(self, made):
        received = made.recv(262144)
        if not received:
            self.drop(made)
        else:
            made.send(GET * max(1, received.count(b"HTTP/1.1 ")))


ALL = {"slow_heads": SlowHeads, "slow_bodies": SlowBodies, "slow_readers": SlowReaders,
       "connection_flood": ConnectionFlood, "idlers": Idlers, "reset_storm": ResetStorm,
       "request_flood": RequestFlood}

if __name__ == "__main__":
    ALL[sys.argv[1]](int(sys.argv[2])).run()

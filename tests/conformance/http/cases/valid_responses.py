from case import BODY, CLOSE, Case, Expect, OK, answer, get, served, shows_answer_field

TITLE = "Valid responses"
OLD = "GET / HTTP/1.0\r\nHost: a\r\n\r\n"
HEAD = get(method="HEAD")


def one(name, section, data, *received, body=None, request=None, show=None, **more):
    script = data if isinstance(data, list) else [data]
    expect = served(received=[text if isinstance(text,
                                                 bytes) else text.encode("latin-1") for text in received],
                    body=body, origin_reused=True, **more)
    return Case(name, section, request or get(), expect, origin=[script], show=show)


def status(line, **more):
    return Case(f"status {line}", "9110 15", get(),
                Expect([line[:3]], requests=1, reasons=["-"],
                       received=[f"HTTP/1.1 {line}\r\n".encode("latin-1")], **more),
                origin=[[answer("Content-Length: 0", status=line)]])


def closing(name, section, data, request=None, **more):
    """The end of the origin's connection is the end of the body."""
    return Case(name, section, request or get(), served(origin_reused=False, **more), origin=[[data, CLOSE]])


CASES = [
    one("answer with a length", "9112 6.2", answer("Content-Length: 3", body=b"abc"), body=b"abc"),
    one("answer with a length of zero", "9112 6.2", answer("Content-Length: 0"), "Content-Length: 0\r\n",
        body=b""),
    one("chunked answer", "9112 7.1", answer("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"),
        body=b"abc"),
    one("chunked answer, sizes with leading zeros", "9112 7.1",
        answer("Transfer-Encoding: chunked", body=b"0003\r\nabc\r\n0000\r\n\r\n"), body=b"abc"),
    one("chunked answer with trailers", "9110 6.5",
        answer("Trailer: X-Sum", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"),
        "0\r\nX-Sum: 7\r\n\r\n", body=b"abc", request=get("TE: trailers", "Connection: TE")),
    one("chunked answer byte by byte", "9112 7.1",
        [bytes([byte]) for byte in answer("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")],
        body=b"abc"),
    closing("answer until close becomes chunked", "9112 6.3", answer(body=b"abc"), body=b"abc"),
    closing("HTTP/1.0 answer until close", "9112 6.3", b"HTTP/1.0 200 OK\r\n\r\nabc", body=b"abc",
            received=[b"HTTP/1.1 200 OK\r\n"]),
    closing("answer with a length, then close", "9112 9.6", answer("Content-Length: 3", body=b"abc"),
            body=b"abc"),
    one("HTTP/1.0 answer with keep-alive", "9112 9.3",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", body=b"abc"),
    Case("chunked answer to an HTTP/1.0 client", "9112 7.1", OLD,
         Expect(["200"], closed=True, reasons=["-"], body=b"abc", not_received=[b"chunked"]),
         origin=[[answer("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")]]),
    Case("answer until close to an HTTP/1.0 client", "9112 6.3", OLD,
         Expect(["200"], closed=True, reasons=["-"], body=b"abc"), origin=[[answer(body=b"abc"), CLOSE]]),
    one("HEAD with a length", "9110 9.3.2", answer("Content-Length: 1000"), "Content-Length: 1000\r\n",
        request=HEAD),
    one("HEAD with chunked", "9110 9.3.2", answer("Transfer-Encoding: chunked"), request=HEAD),
    one("HEAD without either", "9110 9.3.2", answer("X: b"), "X: b\r\n", request=HEAD),
    Case("304 with a length", "9110 15.4.5", get(),
         Expect(["304"], reasons=["-"], origin_reused=True, received=[b'ETag: "x"\r\n']),
         origin=[[answer("Content-Length: 1000", 'ETag: "x"', status="304 Not Modified")]],
         show=shows_answer_field("Content-Length")),
    Case("204", "9110 15.3.5", get(), Expect(["204"], reasons=["-"], origin_reused=True,
                                             not_received=[b"Content-Length", b"Transfer-Encoding"]),
         origin=[[answer(status="204 No Content")]]),
    Case("205 with a length of zero", "9110 15.3.6", get(),
         Expect(["205"], reasons=["-"], origin_reused=True),
         origin=[[answer("Content-Length: 0", status="205 Reset Content")]]),
    status("201 Created"), status("301 Moved Permanently"), status("404 Not Found"),
    status("418 I'm a teapot"),
    status("503 Service Unavailable"), status("599 Own"), status("404 Nicht da \xe9"),
    Case("103 before the answer", "8297 2", get(),
         Expect(["103", "200"], reasons=["-"], received=[b"Link: </a.css>; rel=preload\r\n"]),
         origin=[[answer("Link: </a.css>; rel=preload", status="103 Early Hints"), OK]]),
    Case("102 before the answer", "2518 10.1", get(), Expect(["102", "200"], reasons=["-"]),
         origin=[[answer(status="102 Processing"), OK]]),
    Case("103 to an HTTP/1.0 client", "9110 15.2", OLD, Expect(["200"], closed=True, reasons=["-"]),
         origin=[[answer("Link: </a>", status="103 Early Hints"), OK]]),
    one("several Set-Cookie, apart and in order", "6265 3",
        answer("Set-Cookie: a=1", "X: b", "Set-Cookie: c=2, d", "Content-Length: 0"),
        "Set-Cookie: a=1\r\nX: b\r\nSet-Cookie: c=2, d\r\n"),
    one("equal fields of an origin keep their order", "9110 5.3",
        answer("Vary: a", "X: 1", "Vary: b", "Content-Length: 0"), "Vary: a\r\nX: 1\r\nVary: b\r\n"),
    one("bytes above 0x7f in an origin's value", "9110 5.5", answer("X: caf\xe9", "Content-Length: 0"),
        "X: caf\xe9\r\n"),
    one("empty value of an origin", "9110 5.5", answer("X-Empty:", "Content-Length: 0"), "X-Empty:"),
    one("head of 20,000 bytes of an origin", "9110 5.4",
        answer(*(f"X-{i}: {'b' * 190}" for i in range(100)), "Content-Length: 0"), "X-99: bbb"),
    one("hop-by-hop fields of an origin stay here", "9110 7.6.1",
        answer("Connection: keep-alive, X-Private", "Keep-Alive: timeout=60", "X-Private: b",
               "Content-Length: 0"),
        not_received=[b"X-Private", b"timeout=60"], show=shows_answer_field("X-Private")),
    one("Server and Date pass", "9110 10.2.4", answer("Server: own", "Date: Sun, 06 Nov 1994 08:49:37 GMT",
                                                      "Content-Length: 0"),
        "Server: own\r\n", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", show=shows_answer_field("Server")),
    one("answer before the whole request is read", "9110 7.5",
        [answer("Content-Length: 3", body=b"abc"), BODY], body=b"abc",
        request=get("Content-Length: 3", method="POST") + "xyz"),
    Case("405 with Allow to an unknown method", "9110 15.5.6", get(method="BREW"),
         Expect(["405"], reasons=["-"], received=[b"Allow: GET\r\n"]),
         origin=[[answer("Allow: GET", "Content-Length: 0", status="405 Method Not Allowed")]]),
]

from case import (BODY, Case, Expect, HALF_CLOSE, OK, Pause, answer, chunked, get, post, served,
                  shows_request_field,
                  shows_target)

TITLE = "Valid requests"
BIG = "x" * 2_000_000


def one(name, section, send, *reached, **more):
    return Case(name, section, send, served(reached=[text.encode("latin-1") for text in reached]), **more)


def in_pieces(text):
    return [piece for byte in text for piece in (byte,)]


def in_order(outcome):
    targets = [request.target for request in outcome.requests]
    return None if targets == [f"/{i}" for i in range(100)] else "wrong order"


CASES = [
    one("GET", "9110 9.3.1", get(), "GET / HTTP/1.1\r\nHost: a\r\n"),
    one("OPTIONS *", "9112 3.2.4", get(method="OPTIONS", target="*"), "OPTIONS * HTTP/1.1\r\n",
        show=shows_target),
    one("OPTIONS for a whole server in absolute form", "9112 3.2.4",
        "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n", show=shows_target),
    one("absolute form", "9112 3.2.2", "GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x?y HTTP/1.1\r\n",
        show=shows_target),
    one("absolute form without a path", "9112 3.2.2", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n", show=shows_target),
    one("absolute form with a query only", "9112 3.2.2", "GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?x HTTP/1.1\r\n", show=shows_target),
    one("absolute form, scheme in capitals", "9110 4.2.3", "GET HTTP://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x HTTP/1.1\r\n", show=shows_target),
    one("extension method", "9110 9.1", get(method="PROPFIND"), "PROPFIND / HTTP/1.1\r\n"),
    one("method of token bytes", "9110 9.1", get(method="M-SEARCH!"), "M-SEARCH! / HTTP/1.1\r\n"),
    one("DELETE with a body", "9110 9.3.5", post("Content-Length: 3", body="abc", method="DELETE"),
        "\r\n\r\nabc"),
    one("GET with a body", "9110 9.3.1", post("Content-Length: 3", body="abc", method="GET"), "\r\n\r\nabc"),
    one("encoded bytes in the target", "9112 3.2", get(target="/a%20b/%C3%A9?x=%2F"),
        "GET /a%20b/%C3%A9?x=%2F HTTP",
        show=shows_target),
    one("sub-delimiters in the target", "3986 2.2", get(target="/a;b=c,d:e@f!$&'()*+~?x=[1]"),
        "GET /a;b=c,d:e@f!$&'()*+~?x=[1] HTTP", show=shows_target),
    one("query with a question mark", "3986 3.4", get(target="/?a=b?c=/d"), "GET /?a=b?c=/d HTTP"),
    one("bytes that browsers do not encode", "3986 2", get(target='/a|b?"<>^`{}'), 'GET /a|b?"<>^`{} HTTP',
        show=shows_target),
    one("target of 8,000 bytes", "9112 3", get(target="/" + "a" * 7_999), "GET /" + "a" * 7_999 + " HTTP"),
    one("head of 30,000 bytes", "9110 5.4", get(*(f"X-{i}: {'b' * 280}" for i in range(100))), "X-99: bbb"),
    one("value of 7,000 bytes", "9110 5.4", get("Cookie: " + "b" * 7_000), "Cookie: " + "b" * 7_000 + "\r\n"),
    one("100 fields", "9110 5.4", get(*(f"X-{i}: b" for i in range(97))), "X-96: b\r\n"),
    one("empty value", "9110 5.5", get("X-Empty:"), "X-Empty:", show=shows_request_field("X-Empty")),
    one("value of blanks only", "9110 5.5", get("X-Empty: \t "), "X-Empty:"),
    one("value without a blank in front", "9112 5", get("X-Tight:b"), "X-Tight: b\r\n"),
    one("blanks around a value", "9112 5", get("X-Wide: \t b c \t"), "X-Wide: b c\r\n"),
    one("tab inside a value", "9110 5.5", get("X-Tab: b\tc"), "X-Tab: b\tc\r\n"),
    one("bytes above 0x7f in a value", "9110 5.5", get("X-Obs: caf\xe9 \xc3\xa9"),
        "X-Obs: caf\xe9 \xc3\xa9\r\n"),
    one("name of all token bytes", "9110 5.1", get("X!#$%&'*+-.^_`|~9: b"), "X!#$%&'*+-.^_`|~9: b\r\n"),
    one("name with an underscore", "9110 5.1", get("X_Under: b"), "X_Under: b\r\n"),
    one("equal fields keep their order", "9110 5.3", get("X-A: 1", "X-B: 2", "X-A: 3"),
        "X-A: 1\r\nX-B: 2\r\nX-A: 3\r\n"),
    one("two Cookie fields", "6265 5.4", get("Cookie: a=1", "Cookie: b=2"), "Cookie: a=1\r\nCookie: b=2\r\n"),
    one("names keep their case", "9110 5.1", get("x-lower: b", "X-UPPER: c"), "x-lower: b\r\nX-UPPER: c\r\n"),
    one("name in another case is the same field", "9110 5.1", post("content-LENGTH: 3", body="abc"),
        "\r\n\r\nabc"),
    one("chunked body", "9112 7.1", chunked("3\r\nabc\r\n0\r\n\r\n"), "3\r\nabc\r\n0\r\n\r\n"),
    Case("pipelining of 100 requests", "9112 9.3.2",
         "".join(get(target=f"/{i}") for i in range(100)),
         Expect(["200"] * 100, requests=100, check=in_order),
         methods=["GET"] * 100),
    Case("pipelining of bodies", "9112 9.3.2", post("Content-Length: 3", body="abc") +
         chunked("2\r\nde\r\n0\r\n\r\n") + get(),
         Expect(["200"] * 3, check=lambda outcome: None if [request.body for request in outcome.requests] ==
                [b"abc", b"de", b""] else "wrong bodies")),
    Case("request byte by byte", "9112 2.2", in_pieces(chunked("3;x\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")),
         served(request_body=b"abc", reached=[b"X-T: 1\r\n"])),
    Case("head in two pieces with a gap", "9112 2.2", ["GET / HT", Pause(0.2), "TP/1.1\r\nHost: a\r\n\r\n"],
         served()),
    Case("HTTP/1.0 without Host", "9112 3.2", "GET / HTTP/1.0\r\n\r\n",
         Expect(["200"], closed=True, requests=1, reasons=["-"])),
    Case("HTTP/1.0 closes", "9112 9.3", "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
         Expect(["200"], closed=True, requests=1, reasons=["-"])),
    Case("HTTP/1.0 with keep-alive", "9112 9.3",
         "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
         served(received=[b"Connection: keep-alive\r\n"])),
    Case("HTTP/1.0 with a body", "1945 7.2", "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
         Expect(["200"], closed=True, requests=1, request_body=b"abc")),
    Case("half-close behind a whole request", "9112 9.6", [get(), HALF_CLOSE],
         Expect(["200"], closed=True, requests=1, reasons=["-"])),
    Case("body of 2 MB", "9110 6.4", get(f"Content-Length: {len(BIG)}", method="POST") + BIG,
         served(check=lambda outcome: None if len(outcome.requests[0].body) == len(BIG) else "not whole")),
    Case("chunked body of 2 MB", "9112 7.1", chunked(f"{len(BIG):x}\r\n{BIG}\r\n0\r\n\r\n"),
         served(check=lambda outcome: None if len(outcome.requests[0].body) == len(BIG) else "not whole")),
    # Once announced "Connection: close" because the answer began before the request's last byte: every upload
    # to an origin that answers while it reads cost a connection.
    Case("2 MB both ways at once", "9110 6.4", get(f"Content-Length: {len(BIG)}", method="POST") + BIG,
         Expect(["200"], requests=1,
                check=lambda outcome: None if len(outcome.answers[0].body) == len(BIG) and
                len(outcome.requests[0].body) == len(BIG) else "not whole"),
         origin=[[answer(f"Content-Length: {len(BIG)}"), lambda c: c.send_while_reading(BIG.encode())]]),
]

from case import Case, bad_answer, get, served

TITLE = "Response head"

def bad(name, data, reason="bad_response_field", section="9112 5", **more):
    """A script that goes on: the connection would serve again, were it used again."""
    data = data if isinstance(data, bytes) else data.encode("latin-1")
    return Case(name, section, get(), bad_answer(reason, not_received=[b"evil"]), origin=[[data]], **more)


def start(line):
    return f"{line}\r\nContent-Length: 3\r\n\r\nabc"


def field(text):
    return f"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n{text}\r\n\r\nabc"


LINE = "bad_response"
CASES = [
    bad("rubbish instead of a status line", "what is this?\r\n\r\n", LINE, "9112 4"),
    bad("a greeting of another protocol", "220 mail.example ESMTP\r\n", LINE, "9112 4"),
    bad("body without a head (HTTP/0.9)", "<html>evil</html>\r\n\r\n", LINE, "9112 4"),
    bad("version HTTP/2.0 in an answer", start("HTTP/2.0 200 OK"), LINE, "9112 2.3"),
    bad("version HTTP/1.2 in an answer", start("HTTP/1.2 200 OK"), LINE, "9112 2.3"),
    bad("ICY 200 OK", start("ICY 200 OK"), LINE, "9112 4"),
    bad("status of two digits", start("HTTP/1.1 20 OK"), LINE, "9112 4"),
    bad("status of four digits", start("HTTP/1.1 2000 OK"), LINE, "9112 4"),
    bad("status 099", start("HTTP/1.1 099 Low"), LINE, "9110 15"),
    bad("status 600", start("HTTP/1.1 600 High"), LINE, "9110 15"),
    bad("status with a letter", start("HTTP/1.1 2o0 OK"), LINE, "9112 4"),
    bad("two spaces before the status", start("HTTP/1.1  200 OK"), LINE, "9112 4"),
    bad("tab before the status", start("HTTP/1.1\t200 OK"), LINE, "9112 4"),
    bad("empty line before the status line", "\r\n" + start("HTTP/1.1 200 OK"), LINE, "9112 4"),
    bad("NUL in the reason", start("HTTP/1.1 200 O\0K"), section="9110 5.5"),
    bad("CR in the reason", start("HTTP/1.1 200 OK\rX: evil"), section="9112 2.2"),
    bad("lines that end with LF", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", section="9112 2.2"),
    bad("one line that ends with LF", field("X: b\nY: evil"), section="9112 2.2"),
    bad("field smuggled behind a CR of an origin", field("X: b\rSet-Cookie: evil=1"), section="9112 2.2"),
    bad("NUL in a value of an origin", field("X: b\0c"), section="9110 5.5"),
    bad("control byte in a value of an origin", field("X: b\x01c"), section="9110 5.5"),
    bad("folded value of an origin", field("X: b\r\n evil"), section="9112 5.2"),
    bad("space before the colon of an origin", field("X : evil"), section="9112 5.1"),
    bad("name with a space of an origin", field("X Y: evil"), section="9110 5.1"),
    bad("line without a colon of an origin", field("evil"), section="9112 5"),
    bad("field without a name of an origin", field(": evil"), section="9110 5.1"),
    bad("Connection names Content-Length in an answer", field("Connection: Content-Length"),
        "bad_response_framing", "9110 7.6.1"),
    bad("head of 70,000 bytes", field("X: " + "evil" * 17_500), "response_head_too_large", "9110 5.4"),
    bad("600 fields", field("\r\n".join(f"X{i}: b" for i in range(600))), "response_head_too_large",
        "9110 5.4"),
    Case("answer without a reason phrase", "9112 4", get(),
         served(body=b"abc"), origin=[[start("HTTP/1.1 200 ").encode()]]),
    Case("answer without the space behind the status", "9112 4", get(),
         served(body=b"abc"), origin=[[start("HTTP/1.1 200").encode()]]),
]

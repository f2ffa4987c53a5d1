from case import Case, get, refused, served, shows_request_field

TITLE = "Request fields"
START = "GET / HTTP/1.1\r\nHost: a\r\n"


def host(value):
    return f"GET / HTTP/1.1\r\nHost: {value}\r\n\r\n"


def host_is(value):
    return served(reached=[f"Host: {value}\r\n".encode()])


CASES = [
    Case("space before the colon", "9112 5.1", START + "X : b\r\n\r\n", refused(400, "space_before_colon")),
    Case("tab before the colon", "9112 5.1", START + "X\t: b\r\n\r\n", refused(400, "space_before_colon")),
    Case("space before the colon of Transfer-Encoding", "9112 5.1",
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
         refused(400, "space_before_colon")),
    Case("folded value", "9112 5.2", START + "X: b\r\n c\r\n\r\n", refused(400, "obsolete_folding")),
    Case("folded Transfer-Encoding", "9112 5.2", START + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
         refused(400, "obsolete_folding")),
    Case("blank in front of the first field", "9112 2.2", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
         refused(400, "obsolete_folding")),
    Case("line of blanks only", "9112 5.2", START + " \r\nX: b\r\n\r\n", refused(400, "obsolete_folding")),
    Case("field without a colon", "9112 5", START + "nonsense\r\n\r\n", refused(400, "missing_colon")),
    Case("field without a name", "9110 5.1", START + ": b\r\n\r\n", refused(400, "bad_field_name")),
    Case("name with a space", "9110 5.1", START + "X Y: b\r\n\r\n", refused(400, "bad_field_name")),
    Case("name with a bracket", "9110 5.1", START + "X(Y: b\r\n\r\n", refused(400, "bad_field_name")),
    Case("name with a byte above 0x7f", "9110 5.1", START + "X\xe9: b\r\n\r\n",
         refused(400, "bad_field_name")),
    Case("name with NUL", "9110 5.1", START + "X\0: b\r\n\r\n", refused(400, "nul_byte")),
    Case("VT in front of a name", "9110 5.1", START + "\x0bTransfer-Encoding: chunked\r\n\r\n",
         refused(400, "bad_field_name")),
    Case("field line ends with LF", "9112 2.2", START + "X: b\nY: c\r\n\r\n", refused(400, "bare_line_feed")),
    Case("head ends with LF LF", "9112 2.2", START + "X: b\n\n", refused(400, "bare_line_feed")),
    Case("head ends with CR LF LF", "9112 2.2", START + "\n", refused(400, "bare_line_feed")),
    Case("CR inside a value", "9112 2.2", START + "X: b\rc\r\n\r\n", refused(400, "bare_carriage_return")),
    Case("CR CR LF at a field's end", "9112 2.2", START + "X: b\r\r\n\r\n",
         refused(400, "bare_carriage_return")),
    Case("field smuggled behind a CR", "9112 2.2", START + "X: b\rTransfer-Encoding: chunked\r\n\r\n",
         refused(400, "bare_carriage_return")),
    Case("NUL inside a value", "9110 5.5", START + "X: b\0c\r\n\r\n", refused(400, "nul_byte")),
    Case("control byte inside a value", "9110 5.5", START + "X: b\x01c\r\n\r\n",
         refused(400, "bad_field_value")),
    Case("DEL inside a value", "9110 5.5", START + "X: b\x7fc\r\n\r\n", refused(400, "bad_field_value")),
    Case("no Host in HTTP/1.1", "9112 3.2", "GET / HTTP/1.1\r\n\r\n", refused(400, "host_missing")),
    Case("two Hosts that differ", "9112 3.2", START + "Host: b\r\n\r\n", refused(400, "host_duplicate")),
    Case("two equal Hosts", "9112 3.2", START + "Host: a\r\n\r\n", refused(400, "host_duplicate")),
    Case("Host with a space", "9110 7.2", host("a b"), refused(400, "host_invalid")),
    Case("Host with a path", "9110 7.2", host("a/b"), refused(400, "host_invalid")),
    Case("Host with userinfo", "9110 7.2", host("u@a"), refused(400, "host_invalid")),
    Case("Host with a list", "9110 7.2", host("a,b"), refused(400, "host_invalid")),
    Case("Host with a letter in the port", "9110 7.2", host("a:8o"), refused(400, "host_invalid")),
    Case("Host with port 65536", "9110 7.2", host("a:65536"), refused(400, "host_invalid")),
    Case("Host with two colons", "9110 7.2", host("a:80:80"), refused(400, "host_invalid")),
    Case("Host with an open bracket", "9110 7.2", host("[::1"), refused(400, "host_invalid")),
    Case("Host with a broken IPv6 address", "9110 7.2", host("[::1::]"), refused(400, "host_invalid")),
    Case("Host with an IPv6 zone", "9110 7.2", host("[fe80::1%25eth0]"), refused(400, "host_invalid")),
    Case("Host unlike the absolute target", "9112 3.2.2", "GET http://one/ HTTP/1.1\r\nHost: two\r\n\r\n",
         refused(400, "host_mismatch")),
    Case("Host with another port than the absolute target", "9112 3.2.2",
         "GET http://a:81/ HTTP/1.1\r\nHost: a:82\r\n\r\n", refused(400, "host_mismatch")),
    Case("Host equal to the absolute target but for case and port 80", "9112 3.2.2",
         "GET http://Example.COM/x HTTP/1.1\r\nHost: example.com:80\r\n\r\n",
         served(reached=[b"GET /x HTTP/1.1\r\n"]), show=shows_request_field("Host")),
    Case("empty Host", "9112 3.2", host(""), served()),
    Case("IPv6 Host with port", "9110 7.2", host("[2001:db8::1]:8080"), host_is("[2001:db8::1]:8080")),
    Case("Host with an underscore", "9110 7.2", host("a_b.example"), host_is("a_b.example")),
    Case("Host with an empty port", "9110 7.2", host("a:"), served()),
    Case("spoofed X-Forwarded-For", "7239 8.1", get("X-Forwarded-For: 203.0.113.9"),
         served(not_reached=[b"203.0.113.9"]), show=shows_request_field("X-Forwarded-For")),
    Case("spoofed X_Forwarded_For", "3875 4.1.18", get("X_Forwarded_For: 203.0.113.9"),
         served(not_reached=[b"203.0.113.9"]), show=shows_request_field("X_Forwarded_For")),
    Case("head above header_bytes", "6585 5", START + "X: " + "b" * 40_000 + "\r\n\r\n",
         refused(431, "head_too_large")),
    Case("200 fields", "6585 5", START + "".join(f"X{i}: b\r\n" for i in range(200)) + "\r\n",
         refused(431, "too_many_fields")),
    Case("nothing behind a refused head is parsed", "9112 9.3",
         START + "Host: b\r\n\r\n" + get(target="/behind"), refused(400, "host_duplicate")),
]

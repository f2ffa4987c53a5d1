from case import Case, Expect, get, served, shows_target

TITLE = "Paths"


def becomes(target, path, name, section="3986 6.2.2"):
    """The origin gets the path in the form it was routed in (docs/routing.md)."""
    return Case(name, section, get(target=target), served(reached=[f"GET {path} HTTP/1.1\r\n".encode()]),
                show=shows_target)


def bad(target, reason, name, section="3986 3.3"):
    """Where the request ends is not in doubt, so the connection stays."""
    return Case(name, section, get(target=target), Expect(["400"], requests=0, reasons=[reason]),
                show=shows_target)


CASES = [
    becomes("/a/./b", "/a/b", "dot segment", "3986 5.2.4"),
    becomes("/a/x/../b", "/a/b", "two dots", "3986 5.2.4"),
    becomes("/a/%2e%2e/b", "/b", "two encoded dots", "3986 6.2.2.3"),
    becomes("/a/x/..", "/a/", "two dots at the end", "3986 5.2.4"),
    becomes("/%61dmin", "/admin", "encoded letter", "3986 6.2.2.2"),
    becomes("/%7euser", "/~user", "encoded tilde", "3986 6.2.2.2"),
    becomes("/%c3%a9", "/%C3%A9", "small hexadecimal digits", "3986 6.2.2.1"),
    becomes("/a//b", "/a/b", "two slashes"),
    becomes("/a%2Fb", "/a%2Fb", "encoded slash"),
    becomes("/a%5Cb", "/a%5Cb", "encoded backslash"),
    becomes("/a%252e%252e/b", "/a%252e%252e/b", "dots encoded twice"),
    becomes("/a%20b", "/a%20b", "encoded space"),
    becomes("/a;x=1/b", "/a;x=1/b", "path parameters"),
    becomes("/a?x=/../%2e&y=%zz", "/a?x=/../%2e&y=%zz", "dots and broken escapes in the query"),
    bad("/../etc/passwd", "path_above_root", "two dots above the root"),
    bad("/a/%2e%2e/%2e%2e/b", "path_above_root", "encoded dots above the root"),
    bad("/a\\..\\b", "path_backslash", "backslash"),
    bad("/a%00b", "path_encoded_nul", "encoded NUL"),
    bad("/a%zz", "path_bad_escape", "escape that is none"),
    bad("/a%2", "path_bad_escape", "escape cut short"),
    bad("/a/..;/b", "path_dot_parameters", "dots with parameters"),
    Case("absolute form with dots", "3986 5.2.4", "GET http://a/x/../b HTTP/1.1\r\nHost: a\r\n\r\n",
         served(reached=[b"GET /b HTTP/1.1\r\n"]), show=shows_target),
]

"""What a URL says by itself, and how it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import AddressRefused, ConfigurationError
from preflight.sources.host import is_allowed
from preflight.sources.url import MAX_URL, AllowedHost, counted_host, file_name, inspect_url, locate, redact
from tests.servers.addresses import LOOPBACK_SPELLINGS

PUBLIC = [
    "https://example.com/dance.mp4",
    "HTTPS://EXAMPLE.COM/dance.mp4",
    "http://example.com",
    "http://example.com?x=1",
    "http://example.com.:8080/a",
    "https://a-b_c.s3.eu-west-1.amazonaws.com/k?X-Amz-Signature=00",
    "https://r3---sn-abc.example.com/v",
    "https://xn--bcher-kva.example/x.png",
    "https://bücher.example/x.png",
    "https://例え.example/x",
    "https://93.184.216.34/x.mp4",
    "https://0x5d.0xb8.0xd822/x.mp4",
    "https://[2606:4700:4700::1111]:8443/x.mp4",
    "https://[::ffff:8.8.8.8]/x",
    "https://example.com/%00/../a b".replace(" ", "%20"),
    "https://example.com/(a)[b]{c}'d\"?<>#frag",
    "https://example.com:/x",
    "https://localhost.example.com/x",
    "https://local.example/x",
    "https://internal.example/x",
]

REFUSED = {
    "empty": ("", "does not begin with http"),
    "path": ("/x.mp4", "does not begin with http"),
    "relative": ("x.mp4", "does not begin with http"),
    "no scheme": ("example.com/x.mp4", "does not begin with http"),
    "protocol-relative": ("//example.com/x", "does not begin with http"),
    "ftp": ("ftp://example.com/x", "does not begin with http"),
    "file": ("file:///etc/passwd", "does not begin with http"),
    "s3": ("s3://bucket/key", "does not begin with http"),
    "data": ("data:image/png;base64,AAAA", "does not begin with http"),
    "one slash": ("https:/example.com/x", "does not begin with http"),
    "no slash": ("https:example.com/x", "does not begin with http"),
    "three slashes": ("https:///x", "no host"),
    "scheme only": ("https://", "no host"),
    "port only": ("https://:80/x", "no host"),
    "user": ("https://user@example.com/x", "user name"),
    "password": ("https://user:pw@example.com/x", "user name"),
    "token": ("https://:pw@example.com/x", "user name"),
    "at twice": ("https://example.com@127.0.0.1@example.com/", "user name"),
    "space": ("https://example.com/a b", "a space"),
    "leading space": (" https://example.com/", "a space"),
    "newline": ("https://example.com/\nx", "a space"),
    "tab in scheme": ("ht\ttps://example.com/", "a space"),
    "no-break space": ("https://example.com/\u00a0", "a space"),
    "line separator": ("https://example.com/\u2028", "a space"),
    "backslash": ("https://example.com\\@127.0.0.1/", "a backslash"),
    "nul": ("https://example.com/\x00", "a control character"),
    "escape": ("https://example.com/\x1b[31m", "a control character"),
    "delete": ("https://example.com/\x7f", "a control character"),
    "c1": ("https://example.com/\x85", "a control character"),
    "surrogate": ("https://example.com/\ud800", "a control character"),
    "long": ("https://example.com/" + "a" * MAX_URL, "longer than 8192"),
    "port 0": ("https://example.com:0/", "port"),
    "port too high": ("https://example.com:65536/", "port"),
    "port huge": ("https://example.com:" + "9" * 500 + "/", "port"),
    "port name": ("https://example.com:http/", "host or port"),
    "port negative": ("https://example.com:-1/", "host or port"),
    "port in other digits": ("https://example.com:８０/", "host or port"),
    "two ports": ("https://example.com:80:80/", "host or port"),
    "bare ipv6": ("https://2606:4700::1111/", "host or port"),
    "open bracket": ("https://[2606:4700::1111/", "host or port"),
    "after bracket": ("https://[2606:4700::1111]x/", "host or port"),
    "ipv4 in brackets": ("https://[8.8.8.8]/", "IPv6"),
    "future in brackets": ("https://[v1.x]/", "IPv6"),
    "scope": ("https://[fe80::1%25eth0]/", "scope"),
    "percent host": ("https://ex%61mple.com/", "percent"),
    "percent address": ("https://%31%32%37.0.0.1/", "percent"),
    "empty label": ("https://example..com/", "not a valid name"),
    "leading dot": ("https://.example.com/", "not a valid name"),
    "two final dots": ("https://example.com../", "not a valid name"),
    "long label": ("https://" + "a" * 64 + ".com/", "not a valid name"),
    "long name": ("https://" + "a." * 150 + "com/", "not a valid name"),
    "comma": ("https://exa,mple.com/", "not a valid name"),
    "pipe": ("https://exa|mple.com/", "not a valid name"),
    "slash lookalike": ("https://example.com\u2100.example/", "not a valid name"),
    "sharp s": ("https://faß.example/", "two ways"),
    "joiner": ("https://a\u200db.example/", "two ways"),
    "unassigned": ("https://\U0001f9ff\U000e0001.example/", "international"),
    "address too long": ("https://1.2.3.4.5/", "IPv4"),
    "address too large": ("https://256.1.1.1/", "IPv4"),
    "address overflow": ("https://4294967296/", "IPv4"),
    "bad octal": ("https://08.0.0.1/", "IPv4"),
    "bad hex": ("https://0x.1/", "IPv4"),
    "name ends in number": ("https://example.1/", "IPv4"),
    "private": ("http://10.1.2.3/x", "its host 10.1.2.3 is a private address"),
    "metadata": ("http://169.254.169.254/latest", "clouds keep their metadata"),
    "metadata as a number": ("http://2852039166/latest", "its host 169.254.169.254 is"),
    "metadata by name": ("http://metadata.google.internal/", "never public"),
    "wire server": ("http://168.63.129.16/", "cloud's own"),
    "single label": ("http://intranet/x", "name of a local network"),
    "local": ("http://printer.local/x", "never public"),
    "internal": ("http://api.internal./x", "never public"),
    "home": ("http://nas.home.arpa/x", "never public"),
    "onion": ("http://abc.onion/x", "never public"),
    "full-width": ("http://１０．1.2.3/x", "its host 10.1.2.3"),
}


@pytest.mark.parametrize("url", PUBLIC)
def test_a_url_of_the_public_web_has_no_problem(url: str) -> None:
    facts = inspect_url(url)

    assert facts.problem is None
    assert facts.scheme in {"http", "https"}


@pytest.mark.parametrize(("url", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_url_that_cannot_be_public_says_why(url: str, reason: str) -> None:
    problem = inspect_url(url).problem

    assert problem is not None
    assert reason in problem
    with pytest.raises(AddressRefused):
        locate(url)


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_every_spelling_of_this_machine_is_a_problem(host: str) -> None:
    assert inspect_url(f"http://{host}/x").problem is not None
    assert inspect_url(f"https://{host}:8443/x?y#z").problem is not None


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://EXAMPLE.com", "example.com", 443, "/"),
        ("http://example.com.:8080/A?b#c", "example.com", 8080, "/A?b"),
        ("http://example.com?x", "example.com", 80, "/?x"),
        ("https://bücher.example/ü?ö=%C3%A4", "xn--bcher-kva.example", 443, "/%C3%BC?%C3%B6=%C3%A4"),
        ("https://134744072/%2F%7e~", "8.8.8.8", 443, "/%2F%7e~"),
        ("https://[2606:4700:0:0:0:0:0:1111]:8443/", "2606:4700::1111", 8443, "/"),
    ],
)
def test_a_url_leads_to_one_host_in_one_spelling(url: str, host: str, port: int, path: str) -> None:
    target = locate(url)

    assert (target.host, target.port, target.path) == (host, port, path)
    assert locate(target.url) == target


def test_an_allowed_host_may_be_private_and_nothing_else() -> None:
    allow = [AllowedHost.parse("127.0.0.1:8000"), AllowedHost.parse("sandbox.local")]

    assert inspect_url("http://127.0.0.1:8000/x", allow=allow).problem is None
    assert inspect_url("http://127.1:8000/x", allow=allow).problem is None
    assert inspect_url("http://sandbox.local:9/x", allow=allow).problem is None
    assert inspect_url("http://127.0.0.1:8001/x", allow=allow).problem is not None
    assert inspect_url("http://user@127.0.0.1:8000/x", allow=allow).problem is not None
    assert inspect_url("ftp://127.0.0.1:8000/x", allow=allow).problem is not None


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        ("127.1", "127.0.0.1", None),
        ("[::1]:8000", "::1", 8000),
        ("[0:0::1]", "::1", None),
        ("LocalHost", "localhost", None),
        ("sandbox:80", "sandbox", 80),
        ("bücher.example.", "xn--bcher-kva.example", None),
    ],
)
def test_an_allowed_host_is_a_host_with_or_without_a_port(text: str, host: str, port: int | None) -> None:
    allowed = AllowedHost.parse(text)

    assert allowed.allows(host, port or 12345)
    assert allowed.allows(host, 1) is (port is None)
    assert not allowed.allows("other." + host, port or 1)
    for allow in ((allowed,), frozenset([allowed, AllowedHost("elsewhere.example")])):
        assert is_allowed(host, port or 12345, allow)
        assert is_allowed(host, 1, allow) is (port is None)
        assert not is_allowed("other." + host, port or 1, allow)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":80",
        "http://127.0.0.1",
        "127.0.0.1/x",
        "a b",
        "host:0",
        "host:65536",
        "host:x",
        "::1",
        "user@host",
        "h:1:2",
    ],
)
def test_what_is_no_host_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not HOST or HOST:PORT"):
        AllowedHost.parse(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/a/b.mp4", "https://example.com/a/b.mp4"),
        ("https://example.com/b.mp4?X-Amz-Signature=secret#secret", "https://example.com/b.mp4?…"),
        ("https://example.com/b.mp4#secret?secret", "https://example.com/b.mp4"),
        ("https://user:secret@example.com:8080/b", "https://example.com:8080/b"),
        ("https://user:s@secret@example.com/b", "https://example.com/b"),
        ("https://user:sec/ret@example.com/b", "https://…"),
        ("https://user:sec?ret@example.com/b", "https://…?…"),
        ("https://user:sec#ret@example.com/b", "https://…"),
        ("  https:\\\\user:secret@example.com/b", "https:\\\\example.com/b"),
        ("https:user:secret@example.com", "https:example.com"),
        ("ftp://user:secret@example.com/b", "ftp://example.com/b"),
        ("user:secret@example.com", "…@example.com"),
        ("https://[::1]:80/x", "https://[::1]:80/x"),
        ("https://example.com/@user/x", "https://example.com/@user/x"),
        ("https://example.com/\x1b[31m\u202e\n", "https://example.com/\\x1b[31m\\u202e\\n"),
        ("", ""),
        ("x.mp4", "x.mp4"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_a_long_url_is_shown_with_its_beginning_and_its_end() -> None:
    shown = redact("https://example.com/" + "a" * 5000 + "/dance.mp4")

    assert len(shown) <= 300
    assert shown.startswith("https://example.com/aaa")
    assert shown.endswith("aaa/dance.mp4")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/a/dance.mp4?x=/y.mov", "dance.mp4"),
        ("https://example.com/a%20b%2Fc%20d.mp4", "c_d.mp4"),
        ("https://example.com/%E8%88%9E.mp4", "舞.mp4"),
        ("https://example.com/$(rm -rf ~);`x`.mp4", "_rm_-rf_x_.mp4"),
        ("https://example.com/-rf", "rf"),
        ("https://example.com/..", "file"),
        ("https://example.com/%2e%2e%2f.hidden", "hidden"),
        ("https://example.com/a%00b%1b.mp4", "a_b_.mp4"),
        ("https://example.com/%ff.mp4", "_.mp4"),
        ("https://example.com/", "file"),
        ("https://example.com", "file"),
        ("", "file"),
    ],
)
def test_the_name_of_a_file_can_be_pasted_into_a_shell(url: str, name: str) -> None:
    assert file_name(url) == name


def test_a_long_name_keeps_its_end() -> None:
    name = file_name("https://example.com/" + "a" * 500 + ".mp4")

    assert len(name) == 100
    assert name.endswith("a.mp4")


@given(st.text(max_size=80) | st.text(alphabet="htps:/@[]%.?#\\0x1-\u3002", max_size=40).map("http://".__add__))
def test_no_text_makes_anything_raise(text: str) -> None:
    facts = inspect_url(text)
    shown, name = redact(text), file_name(text)

    assert len(shown) <= 300
    assert shown.isprintable()
    assert len(facts.host) <= 300
    assert name
    assert not name.startswith(("-", "."))


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="@/?#\\ "), min_size=12, max_size=12))
def test_a_password_is_never_shown(secret: str) -> None:
    assert secret not in redact(f"https://user:{secret}@example.com/x")


@pytest.mark.parametrize(
    ("url", "host", "with_port"),
    [
        ("http://bücher.example/a.png", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://BÜCHER.example./a.png", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://bücher\u3002example:80/a b.png", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://XN--BCHER-KVA.example:80", "xn--bcher-kva.example", "xn--bcher-kva.example:80"),
        ("http://0x7f.1/a.png", "127.0.0.1", "127.0.0.1"),
        ("http://[0:0::1]:81/a.png", "::1", "[::1]:81"),
        ("http://…@e.com/a.png", "e.com", "e.com"),
        ("s3://bucket/a.png", "bucket", "bucket"),
        (f"http://{'x' * 64}.example/a.png", "?", "?"),
        ("http://a..example/a.png", "?", "?"),
        ("http://[::1/a.png", "?", "?"),
        ("http://ex\uff0fample.com/a.png", "?", "?"),
        ("http:///a.png", "?", "?"),
    ],
)
def test_a_host_has_one_name_however_it_is_written(url: str, host: str, with_port: str) -> None:
    assert (counted_host(url), counted_host(url, with_port=True)) == (host, with_port)

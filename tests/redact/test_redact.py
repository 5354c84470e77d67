"""Text from outside is stored and shown without what is secret: by value, in every spelling, and by shape."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preflight.redact import Secrets, by_shape, hide, hide_bytes, one_line, redact, remember, shown_path

KEY = 'sk-Ab3/Key+of"this\\run~=9'


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as-it-is": str,
    "capitals": str.upper,
    "lower-case": str.lower,
    "percent": lambda text: quote(text, safe=""),
    "percent-twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent-lower-case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "json": json.dumps,
    "json-in-json": lambda text: json.dumps(json.dumps(text)),
    "json-slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "json-units": lambda text: "".join(f"\\u{ord(char):04X}" for char in text),
    "json-in-a-query": lambda text: quote(json.dumps(text), safe=""),
    "repr": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "html": html.escape,
    "html-numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "html-hexadecimal": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal-capitals": lambda text: text.encode().hex().upper(),
    "base64": encoded,
    "base64-after-one": lambda text: encoded("u" + text),
    "base64-after-two": lambda text: encoded("u:" + text),
    "base64-amid": lambda text: encoded(f"user:{text}@host"),
    "base64-url": lambda text: base64.urlsafe_b64encode(f"u?:{text}>?".encode()).decode().rstrip("="),
    "base64-in-a-query": lambda text: quote(encoded(text), safe=""),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_known_secret_is_found_in_every_spelling(spelling: str) -> None:
    said = f"before {SPELLINGS[spelling](KEY)} after"
    hidden = Secrets([KEY]).hide(said)
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert len(hidden) <= len("before  after") + 12, hidden  # quotes of JSON around it stay


@pytest.mark.parametrize("secret", ["пароль-ключ", "密码密码密码密码", "pass\u00e9word"])
def test_a_secret_outside_ascii_is_found_too(secret: str) -> None:
    for spelling in (str, quote, encoded, json.dumps):
        assert Secrets([secret]).hide(f"x {spelling(secret)} y").replace('"', "") == "x … y"


PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)


@given(st.text(min_size=6, max_size=40, alphabet=PRINTABLE), st.sampled_from(sorted(SPELLINGS)))
def test_no_spelling_of_any_secret_comes_through(secret: str, spelling: str) -> None:
    written = SPELLINGS[spelling](secret)
    assert written not in Secrets([secret]).hide(f"({written})")


@given(st.text(max_size=200))
def test_a_text_without_the_secret_is_left_alone(text: str) -> None:
    assert Secrets(["0123456789abcdef"]).hide(text) == text


def test_what_is_too_short_to_be_told_from_a_word_is_not_looked_for() -> None:
    assert Secrets(["to", "share"]).hide("to share") == "to share"
    assert not Secrets(["share"])


def test_secrets_are_never_in_a_repr() -> None:
    assert KEY not in repr(Secrets([KEY]))
    assert "1" in repr(Secrets([KEY]))


def test_a_body_is_hidden_byte_for_byte() -> None:
    body = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
    assert json.loads(hide_bytes(body, Secrets([KEY]))) == {"error": {"message": "bad key sk-…"}}


def test_a_signed_url_gives_what_is_secret_in_it() -> None:
    url = "https://us3r:passw0rd@h.example/a;jsessionid=SESSION/b?X-Amz-Signature=0badc0ffee&w=400#fragment-secret"
    secrets = Secrets.of_url(url)
    for secret in ("passw0rd", "SESSION", "0badc0ffee", "0BADC0FFEE", "fragment-secret"):
        assert secrets.hide(f'etag "{secret}"') == 'etag "…"'
    assert secrets.hide("h.example/a/b 400") == "h.example/a/b 400"


def test_what_is_remembered_is_hidden_everywhere() -> None:
    secret = "remembered-by-this-test"
    remember(secret)
    assert redact(f"x {secret.upper()}") == "x …"
    assert hide(f"x\n{encoded(secret)}") == "x\n…"
    assert one_line(f"x {secret}") == "x …"
    assert shown_path(f"out/{secret}.png") == "out/….png"


SHAPES = {
    "query": ("see https://h.example/a?sig=S3CRET, twice", "see https://h.example/a?…, twice"),
    "query-in-quotes": ("cannot load 'https://h.example/a?p='S3CRET'&x=1'.", "cannot load 'https://h.example/a?…'."),
    "path-parameter": ("https://h.example/a;jsessionid=S3CRET/b.png", "https://h.example/a;…/b.png"),
    "path-parameter-alone": ("moved to /a;jsessionid=S3CRET?x", "moved to /a;jsessionid=…?x"),
    "path-parameter-of-any-name": ("https://h.example/a;v=S3CRET", "https://h.example/a;…"),
    "query-alone": ("GET /a?token=S3CRET HTTP/1.1", "GET /a?… HTTP/1.1"),
    "user": ("https://user:S3CRET@h.example/x", "https://h.example/x"),
    "user-alone": ("no route to user:S3CRET@proxy.example:8080", "no route to …@proxy.example:8080"),
    "proxy": ("socks5://user:S3CRET@proxy.example:1080", "socks5://proxy.example:1080"),
    "bearer": ("authorization: Bearer S3CRETS3CRET", "authorization: Bearer …"),
    "basic": ("Basic dXNlcjpTM0NSRVQ=", "Basic …"),
    "token": ("it was eyJhbGciOiJI.eyJleHAiOjE3.S3CRET", "it was …"),
    "key": ("Incorrect API key provided: sk-proj-S3CRETS3CRETS3CRET.", "Incorrect API key provided: sk-…."),
    "key-in-capitals": ("SK-PROJ-S3CRETS3CRETS3CRET", "SK-…"),
    "signature": ("X-Amz-Signature=S3CRET", "X-Amz-Signature=…"),
    "signature-in-a-list": ("a=1&sig=S3CRET&b=2", "a=1&sig=…&b=2"),
    "json": ('{"password": "S3CRET", "b": 1}', '{"password": "…", "b": 1}'),
    "variable": ("AWS_SECRET_ACCESS_KEY=S3CRET", "AWS_SECRET_ACCESS_KEY=…"),
    "variable-in-quotes": ("export GITHUB_TOKEN='S3CRET'", "export GITHUB_TOKEN='…'"),
    "connection-string": ("AccountName=a;AccountKey=S3CRET/+8=;x=y", "AccountName=a;AccountKey=…;x=y"),
    "header": ("X-Api-Key: S3CRETS3CRET", "X-Api-Key: …"),
    "json-with-a-prefix": ('{"db_password": "S3CRET"}', '{"db_password": "…"}'),
    "toml": ("secret = 'S3CRET'", "secret = '…'"),
    "bunny": ("https://h.example/bcdn_token=S3CRET&expires=1/a.mp4", "https://h.example/bcdn_token=…/a.mp4"),
    "akamai": ("https://h.example/hdnts=exp=1~hmac=S3CRET/a.mp4", "https://h.example/hdnts=…/a.mp4"),
    "akamai-with-a-slash": (
        "https://h.example/hdnts=exp=1~acl=/*~hmac=5ec4e7/a.mp4",
        "https://h.example/hdnts=…/a.mp4",
    ),
    "cdn-type-b": (
        f"https://h.example/202601010800/{16 * '5e'}/a.mp4",
        "https://h.example/202601010800/…/a.mp4",
    ),
    "cdn-type-c": (f"https://h.example/{16 * '5e'}/6955b900/a.mp4", "https://h.example/…/6955b900/a.mp4"),
    "cloudinary": ("https://h.example/i/s--S3CRETS3--/w_4/a.png", "https://h.example/i/s--…/w_4/a.png"),
    "telegram": ("https://h.example/file/bot12345:S3CRETS3CRETS3CRETS/a", "https://h.example/file/bot12345:…/a"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_secret_is_known_by_its_shape(case: str) -> None:
    text, shown = SHAPES[case]
    assert hide(text) == shown
    assert redact(text) == shown


HARMLESS = [
    "expected a value at [/data/0]",
    "invalid signature: expected 3 parts",
    "bearer authentication is required",
    "text/html;charset=utf-8",
    "write to support@service.example",
    "hero@2x.png",
    "a?b.png",
    "sk-learn-and-friends.png",
    "the task-0123456789abcdef0123 failed",
    "12:30 to 13:30 @ home",
    "ratio 16:9; 3 < 4 & 5 > 4 # 6",
    "token: a string is expected",
    "input.auth-token: a string is expected",
    "file_md5=0123456789 primary_key=3",
    "100% of 25%, C:\\new\\users",
    "https://h.example/a/b.png",
    "",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_is_shown(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("name", ["hero@2x.png", "a?b.png", "out/a:b@2x;v=1?c=d#e.png", "v1.2/100%.png", "舞 1.png"])
def test_the_name_of_a_local_file_is_shown_whole(name: str) -> None:
    assert shown_path(name) == name


def test_a_name_stays_on_one_line() -> None:
    assert shown_path("a\n\x1b[31m\u202e.png") == "a\\n\\x1b[31m\\u202e.png"


def test_a_service_is_quoted_in_one_line_of_bounded_length() -> None:
    assert one_line("a\n\tb\x1b[0m  c\u202e") == "a b [0m c"
    assert one_line(3) == ""
    assert len(one_line("x " * 10_000)) == 500
    assert one_line("y " * 2000 + KEY, secrets=Secrets([KEY]), longest=10_000).endswith("y sk-…")


def test_a_secret_at_the_cut_is_not_shown_by_half() -> None:
    secret = "0123456789" * 4
    for length in range(440, 500):
        assert "0123" not in one_line("z" * length + f" {secret}", secrets=Secrets([secret]))
        assert "0123" not in redact("z" * (length - 340) + f" {secret}" + "z" * 200, Secrets([secret]))


@given(st.text(alphabet="a:/?#=&;@.%\\'\" \n", max_size=60) | st.text(max_size=60))
@example(";:\n@a")  # a line break parts it, its escape does not
@example("https://='\n;sid=/")
@example("https://user:pw@\\secret…:")
@example("#token=abc https://?? ")
def test_no_text_makes_it_raise_and_twice_is_the_same_as_once(text: str) -> None:
    once = redact(text)
    assert len(once) <= 300
    assert once.isprintable()
    assert redact(once) == once


HARD = [
    "a",
    "a:",
    "://",
    "?a=",
    "x=1&",
    "sig=",
    ";sid=",
    "bearer ",
    "eyJ",
    "sk-",
    "a.b@c:",
    "a_",
    "a_token",
    "a-key=",
    "%25",
    "\\",
    "&amp;",
    "&",
]


@pytest.mark.parametrize("word", HARD)
def test_the_cost_of_hiding_grows_with_the_text_and_no_faster(word: str) -> None:
    """A quarter of a mebibyte of what the patterns begin with: a quadratic one would take an hour."""
    hide(word * ((1 << 18) // len(word)), Secrets([KEY]))


OF_SECRETS = """https:// example.com sid bearer BAſIC basic eyJabcdef. abcdef ghp_ sk- ſk- sK- AKIA token ſig password
 jsessionid 0123456789abcdef s-- -- bot1234:"""
PIECES = st.sampled_from(sorted({*"?#;:@= \"'/\\-_.,aKkſıİ19"} | {*OF_SECRETS.split()}))


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_pattern_is_only_left_out_where_it_finds_nothing(text: str) -> None:
    found = text
    for _, pattern, put in by_shape._shapes():
        found = pattern.sub(put, found)
    assert by_shape.hide_shapes(text) == found

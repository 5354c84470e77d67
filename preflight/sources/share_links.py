"""Recognises share links, which lead to a page about a file instead of to the file.

A service that downloads such a link gets HTML. Where the same file has an address of its own that can be told from the
link, it is given: with the parameters it needs, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import parse_qs, urlencode

from preflight.model.named_tuple import NamedTuple

# Compiled where they are used: most URLs are of none of these services, and forty patterns take longer than a request.
_ANY = "/"
_BLOB = r"/[^/]+/[^/]+/blob/[^/]+/[^/](?!.*[?&]raw=(?:1|true))"
_NO_MEDIA_FILE = r"(?i)/(?![^?]*\.(?:jpe?g|png|gif|webp|mp4|mov|webm)(?:\?|$))"


class _Link(NamedTuple):
    """A URL whose host is known to belong to the service. ``path`` is as written; ``query`` holds first values."""

    host: str
    path: str
    query: dict[str, str]

    def at(self, path: str, *needed: str, host: str | None = None, **added: str) -> str:
        """An https URL at ``path`` with the parameters ``needed`` from this one, where it has them, and those added."""
        query = {name: self.query[name] for name in needed if name in self.query} | added
        return f"https://{host or self.host}{path}" + (f"?{urlencode(query)}" if query else "")


_Direct: TypeAlias = Callable[[_Link], str | None]


def share_link(host: str, target: str) -> tuple[str | None, str | None]:
    """The service behind a share link and the file's own URL, if the link tells it; ``(None, None)`` for other URLs.

    ``target`` is path and query. A link that already is the file's own is not a share link.
    """
    for service, page, direct in _services_at(host):
        if re.match(page, target):
            path, _, query = target.partition("?")
            values = {name: first for name, (first, *_) in parse_qs(query, errors="replace").items()}
            return service, direct(_Link(host, path, values))
    return None, None


@lru_cache(maxsize=256)
def _services_at(host: str) -> tuple[tuple[str, str, _Direct], ...]:
    """The services that ``host`` may belong to: the same for most rows of a manifest."""
    return tuple(
        (service, page, direct)
        for service, domains, page, direct in _SERVICES
        if any(_is_at(domain, host) for domain in domains)
    )


def _is_at(domain: str, host: str) -> bool:
    """Whether ``host`` is ``domain``, with ``www.`` or ``m.`` before it or not; ``*`` is any label, or any host."""
    if domain.startswith("*."):
        return host.partition(".")[2] == domain[2:]
    return domain == "*" or host in (domain, f"www.{domain}", f"m.{domain}")


def _none(_: _Link) -> str | None:
    return None


def _google_drive(link: _Link) -> str | None:
    match = re.match(r"/file/(?:u/\d+/)?d/([\w-]+)", link.path, re.ASCII)
    identity = match[1] if match else link.query.get("id", "")
    if not re.fullmatch(r"[\w-]+", identity, re.ASCII):
        return None
    return link.at("/uc", "resourcekey", host="drive.google.com", export="download", id=identity)


def _dropbox(link: _Link) -> str | None:
    if not re.match(r"/(?:s|scl/fi)/[^/]+/[^/]+", link.path):
        return None
    return link.at(link.path, "rlkey", dl="1")


def _sharepoint(link: _Link) -> str:
    return link.at(link.path, download="1")


def _github(link: _Link) -> str:
    owner, repository, _, rest = link.path.lstrip("/").split("/", 3)
    return link.at(f"/{owner}/{repository}/{rest}", host="raw.githubusercontent.com")


def _swap(page: str, file: str) -> _Direct:
    """For services that serve page and file under the same path but for one segment."""
    return lambda link: link.at(link.path.replace(f"/{page}/", f"/{file}/", 1))


# Service, domains, path and query of a page (not of a file), the file's own URL (None: it cannot be told).
_SERVICES: tuple[tuple[str, tuple[str, ...], str, _Direct], ...] = (
    ("Google Drive", ("drive.google.com",), r"/(?!uc\?(?:.*&)?export=download)", _google_drive),
    ("Google Docs", ("docs.google.com",), r"/(?!uc\?)", _none),
    ("Google Photos", ("photos.google.com", "photos.app.goo.gl"), _ANY, _none),
    ("Dropbox", ("dropbox.com",), r"/(?!.*[?&](?:dl|raw)=1)", _dropbox),
    ("OneDrive", ("1drv.ms", "onedrive.live.com"), _ANY, _none),
    (
        "SharePoint",
        ("*.sharepoint.com",),
        r"/:[viux]:/(?!.*[?&]download=1)",
        _sharepoint,
    ),
    ("iCloud", ("icloud.com", "share.icloud.com"), _ANY, _none),
    ("WeTransfer", ("wetransfer.com", "we.tl"), _ANY, _none),
    ("Box", ("box.com", "*.box.com", "app.box.com", "*.app.box.com"), r"/(?:s|file|v)/", _none),
    ("pCloud", ("u.pcloud.link", "e.pcloud.link", "u.pcloud.com"), r"/publink/", _none),
    ("Proton Drive", ("drive.proton.me",), _ANY, _none),
    ("Yandex Disk", ("disk.yandex.ru", "disk.yandex.com", "yadi.sk"), r"/(?:d|i|a)/", _none),
    ("SwissTransfer", ("swisstransfer.com",), r"/d/", _none),
    ("Smash", ("fromsmash.com",), _ANY, _none),
    ("Frame.io", ("app.frame.io", "next.frame.io", "f.io"), _ANY, _none),
    ("Canva", ("canva.com",), r"/design/", _none),
    ("MEGA", ("mega.nz", "mega.io", "mega.co.nz"), _ANY, _none),
    ("MediaFire", ("mediafire.com",), r"/(?:file|view|folder)/", _none),
    ("Baidu Netdisk", ("pan.baidu.com", "yun.baidu.com"), _ANY, _none),
    ("Quark", ("pan.quark.cn",), _ANY, _none),
    ("Aliyun Drive", ("aliyundrive.com", "alipan.com"), _ANY, _none),
    ("GitHub", ("github.com",), _BLOB, _github),
    ("Hugging Face", ("huggingface.co",), r"/.+/blob/[^/]+/[^/]", _swap("blob", "resolve")),
    ("Gitee", ("gitee.com",), _BLOB, _swap("blob", "raw")),
    ("GitLab", ("*",), r"/.+/-/blob/[^/]+/[^/]", _swap("-/blob", "-/raw")),
    ("Imgur", ("imgur.com",), _NO_MEDIA_FILE, _none),
    ("Giphy", ("giphy.com",), r"/(?:gifs|clips|stickers)/", _none),
    ("Pinterest", ("pinterest.com", "pin.it"), _ANY, _none),
    ("Flickr", ("flickr.com",), r"/photos/", _none),
    ("Pexels", ("pexels.com",), r"/(?:[a-z]{2}-[a-z]{2}/)?(?:photo|video)/", _none),
    ("Pixabay", ("pixabay.com",), r"/(?:photos|videos|illustrations|vectors|gifs)/", _none),
    ("Unsplash", ("unsplash.com",), r"/photos/[^/?]+/?(?:\?|$)", _none),
    ("YouTube", ("youtube.com", "youtu.be", "music.youtube.com"), _ANY, _none),
    ("Vimeo", ("vimeo.com",), r"/\d+", _none),
    ("TikTok", ("tiktok.com", "vm.tiktok.com", "vt.tiktok.com"), _ANY, _none),
    ("Douyin", ("douyin.com", "v.douyin.com"), _ANY, _none),
    ("Kuaishou", ("kuaishou.com", "v.kuaishou.com"), _ANY, _none),
    ("Xiaohongshu", ("xiaohongshu.com", "xhslink.com"), _ANY, _none),
    ("Bilibili", ("bilibili.com", "b23.tv"), _ANY, _none),
    ("Instagram", ("instagram.com",), _ANY, _none),
    ("Reddit", ("reddit.com", "redd.it"), _ANY, _none),
    ("Telegram", ("t.me",), _ANY, _none),
    ("Facebook", ("facebook.com", "fb.watch"), _ANY, _none),
    ("X", ("x.com", "twitter.com"), _ANY, _none),
    ("Streamable", ("streamable.com",), r"(?a)/\w+(?:\?|$)", _none),
    ("Loom", ("loom.com",), r"/share/", _none),
)

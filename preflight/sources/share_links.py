"""Recognises share links, which lead to a page about a file instead of to the file.

A service that downloads such a link gets HTML. Where the same file has an address of its own that can be told from the
link, it is given: with the parameters it needs, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import parse_qs, urlencode

_ANY = re.compile("/")
_SHAREPOINT = re.compile(r"[\w-]+\.sharepoint\.com", re.ASCII)
_BLOB = re.compile(r"/[^/]+/[^/]+/blob/[^/]+/[^/](?!.*[?&]raw=(?:1|true))")
_NO_MEDIA_FILE = re.compile(r"/(?![^?]*\.(?:jpe?g|png|gif|webp|mp4|mov|webm)(?:\?|$))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Link:
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
        if page.match(target):
            path, _, query = target.partition("?")
            values = {name: first for name, (first, *_) in parse_qs(query, errors="replace").items()}
            return service, direct(_Link(host, path, values))
    return None, None


@lru_cache(maxsize=256)
def _services_at(host: str) -> tuple[tuple[str, re.Pattern[str], _Direct], ...]:
    """The services that ``host`` may belong to: the same for most rows of a manifest."""
    return tuple((service, page, direct) for service, hosts, page, direct in _SERVICES if hosts.fullmatch(host))


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


def _hosts(*domains: str) -> re.Pattern[str]:
    """These domains, with ``www.`` or ``m.`` before them or not."""
    return re.compile(rf"(?:www\.|m\.)?(?:{'|'.join(map(re.escape, domains))})", re.ASCII)


# Service, hosts, path and query of a page (not of a file), the file's own URL (None: it cannot be told).
_SERVICES: tuple[tuple[str, re.Pattern[str], re.Pattern[str], _Direct], ...] = (
    ("Google Drive", _hosts("drive.google.com"), re.compile(r"/(?!uc\?(?:.*&)?export=download)"), _google_drive),
    ("Google Docs", _hosts("docs.google.com"), re.compile(r"/(?!uc\?)"), _none),
    ("Google Photos", _hosts("photos.google.com", "photos.app.goo.gl"), _ANY, _none),
    ("Dropbox", _hosts("dropbox.com"), re.compile(r"/(?!.*[?&](?:dl|raw)=1)"), _dropbox),
    ("OneDrive", _hosts("1drv.ms", "onedrive.live.com"), _ANY, _none),
    (
        "SharePoint",
        re.compile(r"[\w-]+\.sharepoint\.com", re.ASCII),
        re.compile(r"/:[viux]:/(?!.*[?&]download=1)"),
        _sharepoint,
    ),
    ("iCloud", _hosts("icloud.com", "share.icloud.com"), _ANY, _none),
    ("WeTransfer", _hosts("wetransfer.com", "we.tl"), _ANY, _none),
    ("Box", re.compile(r"(?:[\w-]+\.)?(?:app\.)?box\.com", re.ASCII), re.compile(r"/(?:s|file|v)/"), _none),
    ("pCloud", _hosts("u.pcloud.link", "e.pcloud.link", "u.pcloud.com"), re.compile(r"/publink/"), _none),
    ("Proton Drive", _hosts("drive.proton.me"), _ANY, _none),
    ("Yandex Disk", _hosts("disk.yandex.ru", "disk.yandex.com", "yadi.sk"), re.compile(r"/(?:d|i|a)/"), _none),
    ("SwissTransfer", _hosts("swisstransfer.com"), re.compile(r"/d/"), _none),
    ("Smash", _hosts("fromsmash.com"), _ANY, _none),
    ("Frame.io", _hosts("app.frame.io", "next.frame.io", "f.io"), _ANY, _none),
    ("Canva", _hosts("canva.com"), re.compile(r"/design/"), _none),
    ("MEGA", _hosts("mega.nz", "mega.io", "mega.co.nz"), _ANY, _none),
    ("MediaFire", _hosts("mediafire.com"), re.compile(r"/(?:file|view|folder)/"), _none),
    ("Baidu Netdisk", _hosts("pan.baidu.com", "yun.baidu.com"), _ANY, _none),
    ("Quark", _hosts("pan.quark.cn"), _ANY, _none),
    ("Aliyun Drive", _hosts("aliyundrive.com", "alipan.com"), _ANY, _none),
    ("GitHub", _hosts("github.com"), _BLOB, _github),
    ("Hugging Face", _hosts("huggingface.co"), re.compile(r"/.+/blob/[^/]+/[^/]"), _swap("blob", "resolve")),
    ("Gitee", _hosts("gitee.com"), _BLOB, _swap("blob", "raw")),
    ("GitLab", re.compile(r".*"), re.compile(r"/.+/-/blob/[^/]+/[^/]"), _swap("-/blob", "-/raw")),
    ("Imgur", _hosts("imgur.com"), _NO_MEDIA_FILE, _none),
    ("Giphy", _hosts("giphy.com"), re.compile(r"/(?:gifs|clips|stickers)/"), _none),
    ("Pinterest", _hosts("pinterest.com", "pin.it"), _ANY, _none),
    ("Flickr", _hosts("flickr.com"), re.compile(r"/photos/"), _none),
    ("Pexels", _hosts("pexels.com"), re.compile(r"/(?:[a-z]{2}-[a-z]{2}/)?(?:photo|video)/"), _none),
    ("Pixabay", _hosts("pixabay.com"), re.compile(r"/(?:photos|videos|illustrations|vectors|gifs)/"), _none),
    ("Unsplash", _hosts("unsplash.com"), re.compile(r"/photos/[^/?]+/?(?:\?|$)"), _none),
    ("YouTube", _hosts("youtube.com", "youtu.be", "music.youtube.com"), _ANY, _none),
    ("Vimeo", _hosts("vimeo.com"), re.compile(r"/\d+"), _none),
    ("TikTok", _hosts("tiktok.com", "vm.tiktok.com", "vt.tiktok.com"), _ANY, _none),
    ("Douyin", _hosts("douyin.com", "v.douyin.com"), _ANY, _none),
    ("Kuaishou", _hosts("kuaishou.com", "v.kuaishou.com"), _ANY, _none),
    ("Xiaohongshu", _hosts("xiaohongshu.com", "xhslink.com"), _ANY, _none),
    ("Bilibili", _hosts("bilibili.com", "b23.tv"), _ANY, _none),
    ("Instagram", _hosts("instagram.com"), _ANY, _none),
    ("Reddit", _hosts("reddit.com", "redd.it"), _ANY, _none),
    ("Telegram", _hosts("t.me"), _ANY, _none),
    ("Facebook", _hosts("facebook.com", "fb.watch"), _ANY, _none),
    ("X", _hosts("x.com", "twitter.com"), _ANY, _none),
    ("Streamable", _hosts("streamable.com"), re.compile(r"/\w+(?:\?|$)", re.ASCII), _none),
    ("Loom", _hosts("loom.com"), re.compile(r"/share/"), _none),
)

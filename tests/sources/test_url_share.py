"""Links to pages about files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.sources.share_links import share_link
from preflight.sources.url import inspect_url

WITH_FILE = [
    (
        "Google Drive",
        "https://drive.google.com/file/d/1AbC-d_E/view?usp=sharing",
        "https://drive.google.com/uc?export=download&id=1AbC-d_E",
    ),
    (
        "Google Drive",
        "https://drive.google.com/file/u/0/d/1AbC/edit?resourcekey=0-k&usp=drive_link",
        "https://drive.google.com/uc?resourcekey=0-k&export=download&id=1AbC",
    ),
    (
        "Google Drive",
        "https://drive.google.com/open?id=1AbC&authuser=0",
        "https://drive.google.com/uc?export=download&id=1AbC",
    ),
    (
        "Dropbox",
        "https://www.dropbox.com/s/k3y/dance%20two.mp4?dl=0",
        "https://www.dropbox.com/s/k3y/dance%20two.mp4?dl=1",
    ),
    (
        "Dropbox",
        "https://www.dropbox.com/scl/fi/k3y/dance.mp4?rlkey=r&st=s&e=1&dl=0",
        "https://www.dropbox.com/scl/fi/k3y/dance.mp4?rlkey=r&dl=1",
    ),
    (
        "SharePoint",
        "https://firm-my.sharepoint.com/:v:/g/personal/a_b/Ek3y?e=abc",
        "https://firm-my.sharepoint.com/:v:/g/personal/a_b/Ek3y?download=1",
    ),
    (
        "GitHub",
        "https://github.com/owner/repo/blob/main/clips/dance.mp4?plain=1",
        "https://raw.githubusercontent.com/owner/repo/main/clips/dance.mp4",
    ),
    (
        "GitLab",
        "https://gitlab.com/group/sub/repo/-/blob/main/dance.mp4?ref_type=heads",
        "https://gitlab.com/group/sub/repo/-/raw/main/dance.mp4",
    ),
    (
        "GitLab",
        "https://git.firm.example/g/r/-/blob/v1/x.png",
        "https://git.firm.example/g/r/-/raw/v1/x.png",
    ),
    (
        "Hugging Face",
        "https://huggingface.co/datasets/o/n/blob/main/dance.mp4",
        "https://huggingface.co/datasets/o/n/resolve/main/dance.mp4",
    ),
    ("Gitee", "https://gitee.com/o/r/blob/master/x.png", "https://gitee.com/o/r/raw/master/x.png"),
]

WITHOUT_FILE = [
    ("Box", "https://firm.box.com/s/abc"),
    ("pCloud", "https://u.pcloud.link/publink/show?code=abc"),
    ("Proton Drive", "https://drive.proton.me/urls/ABC#key"),
    ("Yandex Disk", "https://disk.yandex.ru/i/abc"),
    ("SwissTransfer", "https://www.swisstransfer.com/d/abc"),
    ("Smash", "https://fromsmash.com/abc"),
    ("Frame.io", "https://f.io/abc"),
    ("Canva", "https://www.canva.com/design/DAF/view"),
    ("Pexels", "https://www.pexels.com/de-de/video/a-dance-123/"),
    ("Pixabay", "https://pixabay.com/videos/dance-123/"),
    ("Reddit", "https://www.reddit.com/r/dance/comments/abc/"),
    ("Telegram", "https://t.me/c/1/2"),
    ("Google Drive", "https://drive.google.com/drive/folders/1AbC?usp=sharing"),
    ("Google Docs", "https://docs.google.com/document/d/1AbC/edit"),
    ("Google Photos", "https://photos.app.goo.gl/abc"),
    ("Google Photos", "https://photos.google.com/share/abc?key=k"),
    ("Dropbox", "https://www.dropbox.com/sh/abc?dl=0"),
    ("Dropbox", "https://www.dropbox.com/t/abc"),
    ("OneDrive", "https://1drv.ms/v/s!abc"),
    ("OneDrive", "https://onedrive.live.com/?cid=a&id=b"),
    ("iCloud", "https://www.icloud.com/iclouddrive/abc#dance"),
    ("iCloud", "https://share.icloud.com/photos/abc"),
    ("WeTransfer", "https://we.tl/t-abc"),
    ("WeTransfer", "https://wetransfer.com/downloads/a/b"),
    ("Box", "https://app.box.com/s/abc"),
    ("Box", "https://firm.app.box.com/file/1"),
    ("MEGA", "https://mega.nz/file/abc#key"),
    ("Baidu Netdisk", "https://pan.baidu.com/s/1abc?pwd=x"),
    ("Imgur", "https://imgur.com/a/abc"),
    ("Imgur", "https://imgur.com/abc?x=y.png"),
    ("YouTube", "https://www.youtube.com/watch?v=abc"),
    ("YouTube", "https://youtu.be/abc"),
    ("YouTube", "https://m.youtube.com/shorts/abc"),
    ("TikTok", "https://www.tiktok.com/@a/video/1"),
    ("TikTok", "https://vm.tiktok.com/abc/"),
    ("Douyin", "https://v.douyin.com/abc/"),
    ("Bilibili", "https://www.bilibili.com/video/BV1"),
    ("Instagram", "https://www.instagram.com/reel/abc/"),
    ("Vimeo", "https://vimeo.com/12345"),
    ("X", "https://x.com/a/status/1"),
]

NO_SHARE_LINKS = [
    "https://i.redd.it/abc.png",
    "https://firm.box.com/shared/static/abc.mp4",
    "https://images.pexels.com/photos/123/a.jpeg",
    "https://www.pexels.com/download/video/123/",
    "https://files.example/dance.mp4",
    "https://drive.google.com/uc?export=download&id=1AbC",
    "https://drive.google.com/uc?id=1AbC&export=download",
    "https://drive.usercontent.google.com/download?id=1AbC",
    "https://www.dropbox.com/s/k3y/dance.mp4?dl=1",
    "https://www.dropbox.com/scl/fi/k3y/dance.mp4?rlkey=r&raw=1",
    "https://dl.dropboxusercontent.com/s/k3y/dance.mp4",
    "https://firm.sharepoint.com/:v:/g/x/Ek3y?download=1",
    "https://raw.githubusercontent.com/owner/repo/main/dance.mp4",
    "https://github.com/owner/repo/raw/main/dance.mp4",
    "https://github.com/owner/repo/blob/main/dance.mp4?raw=true",
    "https://github.com/owner/repo/releases/download/v1/dance.mp4",
    "https://gitlab.com/g/r/-/raw/main/x.mp4",
    "https://i.imgur.com/abc.png",
    "https://imgur.com/abc.png",
    "https://imgur.com/abc.PNG?1",
    "https://video.twimg.com/abc.mp4",
    "https://notyoutube.com/watch",
    "https://youtube.com.evil.example/watch",
]


@pytest.mark.parametrize(("service", "link", "direct"), WITH_FILE, ids=[link for _, link, _ in WITH_FILE])
def test_a_share_link_is_known_with_the_url_of_its_file(service: str, link: str, direct: str) -> None:
    facts = inspect_url(link)

    assert (facts.share_service, facts.direct_url) == (service, direct)


@pytest.mark.parametrize("direct", [direct for *_, direct in WITH_FILE])
def test_the_url_of_the_file_is_a_public_url_and_no_share_link(direct: str) -> None:
    facts = inspect_url(direct)

    assert facts.problem is None
    assert facts.share_service is None


@pytest.mark.parametrize(("service", "link"), WITHOUT_FILE, ids=[link for _, link in WITHOUT_FILE])
def test_a_share_link_is_known_where_its_file_is_not(service: str, link: str) -> None:
    facts = inspect_url(link)

    assert (facts.share_service, facts.direct_url) == (service, None)


@pytest.mark.parametrize("url", NO_SHARE_LINKS)
def test_the_url_of_a_file_is_no_share_link(url: str) -> None:
    assert inspect_url(url).share_service is None


@given(
    st.sampled_from(["drive.google.com", "dropbox.com", "github.com", "a.sharepoint.com", "imgur.com", "x.example"]),
    st.text(alphabet="abdfiklousvw/?&=:-%0", max_size=60),
)
def test_no_target_makes_it_raise(host: str, target: str) -> None:
    share_link(host, "/" + target)

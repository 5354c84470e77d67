"""Who signs URLs: one table, from which both the end of a signed URL and the URL without its signature are derived.

A row names the parameters that give a signer away *together*, and where one of them means little by itself (``token``,
``s``, ``sign``) the shape of its value or the domains. ``signs`` are the parameters that go when the URL is compared;
parameters that say *which* bytes are asked for are not among them: ``versionId``, ``generation``, ``x-oss-process``,
``response-content-type``, ``w``. ``source`` is the vendor's page or code.

No end is read where the URL does not say it: a timestamp to which a CDN adds a time that only its settings know
(Alibaba Cloud, Tencent Cloud, Cloudflare ``verify``) is when the URL was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from preflight.model.frozen import frozen
from preflight.sources.expiry import (
    Expiry,
    azure,
    backblaze,
    bce,
    cloudfront_policy,
    cos,
    cos_in_sign,
    edge_token,
    epoch,
    filestack,
    hex_epoch,
    iso_or_epoch,
    json_web_token,
    leading_epoch,
    milliseconds,
    never,
    trailing_epoch,
    window,
)

_MD5 = r"[0-9a-f]{32}"
_EPOCH = r"[0-9]{9,11}"
_MD5_BASE64 = r"[\w+/-]{22}=*"
_EPOCH_HEX = r"[4-7][0-9a-f]{7}"
_BASE64 = r"[\w+/=~.%-]"
_BUNNY_TOKEN = r"(?:hs256-)?[\w-]{16,}=*"
_FASTLY_TOKEN = "[0-9]{10,11}_[0-9a-f]{40,64}"
_EDGE_TOKEN = r"(?:(?:ip|st|id|data|acl|url)=[^~]*~)*exp=[0-9]+~(?:[^~]*~)*hmac=[0-9a-f]+"
_TYPE_A = rf"{_EPOCH}-\w*-\w+-{_MD5}"
"""``timestamp-rand-uid-md5hash``, as several CDNs write it."""


@frozen
class Signer:
    """One way to sign. It is recognised by all of ``needs`` (lower case), by ``shapes`` (patterns that values match as
    a whole, in any case), ``hosts`` (domains and what is below them; none: any) and ``path``, as far as they are given.

    The parameters ``signs`` and the group ``signs`` of ``path`` sign it. Where ``claims`` is true the token in
    ``signs`` says what it opens, and only its times are left out.
    """

    name: str
    source: str
    expiry: Expiry
    needs: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    shapes: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    path: str | None = None
    claims: bool = False


def _row(
    name: str,
    source: str,
    needs: str,
    expiry: Expiry,
    *,
    also: str = "",
    hosts: str = "",
    path: str | None = None,
    claims: bool = False,
    **shapes: str,
) -> Signer:
    """A row. ``needs`` and ``also`` are parameters that sign, with spaces between them."""
    return Signer(
        name=name,
        source=source,
        expiry=expiry,
        needs=frozenset(needs.split()),
        signs=frozenset(f"{needs} {also}".split()),
        shapes=shapes,
        hosts=tuple(hosts.split()),
        path=path,
        claims=claims,
    )


def _version_4(name: str, source: str, vendor: str, also: str = "") -> Signer:
    """AWS Signature V4 and its kin: a date and its seconds are enough to know it."""
    each = "algorithm credential signedheaders signature security-token content-sha256"
    signs = [f"x-{vendor}-{part}" for part in each.split()]
    return _row(name, source, f"x-{vendor}-date x-{vendor}-expires", window(vendor), also=" ".join([*signs, also]))


_SAS = "sv ss srt sp st spr sip si sr sdd skoid sktid skt ske sks skv saoid suoid scid ses sdur skdutid sduoid"
_COS = "q-sign-algorithm q-ak q-key-time q-header-list q-url-param-list x-cos-security-token"
_TEMPORARY = "temp_url_prefix temp_url_ip_range"
_BUNNY_MORE = "token_path token_countries token_countries_blocked token_ver limit"
_QINIU_HOSTS = "clouddn.com qiniucdn.com qiniudn.com qnssl.com qbox.me"
_DROPBOX_HOSTS = "dropbox.com dropboxusercontent.com"
_FILESTACK_HOSTS = "filestackcontent.com filestackapi.com filepicker.io"
_CLOUDINARY_PATH = (
    r"(?:/[\w-]+)?/(?:image|video|raw|images|videos|files)(?:/\w+)?(?P<signs>/s--[\w-]{8}(?:[\w-]{24})?--)/."
)
_SUPABASE_PATH = "/storage/v1/(?:object|render/image)/sign/."

_AWS = "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"
_AWS_2 = "https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth"
_GCS = "https://cloud.google.com/storage/docs/authentication/canonical-requests"
_GCS_2 = "https://cloud.google.com/storage/docs/access-control/signed-urls-v2"
_TOS = "https://www.volcengine.com/docs/6349/129225"
_OSS = "https://www.alibabacloud.com/help/en/oss/developer-reference/add-signatures-to-urls"
_OBS = "https://support.huaweicloud.com/eu/api-obs/obs_04_0011.html"
_KS3 = "https://docs.ksyun.com/documents/40333"
_US3 = "https://docs.ucloud.cn/ufile/api/authorization"
_CLOUDFRONT = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html"
_SAS_PAGE = "https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas"
_COS_PAGE = "https://www.tencentcloud.com/document/product/436/7778"
_BOS = "https://cloud.baidu.com/doc/BOS/s/Zkkrr77ld-en"
_B2 = "https://www.backblaze.com/apidocs/b2-get-download-authorization"
_SWIFT = "https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html"
_QINIU = "https://developer.qiniu.com/kodo/manual/1202/download-token"
_QINIU_CDN = "https://developer.qiniu.com/fusion/3841/timestamp-hotlinking-prevention-fusion"
_UPYUN = "https://docs.upyun.com/cdn/feature/"
_IMAGEKIT = "https://imagekit.io/docs/media-delivery-basic-security"
_ALIYUN_A = "https://www.alibabacloud.com/help/en/cdn/user-guide/type-a-signing"
_ALIYUN_B = "https://www.alibabacloud.com/help/en/cdn/user-guide/type-b-signing"
_ALIYUN_C = "https://www.alibabacloud.com/help/en/cdn/user-guide/type-c-signing"
_TENCENT_A = "https://www.tencentcloud.com/document/product/228/35222"
_TENCENT_D = "https://www.tencentcloud.com/document/product/228/35225"
_WANGSU = "https://www.wangsu.com/document/cdn/243"
_BUNNY = "https://docs.bunny.net/docs/cdn-token-authentication"
_KEYCDN = "https://www.keycdn.com/support/secure-token"
_NGINX = "https://nginx.org/en/docs/http/ngx_http_secure_link_module.html"
_AKAMAI = "https://github.com/akamai/edgeauth-token-python"
_FASTLY = "https://github.com/fastly/token-functions"
_CLOUDFLARE = "https://developers.cloudflare.com/waf/custom-rules/use-cases/configure-token-authentication/"
_IMAGES = "https://developers.cloudflare.com/images/manage-images/serve-images/serve-private-images/"
_IMGIX = "https://docs.imgix.com/en-US/getting-started/setup/securing-assets"
_REDDIT = "https://github.com/reddit-archive/reddit/blob/master/r2/r2/lib/providers/image_resizing/imgix.py"
_CLOUDINARY = "https://cloudinary.com/documentation/delivery_url_signatures"
_FIREBASE = "https://firebase.google.com/docs/storage/web/download-files"
_SUPABASE = "https://supabase.com/docs/reference/javascript/storage-from-createsignedurl"
_DROPBOX = "https://help.dropbox.com/share/force-download"
_GITHUB = "https://docs.github.com/en/repositories/working-with-files/using-files/viewing-and-understanding-files"
_ORACLE = "https://docs.oracle.com/en-us/iaas/Content/Object/Tasks/usingpreauthenticatedrequests.htm"
_FILESTACK = "https://www.filestack.com/docs/security/policies/"
_NOTION = "https://developers.notion.com/reference/file-object"
_TIKTOK = "https://developers.tiktok.com/doc/tiktok-api-v2-video-object/"
_DISCORD = "https://discord.com/developers/docs/reference#signed-attachment-cdn-urls"
_META = "https://developers.facebook.com/docs/graph-api/reference/photo/"
_LARAVEL = "https://laravel.com/docs/urls#signed-urls"

# More specific ones first: of two that fit, the first names the URL.
SIGNERS: Final[tuple[Signer, ...]] = (
    _version_4("S3", _AWS, "amz", "x-id x-amz-checksum-mode x-amz-request-payer"),
    _version_4("Google Cloud Storage", _GCS, "goog", "x-goog-user-project"),
    _version_4("Volcengine TOS", _TOS, "tos"),
    _version_4("Alibaba Cloud OSS", _OSS, "oss", "x-oss-signature-version x-oss-additional-headers"),
    _version_4("Huawei Cloud OBS", _OBS, "obs"),
    _row("CloudFront", _CLOUDFRONT, "policy signature key-pair-id", cloudfront_policy, also="hash-algorithm expires"),
    _row("CloudFront", _CLOUDFRONT, "expires signature key-pair-id", epoch("expires"), also="hash-algorithm"),
    _row("Alibaba Cloud OSS", _OSS, "expires signature ossaccesskeyid", epoch("expires"), also="security-token"),
    _row("Google Cloud Storage", _GCS_2, "expires signature googleaccessid", epoch("expires")),
    _row("S3", _AWS_2, "expires signature awsaccesskeyid", epoch("expires"), also="x-amz-security-token x-id"),
    _row("Huawei Cloud OBS", _OBS, "expires signature accesskeyid", epoch("expires"), also="x-obs-security-token"),
    _row("Kingsoft KS3", _KS3, "expires signature kssaccesskeyid", epoch("expires")),
    _row("UCloud US3", _US3, "expires signature ucloudpublickey", epoch("expires")),
    _row("Azure Storage", _SAS_PAGE, "se sig", azure, also=_SAS),
    _row("Azure Storage", _SAS_PAGE, "si sv sig", azure, also=_SAS),  # its end is in a policy on the server
    _row("Tencent Cloud COS", _COS_PAGE, "q-sign-time q-signature", cos, also=_COS),
    _row("Tencent Cloud COS", _COS_PAGE, "sign", cos_in_sign, also="x-cos-security-token", sign="q-sign-algorithm=.*"),
    _row("Baidu BOS", _BOS, "authorization", bce, also="x-bce-security-token", authorization="bce-auth-v[0-9]+/.*"),
    _row("Backblaze B2", _B2, "authorization", backblaze, authorization="[0-9]_[0-9]{14}_.*"),
    _row("OpenStack Swift", _SWIFT, "temp_url_sig temp_url_expires", iso_or_epoch("temp_url_expires"), also=_TEMPORARY),
    _row("Qiniu", _QINIU, "e token", epoch("e"), token=rf"[\w-]+:{_BASE64}+"),
    _row("Qiniu CDN", _QINIU_CDN, "sign t", hex_epoch("t"), hosts=_QINIU_HOSTS, sign=_MD5, t=_EPOCH_HEX),
    _row("Upyun", _UPYUN, "_upt", trailing_epoch("_upt"), also="_upp", _upt=r"\w{8}[0-9]{9,11}"),
    _row("ImageKit", _IMAGEKIT, "ik-s", epoch("ik-t"), also="ik-t"),
    _row("Alibaba Cloud CDN", _ALIYUN_A, "auth_key", never, auth_key=_TYPE_A),
    _row("Alibaba Cloud CDN", _ALIYUN_B, "", never, path=rf"(?P<signs>/20[0-9]{{10}}/{_MD5})/."),
    _row("Alibaba Cloud CDN", _ALIYUN_C, "", never, path=rf"(?P<signs>/{_MD5}/{_EPOCH_HEX})/."),
    _row("Alibaba Cloud CDN", _ALIYUN_C, "key1 key2", never, key1=_MD5, key2=_EPOCH_HEX),
    _row("Tencent Cloud CDN", _TENCENT_A, "sign", never, sign=_TYPE_A),
    # Qiniu's t is the end, Tencent's is when the URL was made: on a custom domain nobody can tell which it is.
    _row("Tencent Cloud CDN", _TENCENT_D, "sign t", never, sign=_MD5, t=rf"{_EPOCH}|{_EPOCH_HEX}"),
    _row("Wangsu CDN", _WANGSU, "wssecret wstime", never, wssecret=_MD5),
    _row("Bunny", _BUNNY, "token expires", epoch("expires"), also=_BUNNY_MORE, token=_BUNNY_TOKEN),
    _row("Bunny", _BUNNY, "", epoch("expires"), path="(?P<signs>/bcdn_token=[^/]*)/."),
    _row("KeyCDN", _KEYCDN, "token expire", epoch("expire"), token=_BUNNY_TOKEN),
    _row("nginx secure_link", _NGINX, "md5 expires", epoch("expires"), md5=rf"{_MD5_BASE64}|{_MD5}"),
    _row("nginx secure_link", _NGINX, "st e", epoch("e"), st=_MD5_BASE64, e=_EPOCH),
    _row("Akamai", _AKAMAI, "", edge_token, path=rf"(?P<signs>/\w+={_EDGE_TOKEN})/."),
    _row("Fastly", _FASTLY, "token", leading_epoch("token"), token=_FASTLY_TOKEN),
    _row("Cloudflare", _CLOUDFLARE, "verify", never, verify=rf"[0-9]{{10}}-{_BASE64}{{20,}}"),
    _row("Cloudflare Images", _IMAGES, "exp sig", epoch("exp"), sig="[0-9a-f]{64}", exp=_EPOCH),
    _row("Cloudflare Images", _IMAGES, "sig", never, hosts="imagedelivery.net", sig="[0-9a-f]{64}"),
    _row("Imgix", _IMGIX, "s", epoch("expires"), also="expires", hosts="imgix.net", s=_MD5),
    _row("Imgix", _IMGIX, "s ixlib", epoch("expires"), also="expires", s=_MD5),
    _row("Reddit", _REDDIT, "s", never, hosts="redd.it", s="[0-9a-f]{32,64}"),
    _row("Cloudinary", _CLOUDINARY, "", never, path=_CLOUDINARY_PATH),
    _row("Firebase", _FIREBASE, "token", never, path="/v0/b/[^/]+/o/."),
    _row("Supabase", _SUPABASE, "token", json_web_token("token"), path=_SUPABASE_PATH, claims=True),
    _row("Supabase", _SUPABASE, "token", json_web_token("token"), hosts="supabase.co supabase.in", claims=True),
    _row("Dropbox", _DROPBOX, "st", never, also="e dl raw", hosts=_DROPBOX_HOSTS, path="/(?:s|scl)/."),
    # Not signed: "dl" and "raw" say how the one file is to be sent.
    _row("Dropbox", _DROPBOX, "", never, also="e dl raw", hosts=_DROPBOX_HOSTS, path="/(?:s|scl)/."),
    _row("GitHub", _GITHUB, "token", never, hosts="raw.githubusercontent.com"),
    _row("Oracle Object Storage", _ORACLE, "", never, path=r"(?P<signs>/p/[\w-]{20,})/n/[^/]+/b/[^/]+/o/."),
    _row("Filestack", _FILESTACK, "policy signature", filestack, hosts=_FILESTACK_HOSTS),
    _row("Notion", _NOTION, "expirationtimestamp signature", milliseconds("expirationtimestamp")),
    _row("TikTok", _TIKTOK, "x-expires x-signature", epoch("x-expires")),
    _row("Discord", _DISCORD, "ex hm", hex_epoch("ex"), also="is", hosts="discordapp.com discordapp.net"),
    _row("Meta", _META, "oe oh", hex_epoch("oe"), hosts="fbcdn.net cdninstagram.com"),
    _row("the server", _LARAVEL, "expires signature", epoch("expires")),
)

EDGE_TOKEN: Final = Signer(name="Akamai", source=_AKAMAI, expiry=edge_token, shapes={"": _EDGE_TOKEN})
"""Known by the shape of its value: the name of its parameter (``hdnts``, ``hdnea``, ``__token__``, Cloudinary's
``__cld_token__``, Uploadcare's ``token``) is for the customer to choose."""

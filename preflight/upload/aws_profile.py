"""The credentials for S3 that stand in the environment and in the files of the AWS command line.

The library that uploads knows the variables, container and instance roles, and web identities; not the files. So this
reads them, by the rules of the AWS SDKs and Tools Reference Guide ("Shared config and credentials files", "Process
credential provider").
"""

from __future__ import annotations

import configparser
import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from preflight.bounded_file import NotRead, read_bounded
from preflight.errors import ConfigurationError
from preflight.redact import redact, remember

_MOST_BYTES = 1024 * 1024
_PROCESS_SECONDS = 60
_BY_THE_TOOL = ("sso_session", "sso_start_url", "role_arn", "login_session")
"""Keys of profiles whose credentials only the tool itself can get."""
_OTHER_SOURCES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """Credentials and settings, by the names of the library's configuration.

    ``settings`` is empty of credentials where the library finds them by itself. ``ends_at`` is when they end, ``None``
    where they do not or do not say so; ``is_session`` is whether a session token goes with them.
    """

    settings: Mapping[str, str] = field(repr=False)
    ends_at: datetime | None = None
    is_session: bool = False


def aws_access(environment: Mapping[str, str], *, home: Path) -> AwsAccess:
    """The access that variables and files give. Raises ``ConfigurationError`` where they cannot work."""
    profile = _Profile(environment, home)
    settings = profile.settings()
    if environment.get("AWS_ACCESS_KEY_ID"):
        if not environment.get("AWS_SECRET_ACCESS_KEY"):
            raise ConfigurationError("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both")
        token = environment.get("AWS_SESSION_TOKEN") or environment.get("AWS_TOKEN") or None
        ends_at = _moment(environment.get("AWS_CREDENTIAL_EXPIRATION"))
        return _access(settings, environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token, ends_at)
    if not environment.get("AWS_PROFILE") and any(environment.get(name) for name in _OTHER_SOURCES):
        return AwsAccess(settings=settings, is_session=True)
    if (key := profile.value("aws_access_key_id")) and (secret := profile.value("aws_secret_access_key")):
        return _access(settings, key, secret, profile.value("aws_session_token"), None)
    if command := profile.value("credential_process"):
        return _from_process(command, settings)
    if any(profile.value(name) for name in _BY_THE_TOOL):
        raise ConfigurationError(
            f"the AWS profile {redact(profile.name)!r} signs in by the AWS tool: run"
            ' eval "$(aws configure export-credentials --format env)" first'
        )
    if environment.get("AWS_PROFILE"):
        raise ConfigurationError(f"the AWS profile {redact(profile.name)!r} holds no credentials, or does not exist")
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise ConfigurationError(
            "no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    return AwsAccess(settings=settings, is_session=True)


class _Profile:
    """One profile of the two files. Of a key that both have, the credentials file's value is taken."""

    def __init__(self, environment: Mapping[str, str], home: Path) -> None:
        self.name = environment.get("AWS_PROFILE") or "default"
        config = _sections(_place(environment, "AWS_CONFIG_FILE", home / ".aws" / "config"))
        held = _sections(_place(environment, "AWS_SHARED_CREDENTIALS_FILE", home / ".aws" / "credentials"))
        section = "default" if self.name == "default" else f"profile {self.name}"
        self._values = {**config.get(section, {}), **held.get(self.name, {})}
        services = config.get(f"services {self._values.get('services', '')}", {})
        self._endpoint = _nested(services.get("s3", ""), "endpoint_url") or self._values.get("endpoint_url")
        self._ignores = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
        self._environment = environment

    def value(self, key: str) -> str | None:
        return self._values.get(key) or None

    def settings(self) -> dict[str, str]:
        """Region and endpoint, where no variable says them."""
        found = {}
        if not self._environment.get("AWS_REGION") and not self._environment.get("AWS_DEFAULT_REGION"):
            found["region"] = self._values.get("region")
        if not any(self._environment.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")):
            found["endpoint"] = None if self._ignores else self._endpoint
        return {key: value for key, value in found.items() if value}


def _access(
    settings: Mapping[str, str], key: str, secret: str, token: str | None, ends_at: datetime | None
) -> AwsAccess:
    remember(key, secret, token or "")
    given = {"access_key_id": key, "secret_access_key": secret, **({"session_token": token} if token else {})}
    return AwsAccess(settings={**settings, **given}, ends_at=ends_at, is_session=token is not None)


def _from_process(command: str, settings: Mapping[str, str]) -> AwsAccess:
    """The answer of a profile's ``credential_process``: the user's own command, started without a shell."""
    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PROCESS_SECONDS,
            check=True,
        )
        said = json.loads(done.stdout[:_MOST_BYTES])
        key, secret, token = said["AccessKeyId"], said["SecretAccessKey"], said.get("SessionToken")
        ends_at = _moment(said.get("Expiration"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, subprocess.SubprocessError) as error:
        raise ConfigurationError("the credential_process of the AWS profile gives no credentials") from error
    if not isinstance(key, str) or not isinstance(secret, str) or not isinstance(token, str | None):
        raise ConfigurationError("the credential_process of the AWS profile gives no credentials")
    return _access(settings, key, secret, token, ends_at)


def _place(environment: Mapping[str, str], variable: str, usual: Path) -> Path:
    return Path(environment[variable]).expanduser() if environment.get(variable) else usual


def _sections(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(read_bounded(path, _MOST_BYTES).decode("utf-8-sig"))
    except (NotRead, configparser.Error, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, NotRead) else "it is not a file of profiles"
        raise ConfigurationError(f"{path}: {reason}") from error
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _nested(block: str, key: str) -> str | None:
    """The value of ``key`` in indented lines below a key of their own."""
    pairs = (line.partition("=") for line in block.splitlines())
    return next((value.strip() for name, _, value in pairs if name.strip() == key), None)


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""What each S3 service needs, as data (`providers.toml`), and what an admin may type.

Presets are a first guess; the canary objects decide.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from wizard.core.hosts import is_ip_address
from wizard.core.message import Message, msg
from wizard.core.problem import Problem, Remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wizard.core.settings import Settings


class Acl(StrEnum):
    """What PutObject with the ACL "public-read" does."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An S3 service. `endpoint` and `custom_domain` are templates, "" where unknown.

    `keys`, `cors`, `policy` and `public` say what to do in its console: sentences with
    the same places to fill in (`Preset.advice`), which translators find in the file itself.
    """

    name: str
    title: Message
    url: str
    endpoint: str
    custom_domain: str
    regions: tuple[str, ...]
    acl: Acl
    public_access_block: bool
    keys: str
    cors: str
    policy: str
    public: str

    @property
    def default_region(self) -> str:
        """The region to start with, "" where only the admin knows it."""
        return self.regions[0] if self.regions else ""

    def fill(self, settings: Settings) -> Settings:
        """Return the settings with what is still open filled in, as far as the rest is known."""
        filled = replace(settings, provider=self.name)
        filled = replace(filled, region=filled.region or self.default_region)
        filled = replace(filled, endpoint=filled.endpoint or self.endpoint_for(filled))
        if filled.custom_domain:
            return filled
        domain = self.custom_domain_for(filled)
        plain = domain and urlsplit(filled.endpoint).scheme == "http"
        return replace(
            filled,
            custom_domain=domain,
            url_protocol="http:" if plain else filled.url_protocol,
        )

    def endpoint_for(self, settings: Settings) -> str:
        """Return the endpoint that region (and bucket) lead to, "" where they don't."""
        return _fill(self.endpoint, settings)

    def custom_domain_for(self, settings: Settings) -> str:
        """Return the public host that bucket, region and endpoint lead to, "" where they don't."""
        template = self.custom_domain
        if template == "{bucket}.{host}" and _has_no_subdomains(settings.endpoint_host):
            template = "{host}/{bucket}"
        return _fill(template, settings)

    def advice(self, topic: str, settings: Settings) -> Message:
        """Return what to do in the console: `topic` is keys, cors, policy or public."""
        text: str = getattr(self, topic)
        return Message(text, "", _named_in(text, settings))


def follow(before: Settings, after: Settings) -> Settings:
    """Return `after`, where what followed from `before` follows from `after` again.

    Endpoint and custom domain that the admin changed by hand stay as they are.
    """
    old, new = preset(before.provider), preset(after.provider)
    if new.name != old.name and after.region == before.region and new.regions:
        keeps = after.region in new.regions
        after = replace(after, region=after.region if keeps else new.default_region)
    if after.endpoint == before.endpoint and before.endpoint in ("", old.endpoint_for(before)):
        after = replace(after, endpoint=new.endpoint_for(after))
    domain = before.custom_domain
    if after.custom_domain == domain and domain in ("", old.custom_domain_for(before)):
        after = replace(after, custom_domain="", url_protocol="https:")
    return new.fill(after)


def another_provider(before: Settings, name: str) -> tuple[Settings, dict[str, str]]:
    """Return the settings for another provider, and what was typed for the old one, by field.

    What nobody typed follows. What was typed while no provider was named stays;
    what was typed for another one gives way where the new one has an answer.
    """
    after = follow(before, replace(before, provider=name))
    if before.provider in ("", "other"):
        return after, {}
    fresh = preset(name).fill(replace(after, endpoint="", custom_domain="", url_protocol="https:"))
    kept = {field: getattr(before, field) for field in ("endpoint", "custom_domain")}
    typed = {f: value for f, value in kept.items() if value and getattr(after, f) == value}
    new = {field: getattr(fresh, field) for field in typed if getattr(fresh, field)}
    replaced = {field: typed[field] for field in new if new[field] != typed[field]}
    if "custom_domain" in replaced:
        after = replace(after, url_protocol=fresh.url_protocol)
    return replace(after, **new), replaced


def preset(name: str) -> Preset:
    """Return the preset of that name; `other` for a name that is not known."""
    return PRESETS.get(name) or PRESETS["other"]


def clean(field: str, text: str) -> tuple[str, Problem | None]:
    """Return what was typed or pasted for a setting, tidied up, and what is wrong with it.

    `field` is one of `wizard.core.settings.Settings` or one of `access_key_id`,
    `secret_access_key`. The value comes back tidied also where it is wrong.
    """
    value = _unwrapped(text)
    tidy = _TIDY.get(field)
    return tidy(value) if tidy else (value, None)


def defects(settings: Settings) -> tuple[Problem, ...]:
    """Return what is wrong with single settings, wherever they come from."""
    names = ("endpoint", "bucket", "region", "custom_domain", "url_protocol")
    found = (clean(name, getattr(settings, name))[1] for name in names)
    return tuple(problem for problem in found if problem)


def contradictions(settings: Settings) -> tuple[Problem, ...]:
    """Return what is wrong with settings only when they are seen together."""
    found = []
    host = urlsplit(settings.endpoint).hostname or ""
    if settings.bucket and host.startswith(f"{settings.bucket}."):
        right = settings.endpoint.replace(f"{settings.bucket}.", "", 1)
        found.append(
            Problem(
                msg("The endpoint contains the bucket's name."),
                msg(
                    "BookWyrm adds the bucket by itself, so every file would end up below "
                    "{bucket}/ inside the bucket, and no page would find it.",
                    bucket=settings.bucket,
                ),
                msg("Use {endpoint} as the endpoint.", endpoint=right),
                field="endpoint",
                code="endpoint-with-bucket",
            )
        )
    if settings.bucket and settings.custom_domain == settings.endpoint_host:
        found.append(
            Problem(
                msg("The custom domain is the endpoint's host, without the bucket."),
                msg("Visitors would be sent to the storage service, but not to your bucket."),
                msg(
                    "Use {domain}",
                    domain=_put_in(preset(settings.provider).custom_domain, settings),
                ),
                field="custom_domain",
                code="custom-domain-without-bucket",
            )
        )
    return tuple(found)


def _unwrapped(text: str) -> str:
    """Return the text without what comes along when one copies: spaces, quotes, `export NAME=`."""
    value = text.strip().strip("\ufeff\u200b\u200c\u200d\u2060\u00a0").strip()
    value = _PASTED_NAME.sub("", value)
    while len(value) > 1 and (value[0], value[-1]) in _QUOTES:
        value = value[1:-1].strip()
    return value


_PASTED_NAME = re.compile(r"^(?:export\s+)?(?:AWS|S3|MINIO|SCW)_[A-Z0-9_]+\s*=\s*", re.IGNORECASE)
_QUOTES = {('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), ("„", "“"), ("«", "»"), ("<", ">")}


def _tidy_access_key(value: str) -> tuple[str, Problem | None]:
    value, wrong = re.sub(r"\s+", "", value), partial(_wrong, "access_key_id")
    if not value:
        what = msg("The access key is missing.")
        return value, wrong(what, _BOTH_KEYS, code="access-key-missing")
    if not _is_of_a_key(value):
        what = msg("The access key contains a character that no key has.")
        return value, wrong(what, _PLAIN_KEYS, code="access-key-invalid")
    return value, None


def _tidy_secret_key(value: str) -> tuple[str, Problem | None]:
    value, wrong = re.sub(r"\s+", "", value), partial(_wrong, "secret_access_key")
    if not value:
        what = msg("The secret key is missing.")
        return value, wrong(what, _BOTH_KEYS, code="secret-key-missing")
    if not _is_of_a_key(value):
        what = msg("The secret key contains a character that no key has.")
        return value, wrong(what, _PLAIN_KEYS, code="secret-key-invalid")
    return value, None


_BOTH_KEYS = msg("The storage asks for both keys.")
_PLAIN_KEYS = msg(
    "Keys consist of plain letters, digits and the like; something else was copied too."
)


def _is_of_a_key(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _tidy_endpoint(value: str) -> tuple[str, Problem | None]:
    if value and "://" not in value:
        value = f"{'http' if _is_local(value) else 'https'}://{value}"
    if not value:
        what = msg("The endpoint is missing.")
        why = msg("It is the address of the storage service.")
        return "", _wrong("endpoint", what, why, code="endpoint-missing")
    parts = _split(value)
    value = value.rstrip("/")
    if parts is None or not parts.hostname or not _HOST.fullmatch(parts.hostname):
        what = msg("{value} is not an address.", value=value)
        why = msg("An endpoint is https:// and a host name.")
        return value, _wrong("endpoint", what, why, code="endpoint-invalid")
    if parts.scheme not in ("http", "https"):
        what = msg("{scheme}:// is not http:// or https://.", scheme=parts.scheme)
        return value, _wrong("endpoint", what, msg("S3 speaks HTTP."), code="endpoint-invalid")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        right = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return value, _wrong(
            "endpoint",
            msg("The endpoint contains more than a host."),
            msg(
                "It is the address of the service as a whole: the bucket and the files' folders "
                "are added by BookWyrm."
            ),
            Remedy(msg("Use {endpoint}", endpoint=right)),
            code="endpoint-invalid",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}", None


def _tidy_bucket(value: str) -> tuple[str, Problem | None]:
    value = value.removeprefix("s3://").rstrip("/")
    if not value:
        what = msg("The bucket's name is missing.")
        why = msg("It is the name of the bucket, not of the account.")
        return value, _wrong("bucket", what, why, code="bucket-missing")
    if "/" in value:
        what = msg("That is more than the bucket's name.")
        why = msg("A name has no slash in it.")
        return value, _wrong("bucket", what, why, code="bucket-name-invalid")
    if not _BUCKET.fullmatch(value) or ".." in value or is_ip_address(value):
        what = msg("{value} is not a valid bucket name.", value=value)
        why = msg(
            "A name has 3 to 63 characters: lowercase letters, digits, dots and hyphens, with a "
            "letter or a digit at both ends."
        )
        return value, _wrong("bucket", what, why, code="bucket-name-invalid")
    return value, None


def _tidy_region(value: str) -> tuple[str, Problem | None]:
    value = value.lower()
    if value and not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        what = msg("{value} is not a region.", value=value)
        why = msg(
            "A region is a short word such as eu-central-1 or fr-par, as the console shows it."
        )
        return value, _wrong("region", what, why, code="region-invalid")
    return value, None


def _tidy_custom_domain(value: str) -> tuple[str, Problem | None]:
    value = re.sub(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//", "", value).rstrip("/")
    host, slash, path = value.partition("/")
    value = f"{host.lower()}{slash}{path}"
    if not value:
        what = msg("The custom domain is missing.")
        why = msg("Without it BookWyrm cannot build the address of any picture or stylesheet.")
        return value, _wrong("custom_domain", what, why, code="custom-domain-missing")
    return value, _defect_of_domain(value, path)


def _defect_of_domain(value: str, path: str) -> Problem | None:
    wrong = partial(_wrong, "custom_domain", code="custom-domain-invalid")
    parts = _split(f"https://{value}")
    if parts is None or not parts.hostname or not _HOST.fullmatch(parts.hostname):
        why = msg("It is the host from which visitors load the files, such as media.example.org.")
        return wrong(msg("{value} is not a host.", value=value), why)
    if parts.query or parts.fragment or "@" in value or re.search(r"\s|//", value):
        what = msg("The custom domain contains more than a host and a path.")
        return wrong(what, msg("Leave it out."))
    if re.search(r"(?:^|/)(?:images|static)$", path):
        what = msg("The custom domain ends in one of BookWyrm's folders.")
        return wrong(what, msg("BookWyrm adds /images and /static by itself."))
    return None


def _tidy_protocol(value: str) -> tuple[str, Problem | None]:
    value = f"{value.lower().rstrip('/').rstrip(':')}:"
    if value not in ("http:", "https:"):
        what = msg("The protocol is neither https: nor http:.")
        why = msg("Visitors load the files over one of the two.")
        return value, _wrong("url_protocol", what, why, code="protocol-invalid")
    return value, None


_TIDY: Mapping[str, Callable[[str], tuple[str, Problem | None]]] = {
    "access_key_id": _tidy_access_key,
    "secret_access_key": _tidy_secret_key,
    "endpoint": _tidy_endpoint,
    "bucket": _tidy_bucket,
    "region": _tidy_region,
    "custom_domain": _tidy_custom_domain,
    "url_protocol": _tidy_protocol,
}

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9a-fA-F:]+")
# Where the reason says already what is to be done.
CORRECT_IT = Remedy(msg("Correct it, then continue."))
_DEFAULT_REMEDY = {
    "access_key_id": Remedy(msg("Copy it again from your provider's console.")),
    "secret_access_key": Remedy(
        msg("Copy it again; if the console shows it only once, make a new pair.")
    ),
}


def _wrong(
    field: str, what: Message, why: Message, remedy: Remedy | None = None, *, code: str
) -> Problem:
    remedy = remedy or _DEFAULT_REMEDY.get(field, CORRECT_IT)
    return Problem(what, why, remedy, field=field, usage=True, code=code)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _fill(template: str, settings: Settings) -> str:
    """Return a template with its places filled in, "" where one of them is not known yet."""
    values = _values(settings)
    if any(f"{{{name}}}" in template and not value for name, value in values.items()):
        return ""
    return _put_in(template, settings)


def _put_in(text: str, settings: Settings) -> str:
    return text.format_map(_named_in(text, settings))


def _named_in(text: str, settings: Settings) -> dict[str, str]:
    """Return a value for each place of a text: for what is not known yet the place's name."""
    values = _values(settings)
    return {name: values[name] or name.upper() for name in values if f"{{{name}}}" in text}


def _values(settings: Settings) -> dict[str, str]:
    return {
        "bucket": settings.bucket,
        "region": settings.region,
        "host": settings.endpoint_host,
        "endpoint": settings.endpoint,
    }


def _is_local(host: str) -> bool:
    name = host.split("/", maxsplit=1)[0].rsplit(":", 1)[0]
    return name == "localhost" or is_ip_address(name)


def _has_no_subdomains(host: str) -> bool:
    """Tell whether `bucket.host` cannot exist: an IP address, a name without a dot."""
    name = host.rsplit(":", 1)[0]
    return "." not in name or is_ip_address(name)


def _load() -> dict[str, Preset]:
    data = tomllib.loads(files("wizard.storage").joinpath("providers.toml").read_text("utf-8"))
    return {name: _preset(name, entry) for name, entry in data.items()}


def _preset(name: str, entry: Mapping[str, Any]) -> Preset:
    defaults = {"endpoint": "", "public_access_block": False}
    given = {
        **defaults,
        **entry,
        "title": Message(entry["title"], "", {}),
        "regions": tuple(entry["regions"]),
        "acl": Acl(entry["acl"]),
    }
    return Preset(name=name, **given)


PRESETS: Mapping[str, Preset] = _load()

"""What an admin types or pastes for a storage: tidied up, and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wizard.core.hosts import is_ip_address, split_url, usual_scheme
from wizard.core.message import NOTHING, Message, msg
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import name_some
from wizard.core.settings import Settings
from wizard.storage.addresses import service_of
from wizard.storage.key_forms import is_temporary, temporary_keys
from wizard.storage.providers import BucketNames, Preset, preset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from urllib.parse import SplitResult


def follow(before: Settings, after: Settings) -> Settings:
    """Return `after`, where what followed from `before` follows from `after` again.

    Endpoint and custom domain that the admin changed by hand stay as they are.
    """
    old, new = preset(before.provider), preset(after.provider)
    if new.name != old.name and after.region == before.region and new.regions:
        keeps = after.region in new.known_regions
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


def clean(field: str, text: str, provider: str = "") -> tuple[str, Problem | None]:
    """Return what was typed or pasted for a setting, tidied up, and what is wrong with it.

    `field` is one of `wizard.core.settings.Settings` or one of `access_key_id`,
    `secret_access_key`; `provider` names the preset, "" while none is chosen. The value comes
    back tidied also where it is wrong.
    """
    value = _unwrapped(text)
    if of_service := _TIDY_FOR.get(field):
        return of_service(value, preset(provider))
    tidy = _TIDY.get(field)
    return tidy(value) if tidy else (value, None)


def unusable(settings: Settings) -> Problem | None:
    """Return why BookWyrm cannot be served from the service at all; None for others.

    Neither from the chosen one, nor from the one whose endpoint was entered.
    """
    services = (preset(settings.provider), service_of(settings))
    service = next((each for each in services if each.unusable), None)
    if service is None:
        return None
    return Problem(
        msg("BookWyrm cannot be served from {service}.", service=service.title),
        service.unusable,
        Remedy(msg("Choose another provider."), Action.EDIT_PROVIDER),
        field="provider",
        usage=True,
        code="provider-unusable",
    )


def another_service(settings: Settings) -> Message:
    """Say that the endpoint is of another service than the chosen one; "" where it is not."""
    service = service_of(settings)
    if not settings.provider or service.name == preset(settings.provider).name:
        return NOTHING
    return msg(
        "The endpoint belongs to {service}, so bw-s3 goes by what it knows of that service.",
        service=service.title,
    )


def defects(settings: Settings) -> tuple[Problem, ...]:
    """Return what is wrong with single settings, wherever they come from."""
    names = ("endpoint", "bucket", "region", "custom_domain", "url_protocol")
    found = (clean(name, getattr(settings, name), settings.provider)[1] for name in names)
    return tuple(problem for problem in found if problem)


def contradictions(settings: Settings) -> tuple[Problem, ...]:
    """Return what is wrong with settings only when they are seen together."""
    found = [problem] if (problem := _unknown_region(settings)) else []
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
                _right_domain(settings),
                field="custom_domain",
                code="custom-domain-without-bucket",
            )
        )
    return tuple(found)


def _right_domain(settings: Settings) -> Message:
    service = service_of(settings)
    domain = service.custom_domain_for(settings)
    return msg("Use {domain}", domain=domain) if domain else service.advice("domain", settings)


def _unknown_region(settings: Settings) -> Problem | None:
    """Return the `Problem` of a region that the service does not have.

    Not where the list may have gaps, nor where another endpoint was entered by hand.
    """
    service, region = preset(settings.provider), settings.region
    if not region or not service.regions_complete or region in service.known_regions:
        return None
    if not service.is_own(settings):
        return None
    near = get_close_matches(region, service.known_regions, n=2)
    return Problem(
        msg("{service} has no region {region}.", service=service.title, region=region),
        msg("Its regions are {regions}.", regions=name_some(service.known_regions, _ALL_NAMED)),
        *(msg("Use {region}", region=name) for name in near),
        Remedy(msg("Enter the region in which the bucket is."), Action.EDIT_PROVIDER),
        msg("If the region is new, choose “Other S3-compatible storage” and enter its endpoint."),
        field="region",
        usage=True,
        code="region-unknown",
    )


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
    return value, temporary_keys() if is_temporary(value) else None


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


def _tidy_endpoint(value: str, service: Preset) -> tuple[str, Problem | None]:
    if value and "://" not in value:
        value = f"{usual_scheme(value)}://{value}"
    if not value:
        what = msg("The endpoint is missing.")
        why = msg("It is the address of the storage service.")
        return "", _wrong("endpoint", what, why, code="endpoint-missing")
    parts = split_url(value)
    value = value.rstrip("/")
    if parts is None or not parts.hostname or not _HOST.fullmatch(parts.hostname):
        what = msg("{value} is not an address.", value=value)
        why = msg("An endpoint is https:// and a host name.")
        return value, _wrong("endpoint", what, why, code="endpoint-invalid")
    if parts.scheme not in ("http", "https"):
        what = msg("{scheme}:// is not http:// or https://.", scheme=parts.scheme)
        return value, _wrong("endpoint", what, msg("S3 speaks HTTP."), code="endpoint-invalid")
    service = service_of(Settings(provider=service.name, endpoint=value))
    if problem := _defect_of_endpoint(parts, service.endpoint_path):
        return value, problem
    return f"{parts.scheme}://{parts.netloc.lower()}{service.endpoint_path}", None


def _defect_of_endpoint(parts: SplitResult, path: str) -> Problem | None:
    """Return what is wrong behind the host, where the service's endpoints end in `path`."""
    more = parts.query or parts.fragment or "@" in parts.netloc
    if parts.path.rstrip("/") == path and not more:
        return None
    if path:
        what = msg("The endpoint does not end in {path}.", path=path)
        why = msg("All endpoints of this service do, with nothing after it.")
    else:
        what = msg("The endpoint contains more than a host.")
        why = msg(
            "It is the address of the service as a whole: the bucket and the files' folders "
            "are added by BookWyrm."
        )
    right = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
    remedy = Remedy(msg("Use {endpoint}", endpoint=right))
    return _wrong("endpoint", what, why, remedy, code="endpoint-invalid")


def _tidy_bucket(value: str, service: Preset) -> tuple[str, Problem | None]:
    value = value.removeprefix("s3://").rstrip("/")
    if not value:
        what = msg("The bucket's name is missing.")
        why = msg("It is the name of the bucket, not of the account.")
        return value, _wrong("bucket", what, why, code="bucket-missing")
    if "/" in value:
        what = msg("That is more than the bucket's name.")
        why = msg("A name has no slash in it.")
        return value, _wrong("bucket", what, why, code="bucket-name-invalid")
    loose = service.bucket_names is BucketNames.LOOSE
    pattern = _LOOSE_BUCKET if loose else _BUCKET
    if not pattern.fullmatch(value) or ".." in value or is_ip_address(value):
        what = msg("{value} is not a valid bucket name.", value=value)
        why = _LOOSE_NAMES if loose else _STRICT_NAMES
        return value, _wrong("bucket", what, why, code="bucket-name-invalid")
    return value, None


_STRICT_NAMES = msg(
    "A name has 3 to 63 characters: lowercase letters, digits, dots and hyphens, with a "
    "letter or a digit at both ends."
)
_LOOSE_NAMES = msg(
    "A name has 3 to 255 characters: letters, digits, dots, hyphens and underscores, with a "
    "letter or a digit at both ends."
)


def _tidy_region(value: str, service: Preset) -> tuple[str, Problem | None]:
    value = value.lower()
    # Some have capitals, such as OpenStack's RegionOne.
    written = next((name for name in service.regions if name.lower() == value), "")
    if written:
        return written, None
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
    parts = split_url(f"https://{value}")
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


def _tidy_ca_file(value: str) -> tuple[str, Problem | None]:
    """Return the whole path: later starts may come from another folder."""
    return "" if value == "none" else str(Path(value).expanduser().absolute()), None


_TIDY: Mapping[str, Callable[[str], tuple[str, Problem | None]]] = {
    "access_key_id": _tidy_access_key,
    "secret_access_key": _tidy_secret_key,
    "custom_domain": _tidy_custom_domain,
    "url_protocol": _tidy_protocol,
    "ca_file": _tidy_ca_file,
}

# What depends on the service, too.
_TIDY_FOR: Mapping[str, Callable[[str, Preset], tuple[str, Problem | None]]] = {
    "endpoint": _tidy_endpoint,
    "bucket": _tidy_bucket,
    "region": _tidy_region,
}

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LOOSE_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
# So many regions are named in full.
_ALL_NAMED = 12
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

"""Which service, region and bucket an address names: an endpoint, a bucket's or a file's URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, unquote

from wizard.core.hosts import is_ip_address, split_url, usual_scheme
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.address_forms import best_fit
from wizard.storage.providers import PRESETS, Preset, ServiceKind, preset

# Longer is no host (RFC 1035, section 2.3.4), and no URL of a file that BookWyrm stores.
_LONGEST_HOST, _LONGEST_URL = 253, 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What an address says; "" for what it does not.

    `endpoint` is without the bucket, and with the scheme that was written (https:// without
    one), "" also where the region that belongs into it is not known; `provider` is "" for a host
    of no service that is known. `bucket_in_host` and `path` tell what was in it besides an
    endpoint; `public` is a custom domain that only such an address tells. `keys` are user and
    password of the URL.
    """

    provider: str = ""
    endpoint: str = ""
    region: str = ""
    bucket: str = ""
    host: str = ""
    path: str = ""
    bucket_in_host: bool = False
    has_scheme: bool = False
    public: str = ""
    is_console: bool = False
    keys: Keys = field(default_factory=Keys)

    @property
    def is_plain_endpoint(self) -> bool:
        """Whether it is the endpoint of a known service, without a bucket."""
        return bool(self.provider and not self.bucket and not self.is_console)

    @property
    def is_http(self) -> bool:
        """Whether it was written with http://."""
        return self.endpoint.startswith("http://")


def service_of(settings: Settings, keys: Keys | None = None) -> Preset:
    """Return what is known of the service at the endpoint, whatever name was chosen for it.

    The endpoint decides: by a wrong name a policy might be set where it locks the keys out, as at
    Scaleway. Where the endpoint is of no service that is known, such as a proxy under a name of
    one's own, the chosen name counts, and without one the service whose keys have this form.
    """
    address = read_address(settings.endpoint)
    if address and address.provider:
        return preset(address.provider)
    chosen = preset(settings.provider)
    if chosen.kind is not ServiceKind.OTHER or keys is None:
        return chosen
    return next((each for each in PRESETS.values() if each.gives(keys)), chosen)


def read_address(text: str) -> Address | None:
    """Return what an address says, with or without a scheme; None where it is no address."""
    if len(text) > _LONGEST_URL:
        return None
    scheme, has_scheme, rest = text.partition("://")
    if has_scheme and scheme.lower() == "s3":
        return _of_s3_url(rest)
    if has_scheme and scheme.lower() not in ("http", "https"):
        return None
    parts = split_url(text if has_scheme else f"{usual_scheme(text)}://{text}")
    if parts is None or not _is_host(parts.hostname or ""):
        return None
    if not has_scheme and not _is_plainly_host(parts):
        return None
    found = _of_console(parts) or _of_service(parts) or _of_unknown_host(parts)
    keys = Keys(unquote(parts.username or ""), unquote(parts.password or ""))
    return replace(found, has_scheme=bool(has_scheme), keys=keys or Keys())


def _of_s3_url(rest: str) -> Address | None:
    """Return what s3://bucket/file names; s3cmd and others write an endpoint so as well."""
    credentials, at, place = rest.rpartition("@")
    name, _, path = place.partition("/")
    user, _, password = credentials.partition(":")
    keys = Keys(unquote(user), unquote(password)) if at and password else Keys()
    host = read_address(place) if "." in name and _is_host(name) else None
    if host and host.provider:
        return replace(host, keys=keys)
    return Address(bucket=name, path=path.strip("/"), keys=keys) if _is_bucket(name) else None


def _of_service(parts: SplitResult) -> Address | None:
    """Return what the address of a service that is known says."""
    fit = best_fit(_host_of(parts), parts.path.strip("/"))
    if fit is None:
        return None
    bucket = fit.bucket if _is_bucket(fit.bucket) else ""
    return Address(
        provider=fit.form.service.name,
        endpoint=fit.endpoint.replace("https:", f"{parts.scheme}:", 1),
        region=fit.region or (fit.plain.region if fit.plain else ""),
        bucket=bucket.rpartition(":")[2],
        host=fit.host,
        path=fit.path,
        bucket_in_host=fit.form.has_bucket_in_host,
        public=fit.public,
    )


def _of_unknown_host(parts: SplitResult) -> Address:
    """Return what is likely: the first folder of a path is the bucket, but for BookWyrm's own."""
    host, path = _host_of(parts), parts.path.strip("/")
    first = path.split("/")[0]
    bucket = first if _is_bucket(first) and first not in ("images", "static") else ""
    return Address(endpoint=f"{parts.scheme}://{host}", host=host, bucket=bucket, path=path)


# Consoles -----------------------------------------------------------------------------------

# A page of a bucket in a service's console, where its address plainly names the bucket.
_CONSOLES = tuple(
    (name, re.compile(host), re.compile(path))
    for name, host, path in (
        (
            "aws",
            r"(?:(?P<region>[a-z0-9-]+)\.)?(?:s3\.)?console\.aws\.amazon\.com",
            r"s3/(?:buckets|object)/(?P<bucket>[^/]+)",
        ),
        (
            "scaleway",
            r"console\.scaleway\.com",
            r"object-storage/buckets/(?P<region>[a-z0-9-]+)/(?P<bucket>[^/]+)",
        ),
        ("digitalocean", r"cloud\.digitalocean\.com", r"spaces/(?P<bucket>[^/]+)"),
    )
)


def _of_console(parts: SplitResult) -> Address | None:
    host, path = _host_of(parts), parts.path.strip("/")
    for name, of_host, of_path in _CONSOLES:
        page, place = of_host.fullmatch(host), of_path.match(path)
        if page and place:
            asked = re.search(r"(?:^|&)region=([a-z0-9-]+)", parts.query)
            named = {**page.groupdict(), **place.groupdict()}
            region = asked[1] if asked else named.get("region") or ""
            found = Settings(region=region)
            return Address(
                provider=name,
                endpoint=preset(name).endpoint_for(found),
                region=region,
                bucket=named["bucket"],
                host=host,
                is_console=True,
            )
    return None


# What is an address at all ------------------------------------------------------------------


def _host_of(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].lower()


_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?")
_DOMAIN = re.compile(r".*\.(?:[a-z]{2,24}|xn--[a-z0-9-]+)")
# Buckets of old services have capitals and underscores; Contabo's have a tenant before a colon.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{1,253}[A-Za-z0-9]")


def _is_host(name: str) -> bool:
    if len(name) > _LONGEST_HOST:
        return False
    return is_ip_address(name) or bool(_HOST.fullmatch(name.lower()) and ".." not in name)


def _is_plainly_host(parts: SplitResult) -> bool:
    """Tell whether a word without a scheme is a host, and no word or key of another kind."""
    name = (parts.hostname or "").lower()
    short = all(len(label) < 64 for label in name.split("."))
    named = name == "localhost" or parts.port or is_ip_address(name) or _DOMAIN.fullmatch(name)
    return short and bool(named)


def _is_bucket(name: str) -> bool:
    return bool(_BUCKET.fullmatch(name))


def is_hosted(name: str) -> bool:
    """Tell whether a preset is a service that somebody runs for all, which always has TLS."""
    return name not in ("", "other") and preset(name).kind is ServiceKind.HOSTED

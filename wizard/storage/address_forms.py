"""The forms that each service's addresses have, from its data, and which of them fits a host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from wizard.core.settings import Settings
from wizard.storage.providers import PRESETS, Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of a service's addresses; `region` where it is the form of one region only.

    `written` is as in the data, with {region}, {bucket} and *.
    """

    service: Preset
    written: str
    host: re.Pattern[str]
    path: re.Pattern[str] | None
    region: str

    @property
    def has_bucket_in_host(self) -> bool:
        """Whether the bucket is a part of the host's name."""
        return "bucket" in self.host.groupindex

    @property
    def is_for_visitors(self) -> bool:
        """Whether files are only read there: a host under another name than the endpoint's."""
        if "{" in self.written or "*" not in self.written:
            return False
        endpoint = self.service.endpoint or self.service.endpoint_example
        return not _name(self.written).startswith(_name(urlsplit(endpoint).netloc))

    @property
    def is_plain(self) -> bool:
        """Whether it is one of an endpoint alone."""
        return not (self.has_bucket_in_host or self.path or self.is_for_visitors)

    def fit(self, host: str, path: str) -> Fit | None:
        """Return how it fits a host and a path without a slash at its ends; None where not."""
        of_host = self.host.fullmatch(host)
        of_path = self.path.match(path) if self.path else None
        if of_host is None or (self.path and of_path is None):
            return None
        named = {**of_host.groupdict(), **(of_path.groupdict() if of_path else {})}
        rest = path[of_path.end() :] if of_path else _below(path, self.service.endpoint_path)
        return Fit(
            form=self,
            host=host,
            path=path,
            region=self.region or named.get("region") or _numbered(self.service, host),
            named_bucket=named.get("bucket", ""),
            rest=rest.strip("/"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a form fits an address; `rest` is what is left of the path."""

    form: Form
    host: str
    path: str
    region: str
    named_bucket: str
    rest: str

    @property
    def weight(self) -> tuple[bool, int, bool, bool]:
        """How much speaks for it: known regions, then what it has in letters of its own."""
        known = not self.region or self.region in self.form.service.known_regions
        letters = len(_PLACE.sub("", self.form.written))
        return known, letters, bool(self.region), not self.named_bucket

    @property
    def bucket(self) -> str:
        """The bucket, with a tenant before it where one is; "" without one."""
        if self.form.is_for_visitors:
            return ""
        return self.named_bucket or self.rest.partition("/")[0]

    @property
    def plain(self) -> Fit | None:
        """How its host without the bucket fits as an endpoint of the same service."""
        host = self.host
        if self.form.has_bucket_in_host:
            host = host.removeprefix(f"{self.named_bucket}.")
        return best_fit(host, "", of=self.form.service)

    @property
    def endpoint(self) -> str:
        """The endpoint with https://, "" where the region in it is not known."""
        service, plain = self.form.service, self.plain
        needs_region = "{region}" in service.endpoint
        if plain and (plain.region or "*" in plain.form.written or not needs_region):
            return f"https://{plain.host}{service.endpoint_path}"
        return service.endpoint_for(Settings(region=self.region))

    @property
    def public(self) -> str:
        """Host and path where visitors read, where nothing but such an address tells it."""
        service, written = self.form.service, self.form.written
        if self.form.is_for_visitors:
            return self.host
        if service.custom_domain or self.form.has_bucket_in_host or not self.bucket:
            return ""
        place = written.partition("/")[2]
        endpoint = service.endpoint_path.strip("/")
        of_endpoint = place in ("", "{bucket}") or (endpoint and place.startswith(endpoint))
        if of_endpoint and ":" not in self.bucket:
            return ""
        end = self.path.index(self.bucket) + len(self.bucket)
        return f"{self.host}/{self.path[:end]}"


def best_fit(host: str, path: str, *, of: Preset | None = None) -> Fit | None:
    """Return the best fit among all forms, or the endpoints of one service; None for none."""
    forms = _plain_forms(of.name) if of else _forms()
    fits = [fit for form in forms if (fit := form.fit(host, path))]
    return max(fits, key=lambda fit: fit.weight) if fits else None


@cache
def _forms() -> tuple[Form, ...]:
    return tuple(form for service in PRESETS.values() for form in _forms_of(service))


@cache
def _plain_forms(name: str) -> tuple[Form, ...]:
    return tuple(form for form in _forms() if form.service.name == name and form.is_plain)


def _forms_of(service: Preset) -> Iterator[Form]:
    endpoint = urlsplit(service.endpoint).netloc
    domain = service.custom_domain if "{host}" not in service.custom_domain else ""
    derived = (endpoint, endpoint and f"{{bucket}}.{endpoint}", domain)
    for written in dict.fromkeys((*service.matches, *filter(None, derived))):
        yield _form(service, written)
    for region, host in service.hosts.items():
        yield _form(service, host, region)
        yield _form(service, f"{{bucket}}.{host}", region)


def _form(service: Preset, written: str, region: str = "") -> Form:
    host, _, path = written.partition("/")
    return Form(
        service=service,
        written=written,
        host=re.compile(_expression(host, _PLACES)),
        path=re.compile(_expression(path, _PLACES_OF_PATH) + r"(?![^/])") if path else None,
        region=region,
    )


_PLACE = re.compile(r"(\{region\}|\{bucket\}|\*)")
_PLACES = {
    "{region}": r"(?P<region>[a-z0-9-]+)",
    "{bucket}": r"(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]*)",
    "*": r"[A-Za-z0-9._-]+",
}
# A path of a tenant is more than letters: Contabo's is TENANT:BUCKET.
_PLACES_OF_PATH = {**_PLACES, "*": r"[^/]+"}


def _expression(written: str, places: Mapping[str, str]) -> str:
    return "".join(places.get(part) or re.escape(part) for part in _PLACE.split(written))


def _numbered(service: Preset, host: str) -> str:
    """Return the region that a host's number means, as in Backblaze's f003; "" for none."""
    number = re.match(r"[a-z](\d{3})\.", host)
    fits = (r for r in service.known_regions if number and r.endswith(f"-{number[1]}"))
    return next(fits, "")


def _below(path: str, endpoint_path: str) -> str:
    """Return what is behind the path in which a service's endpoints end."""
    before = endpoint_path.strip("/")
    if not before:
        return path
    return path[len(before) :] if f"{path}/".startswith(f"{before}/") else ""


def _name(host: str) -> str:
    """Return the part of a host by which a service is called: `idrivee2` of s3.x.idrivee2.com."""
    return ".".join(host.split("/", maxsplit=1)[0].split(".")[-2:-1])

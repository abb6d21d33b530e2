"""Provider, region, bucket and keys in a pasted text, whatever it was copied from.

The text itself is kept nowhere, and nothing of it is in a message but what was understood as an
address, a bucket or a region.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from wizard.core.message import Message, listed, msg, sentences
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.addresses import Address, is_hosted, read_address
from wizard.storage.answers import clean, follow
from wizard.storage.key_forms import (
    are_swapped,
    is_temporary,
    keys_alone,
    looks_like_key,
    temporary_keys,
)
from wizard.storage.pasted import Block, Role, Untidy, read_pasted
from wizard.storage.providers import PRESETS, preset

# A whole `.env` has some ten thousand characters.
LONGEST_PASTE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What one storage's settings say; "" for what they do not. `notes` say what was fixed.

    `name` is the section's in a configuration.
    """

    name: str = ""
    settings: Settings = field(default_factory=Settings)
    keys: Keys = field(default_factory=Keys)
    notes: tuple[Message, ...] = ()

    def __bool__(self) -> bool:
        return self.settings != Settings() or self.keys != Keys()

    @property
    def title(self) -> Message:
        """Its name among others."""
        where = self.settings.bucket or self.settings.endpoint_host
        service = _title(self.settings.provider)
        what = msg("{service}: {bucket}", service=service, bucket=where) if where else service
        return msg("{section} ({service})", section=self.name, service=what) if self.name else what


def recognise(text: str) -> tuple[Recognised, ...]:
    """Return each storage whose settings are in a text, at least one.

    Raises `Problem` where there are none, or where those of two cannot be told apart.
    """
    _check_text(text)
    pasted = read_pasted(text)
    blocks = [block for block in pasted.blocks if not _is_of_another_kind(block)]
    untidy = [said for kind, said in _UNTIDY.items() if kind in pasted.untidy]
    read = [_Reading(block).result(untidy) for block in blocks]
    found = dict.fromkeys(each for each in read if each)
    if not found:
        raise _nothing_in(pasted.blocks, [note for each in read for note in each.notes])
    return tuple(found)


def applied(before: Settings, found: Recognised) -> Settings:
    """Return `before` with what was found, and with what follows from it."""
    new = found.settings
    if not (new.endpoint or new.region or new.bucket) and before.provider:
        new = replace(new, provider="")  # guessed by the keys' form
    told = ("provider", "endpoint", "region", "bucket", "custom_domain", "url_protocol")
    after = replace(before, **{name: getattr(new, name) or getattr(before, name) for name in told})
    if not (new.provider or new.endpoint):
        follows = follow(before, after) if after != before else before
        return replace(follows, provider=before.provider)
    # Of another service's address nothing stays.
    after = replace(
        after,
        provider=new.provider or "other",
        endpoint=new.endpoint,
        region=new.region,
        custom_domain=new.custom_domain,
        url_protocol=new.url_protocol,
    )
    return preset(after.provider).fill(after)


# What cannot be read -----------------------------------------------------------------------


def _check_text(text: str) -> None:
    if not text.strip():
        raise Problem(
            msg("Nothing was pasted."),
            msg("The text is empty, or only spaces."),
            msg("Copy the settings, then paste them here."),
            code="paste-empty",
        )
    if len(text) > LONGEST_PASTE:
        raise Problem(
            msg("The pasted text is too long: {n} characters.", n=len(text)),
            msg("Storage settings are a few lines."),
            msg("Paste only the lines about the storage."),
            code="paste-too-long",
        )
    strange = len(_NOT_TEXT.findall(text))
    if "\x00" in text or strange * 20 > len(text):
        raise Problem(
            msg("What was pasted is not text."),
            msg("It looks like the contents of a picture, an archive or a program."),
            msg("Open the file in an editor and copy the lines about the storage."),
            code="paste-not-text",
        )


# Control characters, and what stands for bytes that are no text.
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")


def _is_of_another_kind(block: Block) -> bool:
    """Tell whether a section is one of rclone's for something else than S3."""
    kind = block.values.get(Role.TYPE, ["s3"])[0]
    return bool(block.name) and kind.lower() != "s3"


def _nothing_in(blocks: Iterable[Block], notes: list[Message]) -> Problem:
    """Return the `Problem` that nothing can be taken from a text, as far as it is known why."""
    what = msg("The pasted text contains no storage settings.")
    if notes:
        return Problem(what, sentences(*notes), _WHAT_TO_PASTE, code="paste-nothing-usable")
    if any(map(_is_of_another_kind, blocks)):
        why = msg("It is a configuration for another kind of storage than S3.")
        return Problem(what, why, _WHAT_TO_PASTE, code="paste-not-s3")
    if any(looks_like_key(word) for block in blocks for word in block.words):
        return Problem(
            msg("The pasted text contains only a key."),
            msg("A key without its name may be the access key or the secret key."),
            msg("Paste it into the right field of the form, or paste both keys here."),
            code="paste-only-a-key",
        )
    why = msg("Neither an address of a storage service nor a named key was found.")
    return Problem(what, why, _WHAT_TO_PASTE, code="paste-nothing-found")


_WHAT_TO_PASTE = msg(
    "Paste an endpoint, the address of a bucket, or the lines of a configuration with their names, "
    "such as AWS_ACCESS_KEY_ID=…"
)

_UNTIDY: Mapping[Untidy, Message] = MappingProxyType(
    {
        Untidy.INVISIBLE: msg("Invisible characters were removed."),
        Untidy.SMART_QUOTES: msg(
            "Typographic quotes around values were removed: programs would read them as part of "
            "the value."
        ),
        Untidy.QUOTES: msg(
            "Quotes around values were removed: here they would be read as part of the value."
        ),
        Untidy.WINDOWS_LINES: msg(
            "Windows line endings were removed: in .env they would become part of each value."
        ),
    }
)


# One block ---------------------------------------------------------------------------------


class _Reading:
    """What one block says, found step by step."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._notes: list[Message] = []
        # Its values by role; of several only where the first is meant.
        self._endpoint = self._address(Role.ENDPOINT) or self._address(Role.HOST)
        self._domain = self._address(Role.DOMAIN)
        self._named = self._endpoint is not None
        self._others: list[Address] = []

    def result(self, untidy: Iterable[Message]) -> Recognised:
        """Return what was found. Raises `Problem` where it is about two storages."""
        self._read_words()
        self._unswap()
        settings = self._settings()
        keys = self._keys()
        if self._notes or settings != Settings() or keys != Keys():
            self._notes += untidy
        return Recognised(
            name=self._block.name, settings=settings, keys=keys, notes=tuple(self._notes)
        )

    def _values(self, role: Role) -> list[str]:
        return self._block.values.get(role, [])

    def _value(self, role: Role) -> str:
        values = self._values(role)
        return values[0] if values else ""

    # Addresses ---------------------------------------------------------------------------

    def _address(self, role: Role) -> Address | None:
        values = self._values(role)
        addresses = [address for value in values if (address := read_address(value))]
        if values and not addresses:
            self._notes.append(_NO_ADDRESS[role])
        _check_same_service(addresses)
        return addresses[0] if addresses else None

    def _read_words(self) -> None:
        """Take addresses that stand alone for what is not named."""
        words = [read_address(word) for word in self._block.words]
        found = [each for each in words if each and (len(words) == 1 or _is_meant(each))]
        _check_same_service([each for each in (self._endpoint, *found) if each])
        for address in found:
            own_host = not address.provider and bool(address.endpoint)
            if self._endpoint is None and address.endpoint and not _is_for_visitors(address):
                self._endpoint = address
            elif self._domain is None and own_host:
                self._domain = address
            else:
                self._others.append(address)

    def _unswap(self) -> None:
        """Exchange endpoint and custom domain where only that makes sense."""
        endpoint, domain = self._endpoint, self._domain
        if not (domain and domain.is_plain_endpoint):
            return
        if endpoint is None:
            self._endpoint, self._domain = domain, None
            self._notes.append(_DOMAIN_IS_ENDPOINT)
        elif not endpoint.is_plain_endpoint:
            self._endpoint, self._domain = domain, endpoint
            self._notes.append(msg("Endpoint and custom domain were swapped."))

    @property
    def _seen(self) -> tuple[Address, ...]:
        """Each address, those first that say the most."""
        return tuple(a for a in (self._endpoint, self._domain, *self._others) if a)

    # Settings ----------------------------------------------------------------------------

    def _settings(self) -> Settings:
        provider = self._provider()
        found = Settings(provider=provider)
        found = replace(found, region=self._region(provider))
        found = replace(found, bucket=self._bucket(provider))
        found = replace(found, endpoint=self._endpoint_of(found))
        domain, protocol = self._domain_of(found)
        return replace(found, custom_domain=domain, url_protocol=protocol)

    def _provider(self) -> str:
        by_address = next((a.provider for a in self._seen if a.provider), "")
        by_name = _named_provider(self._value(Role.PROVIDER))
        if by_address or self._endpoint is None:
            return by_address or by_name
        # Behind another host there may be a server of one's own, but no service of others.
        return "other" if is_hosted(by_name) else by_name or "other"

    def _region(self, provider: str) -> str:
        by_address = next((a.region for a in self._seen if a.region), "")
        written = _region_of(self._value(Role.REGION), provider)
        if by_address and written and written != by_address:
            self._notes.append(
                msg(
                    "The region {region} is not the one in the address, which is {right}.",
                    region=written,
                    right=by_address,
                )
            )
        elif by_address and not written and self._named:
            self._notes.append(
                msg("The region was missing; the address says {region}.", region=by_address)
            )
        if self._seen and not (by_address or written) and _needs_region(provider):
            self._notes.append(
                msg("The address does not say in which region the bucket is. Enter the region.")
            )
        return by_address or written

    def _bucket(self, provider: str) -> str:
        named = [b for v in self._values(Role.BUCKET) if (b := _bucket_of(v, provider))]
        in_addresses = [a.bucket for a in (*self._seen, *self._of_host_bucket()) if a.bucket]
        buckets = list(dict.fromkeys(named or in_addresses))
        if len(buckets) > 1:
            self._notes.append(
                msg(
                    "The text names several buckets: {buckets}. Enter yours in the form.",
                    buckets=listed(buckets),
                )
            )
            return ""
        bucket = buckets[0] if buckets else ""
        self._note_bucket(bucket, in_addresses)
        return bucket

    def _note_bucket(self, bucket: str, in_addresses: list[str]) -> None:
        others = [name for name in in_addresses if name != bucket]
        if bucket and others:
            self._notes.append(
                msg(
                    "The address names the bucket {other}, the settings {bucket}. Check which one "
                    "is meant.",
                    other=others[0],
                    bucket=bucket,
                )
            )
        if bucket and self._block.software:
            self._notes.append(
                msg(
                    "These are settings of {software}. BookWyrm needs a bucket of its own.",
                    software=self._block.software,
                )
            )

    def _of_host_bucket(self) -> Iterable[Address]:
        """Return the bucket where s3cmd's `host_bucket` names one, and not a place for it."""
        written = self._value(Role.HOST_BUCKET)
        address = read_address(written) if "%(" not in written else None
        return [address] if address else []

    def _endpoint_of(self, found: Settings) -> str:
        address = self._endpoint
        if address is None:
            return preset(found.provider).endpoint_for(found) if found.region else ""
        endpoint = address.endpoint or preset(found.provider).endpoint_for(found)
        if not address.provider:
            endpoint = _without_bucket(endpoint, found.bucket)
        endpoint = self._with_right_scheme(endpoint, address)
        if self._named:
            self._note_endpoint(address, endpoint, found.bucket)
        return endpoint

    def _note_endpoint(self, address: Address, endpoint: str, bucket: str) -> None:
        """Say what does not belong into an endpoint."""
        in_unknown_host = not address.provider and address.host.startswith(f"{bucket}.")
        with_bucket = address.bucket_in_host or (bucket and in_unknown_host)
        if with_bucket and endpoint:
            self._notes.append(
                msg(
                    "The endpoint contained the bucket, which BookWyrm adds by itself. Changed to "
                    "{endpoint}.",
                    endpoint=endpoint,
                )
            )
        elif address.path and endpoint.rstrip("/").endswith(address.host):
            self._notes.append(
                msg(
                    "The endpoint contained a path, which does not belong there. Changed to "
                    "{endpoint}.",
                    endpoint=endpoint,
                )
            )
        elif self._value(Role.ENDPOINT).endswith("/"):
            self._notes.append(msg("A slash at the end of the endpoint was removed."))

    def _with_right_scheme(self, endpoint: str, address: Address) -> str:
        if not endpoint.startswith("http://") and self._value(Role.HTTPS).lower() not in _NO:
            return endpoint
        rest = endpoint.partition("://")[2]
        if not is_hosted(address.provider):
            return f"http://{rest}" if rest else endpoint
        if address.is_http:
            self._notes.append(
                msg(
                    "The endpoint began with http://. Changed to https://, as this service "
                    "requires."
                )
            )
        return f"https://{rest}" if rest else endpoint

    def _domain_of(self, found: Settings) -> tuple[str, str]:
        """Return custom domain and protocol as far as they are in it."""
        address = self._domain
        public = next((a.public for a in self._seen if a.public), "")
        if address is None:
            return public, "https:"
        if not address.bucket and address.host == Settings(endpoint=found.endpoint).endpoint_host:
            self._notes.append(
                msg("The custom domain was the endpoint's host, without the bucket.")
            )
            return public, "https:"
        domain = "/".join(filter(None, (address.host, self._path_of(address))))
        plain = address.has_scheme and address.is_http
        plain = plain or self._value(Role.PROTOCOL).lower().startswith("http:")
        return clean("custom_domain", domain)[0], "http:" if plain else "https:"

    def _path_of(self, address: Address) -> str:
        """Return the path of a custom domain, without the folders that BookWyrm adds."""
        path = _OWN_FOLDERS.sub("", address.path)
        if path != address.path and Role.DOMAIN in self._block.values:
            self._notes.append(
                msg("/images and /static were removed from the custom domain; BookWyrm adds them.")
            )
        return path

    # Keys --------------------------------------------------------------------------------

    def _keys(self) -> Keys:
        keys = Keys(self._key(Role.ACCESS_KEY), self._key(Role.SECRET_KEY))
        if keys == Keys():
            keys = next((a.keys for a in self._seen if a.keys), keys_alone(self._block.words))
        open_roles = self._block.left_open
        self._notes += [said for role, said in _LEFT_OPEN.items() if role in open_roles]
        if are_swapped(keys):
            keys = Keys(keys.secret_access_key, keys.access_key_id)
            self._notes.append(msg("Access key and secret key were swapped."))
        if self._values(Role.SESSION_TOKEN) or is_temporary(keys.access_key_id):
            refused = temporary_keys()
            self._notes.append(sentences(refused.what, refused.why, refused.remedies[0].text))
            return Keys()
        return keys

    def _key(self, role: Role) -> str:
        values = self._values(role)
        if len(values) > 1:
            self._notes.append(
                msg("The text contains several keys of the same kind. Enter yours in the form.")
            )
            return ""
        field_name = "access_key_id" if role is Role.ACCESS_KEY else "secret_access_key"
        value, problem = clean(field_name, values[0]) if values else ("", None)
        # Why temporary keys are refused is said of both together.
        return "" if problem and not is_temporary(value) else value


_LEFT_OPEN: Mapping[Role, Message] = MappingProxyType(
    {
        Role.ACCESS_KEY: msg("The text has only a placeholder in place of the access key."),
        Role.SECRET_KEY: msg("The text has only a placeholder in place of the secret key."),
        Role.ENDPOINT: msg("The text has only a placeholder in place of the endpoint."),
        Role.BUCKET: msg("The text has only a placeholder in place of the bucket."),
    }
)
_NO_ADDRESS: Mapping[Role, Message] = MappingProxyType(
    {
        Role.ENDPOINT: msg("The endpoint in the text is not an address."),
        Role.HOST: msg("The host in the text is not an address."),
        Role.DOMAIN: msg("The custom domain in the text is not an address."),
    }
)
_DOMAIN_IS_ENDPOINT = msg(
    "The custom domain was the address of the service. It is now the endpoint."
)
_NO = ("false", "no", "off", "0")
_OWN_FOLDERS = re.compile(r"(?:^|/)(?:images|static)(?:/.*)?$")


def _is_meant(address: Address) -> bool:
    """Tell whether an address among others is one of a storage, and not of its documentation."""
    return bool(address.provider or not address.endpoint or _is_for_visitors(address))


def _is_for_visitors(address: Address) -> bool:
    """Tell whether it is the address of one of BookWyrm's files on a host of one's own."""
    first = address.path.split("/", maxsplit=1)[0]
    return not address.provider and first in ("images", "static")


def _check_same_service(addresses: Iterable[Address]) -> None:
    """Raise a `Problem` where addresses are of two services, or of two regions of one."""
    named = {(a.provider, a.region): a for a in addresses if a.provider and a.endpoint}
    if len(named) > 1:
        titles = [_place(address) for address in named.values()]
        raise Problem(
            msg("The text contains several storage services: {storages}.", storages=listed(titles)),
            msg("It is not clear which of them is meant."),
            msg("Paste only the settings that BookWyrm will use."),
            code="paste-of-several-storages",
        )


def _place(address: Address) -> Message:
    title = _title(address.provider)
    return msg("{service} ({region})", service=title, region=address.region or address.host)


def _title(provider: str) -> Message:
    return preset(provider).title if provider else msg("unknown provider")


def _named_provider(name: str) -> str:
    """Return the preset that rclone's name of a service means, "" for none."""
    wanted = _RCLONE.get(_letters(name), _letters(name))
    if not wanted or wanted == "other":
        return ""
    fits = (
        found.name
        for found in PRESETS.values()
        if _letters(found.name) == wanted or (len(wanted) > 3 and wanted in _letters(found.title))
    )
    return next(fits, "")


# Where rclone's name of a service is in neither the short name nor the title.
_RCLONE = MappingProxyType({"gcs": "googlecloudstorage"})


def _needs_region(provider: str) -> bool:
    return "{region}" in preset(provider).endpoint


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _region_of(written: str, provider: str) -> str:
    region, problem = clean("region", written, provider)
    # s3cmd's word for AWS's first region, which it writes for all services.
    return "" if problem or region == "us" else region


def _bucket_of(written: str, provider: str) -> str:
    address = read_address(written) if "/" in written else None
    name, problem = clean("bucket", address.bucket if address else written, provider)
    return "" if problem else name


def _without_bucket(endpoint: str, bucket: str) -> str:
    return endpoint.replace(f"://{bucket}.", "://", 1) if bucket else endpoint

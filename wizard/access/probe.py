"""Live checks of a storage, with canary objects and exactly what BookWyrm will use.

They change nothing that lasts: what they store they remove, and the CORS rules
they set are those that were there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from wizard.access.canaries import Canaries, Canary
from wizard.access.openings import first_way
from wizard.access.own_authority import authority_checks
from wizard.access.policy import PREFIXES
from wizard.access.problems import (
    KEYS_ACCEPTED,
    ReadAccess,
    acl_check,
    clock_check,
    endpoint_check,
    failed_between,
    is_missing_bucket,
    needs_newer_bookwyrm,
    not_published,
    not_replaced,
    tls_check,
    wrong_domain,
)
from wizard.access.public_address import is_answer, public_problem
from wizard.access.public_read import listing_check
from wizard.core.events import Check, failed, later, passed, remark
from wizard.core.message import NOTHING, Message, listed, msg, plural
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import name_some
from wizard.journal.entries import Entry, json_entry
from wizard.step import Question
from wizard.storage.addresses import service_of
from wizard.storage.answers import contradictions, defects, unusable
from wizard.storage.bucket import Bucket, CorsRule
from wizard.storage.key_forms import comes_with_token, is_temporary, temporary_keys
from wizard.storage.problems import missing_bucket, will_pass
from wizard.storage.providers import CorsSetting, PublicReadWay
from wizard.web.visitor import address, ask_until, fetch, fetch_endpoint

if TYPE_CHECKING:
    from wizard.core.settings import Settings
    from wizard.step import Context

_MOST_COUNTED = 10_000
_ACL_ACCEPTED = msg("Does the storage accept the ACL public-read?")
# The check whether the public can read, before anything is there for good.
_PUBLIC_READ = "public-read"
# The bucket's place, and its CORS rules before the probe set its own.
_CORS_BEFORE: Entry[tuple[str, list[CorsRule]]] = json_entry("cors before the probe", tuple)
# What is said of the public's reading before anything lets it in.
_TO_COME: Mapping[PublicReadWay, Message] = {
    PublicReadWay.POLICY: msg(
        "not yet: a bucket policy will open images/* and static/*, and nothing else"
    ),
    PublicReadWay.BUCKET_ACL: msg("not yet: the bucket's own ACL will open the whole bucket"),
    PublicReadWay.CONSOLE: msg("not yet: it has to be allowed in the provider's console"),
}
_CORS_OTHERWISE: Mapping[CorsSetting, Message] = {
    CorsSetting.CONSOLE: msg("not from here: it is done in the provider's console, further below"),
    CorsSetting.OPEN: msg(
        "not needed: this storage allows every origin by itself, as will be checked"
    ),
}
# Sets and reads rules without meaning anything for a real site.
_PROBE_RULE = {
    "AllowedOrigins": ["https://bw-s3.invalid"],
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["*"],
    "MaxAgeSeconds": 3000,
}


@dataclass(slots=True, kw_only=True)
class Probe:
    """One run of the checks, and what they found.

    `acl` is what BookWyrm shall send. `why_closed`: what was refused where the public is to be
    let in. `cors_by_hand`: CORS rules are not ours to set, for `cors_refused` where that is known.
    """

    context: Context
    bucket: Bucket = field(init=False)
    canaries: Canaries = field(init=False)
    read_access: ReadAccess = ReadAccess.UNKNOWN
    acl: str = ""
    plain: list[Canary] = field(default_factory=list)
    with_acl: list[Canary] = field(default_factory=list)
    why_closed: Problem | None = None
    cors_by_hand: bool = False
    cors_refused: Problem | None = None

    @property
    def settings(self) -> Settings:
        """The settings under test."""
        return self.context.settings

    def begin(self) -> None:
        """Check the settings by themselves. Raises `Problem`."""
        if problem := unusable(self.settings):
            raise problem
        self.settings.require("endpoint", "bucket", "custom_domain")
        require_keys(self.context)
        for problem in (*defects(self.settings), *contradictions(self.settings)):
            raise problem
        self.bucket = Bucket(self.settings, self.context.keys)
        self.canaries = Canaries(self.bucket, self.context.journal)

    async def looks(self) -> AsyncGenerator[Check, None]:
        """Yield the checks that store nothing: endpoint, TLS, clock, keys, bucket, its contents."""
        await asyncio.to_thread(self.begin)
        seen = await fetch_endpoint(self.settings.endpoint)
        yield endpoint_check(seen, self.settings)
        yield tls_check(self.settings)
        async for check in authority_checks(self.context):
            yield check
        yield clock_check(seen)
        there = await asyncio.to_thread(self.bucket.exists)
        yield passed(KEYS_ACCEPTED, msg("yes"), code="keys-accepted")
        if told := _told_by_keys(self.context):
            yield told
        asked = _is_there(self.bucket)
        if not there:
            yield failed(asked, missing_bucket(self.settings), code="bucket-exists")
            return
        yield passed(asked, msg("yes"), code="bucket-exists")
        yield await asyncio.to_thread(self._limits)
        yield await asyncio.to_thread(self._contents)
        yield await listing_check(self.bucket)

    async def trials(self) -> AsyncGenerator[Check, None]:
        """Yield the checks with canaries: writing, ACL, public reads, CORS; removes all again."""
        try:
            await asyncio.to_thread(self._clean_up)
            yield await asyncio.to_thread(self._write)
            yield await asyncio.to_thread(self._overwrite)
            yield await asyncio.to_thread(self._try_acl)
            async for check in self._public_reads():
                yield check
            yield await asyncio.to_thread(self._try_cors)
            removed = await asyncio.to_thread(self.canaries.remove)
            seen = plural(
                "yes, the {n} test file is gone", "yes, the {n} test files are gone", removed
            )
            yield passed(msg("Can objects be deleted?"), seen, code="delete-objects")
        finally:
            await asyncio.to_thread(self.canaries.try_to_remove)

    def _clean_up(self) -> None:
        """Remove what a run that was killed left behind."""
        self.canaries.remove()
        self._put_cors_back()

    def _put_cors_back(self) -> None:
        """Put back the CORS rules that a probe replaced, where one was killed in between."""
        before = self.context.journal.recall(_CORS_BEFORE)
        if before is None:
            return
        place, rules = before
        try:
            if place == self.bucket.place and _is_probe(self.bucket.get_cors()):
                self.bucket.put_cors(rules)
        except Problem:
            # Remembered until it works; the rule means nothing to any real site.
            return
        self.context.journal.forget(_CORS_BEFORE)

    def _limits(self) -> Check:
        """Say where the keys lead to other buckets too, as far as a list of them shows it."""
        asked, code = msg("Are the keys limited to this bucket?"), "keys-limited"
        others = self.bucket.others()
        if not others:
            return passed(asked, msg("yes, as far as can be seen"), code=code)
        seen = plural(
            "no, they can see {n} other bucket too ({names}); BookWyrm needs this one only",
            "no, they can see {n} other buckets too ({names}); BookWyrm needs this one only",
            len(others),
            names=name_some(others, 3),
        )
        return remark(asked, seen, code=code)

    def _contents(self) -> Check:
        asked, code = msg("Is the bucket empty?"), "bucket-empty"
        folders, loose = self.bucket.top()
        below = [self._count_below(folder) for folder in folders]
        found = [others for others, _ in below if others]
        if loose:
            found.append(msg("{number} outside of folders", number=len(loose)))
        if found:
            seen = msg(
                "no, these objects are there already, and stay: {objects}", objects=listed(found)
            )
            if any(has_ours for _, has_ours in below):
                seen = msg(
                    "no, besides what bw-s3 copied there, these objects are there, and stay: "
                    "{objects}",
                    objects=listed(found),
                )
            return remark(asked, seen, code=code)
        if folders:
            return passed(asked, msg("yes, except for what this migration put there"), code=code)
        return passed(asked, msg("yes"), code=code)

    def _count_below(self, prefix: str) -> tuple[Message, bool]:
        """Say how many objects below a prefix are not ours, "" for none; and whether some are."""
        announced, place = self.context.journal.was_announced, self.settings.destination
        objects = islice(self.bucket.list_objects(prefix), _MOST_COUNTED + 1)
        ours = [announced(place, item.key) for item in objects]
        count, has_ours = ours.count(False), any(ours[:_MOST_COUNTED])
        if not count:
            return NOTHING, has_ours
        if len(ours) > _MOST_COUNTED:
            more = msg("more than {number} in {folder}", number=count - 1, folder=prefix)
            return more, has_ours
        return msg("{number} in {folder}", number=count, folder=prefix), has_ours

    def _write(self) -> Check:
        self.plain = [self.canaries.put(prefix) for prefix in PREFIXES]
        asked = msg("Can files be stored below images/ and static/?")
        return passed(asked, msg("yes"), code="store-objects")

    def _overwrite(self) -> Check:
        self.plain = [self.canaries.overwrite(canary) for canary in self.plain]
        asked, code = msg("Can they be replaced and read back?"), "replace-objects"
        for canary in self.plain:
            if self.bucket.get(canary.key) != canary.body:
                return failed(asked, not_replaced(canary.key), code=code)
        return passed(asked, msg("yes, byte for byte"), code=code)

    def _try_acl(self) -> Check:
        """Store the same with public-read; what comes of it public reads tell."""
        try:
            self.with_acl = [self.canaries.put(prefix, acl="public-read") for prefix in PREFIXES]
        except Problem as problem:
            if will_pass(problem):
                raise
            # Without the ACL it went well, so the ACL is what was refused.
            return self._refused_acl(problem)
        return passed(_ACL_ACCEPTED, msg("yes"), code="acl-accepted")

    def _refused_acl(self, problem: Problem) -> Check:
        if self.context.instance.abilities.default_acl:
            seen = msg("no; BookWyrm will send none (AWS_DEFAULT_ACL stays empty)")
            return passed(_ACL_ACCEPTED, seen, code="acl-accepted")
        newer = needs_newer_bookwyrm(self.context.instance.version, problem)
        return failed(_ACL_ACCEPTED, newer, code="acl-accepted")

    async def _public_reads(self) -> AsyncGenerator[Check, None]:
        """Find the way in which the public gets to read, and whether the custom domain works."""
        self.read_access = await self._find_way()
        self.acl = "public-read" if self.read_access is ReadAccess.ACL else ""
        if self.with_acl:
            yield acl_check(self.read_access)
        asked = msg("Can the public read through {domain}?", domain=self.settings.custom_domain)
        if self.read_access is ReadAccess.CLOSED:
            yield await self._before_opening(asked)
            return
        for prefix in PREFIXES:
            problem = await public_problem(
                self.context, self.canaries, prefix, acl=self.acl, seconds=3, at_endpoint=True
            )
            if problem is not None:
                yield failed(asked, problem, code=_PUBLIC_READ)
                return
        yield passed(asked, msg("yes"), code=_PUBLIC_READ)

    async def _before_opening(self, asked: Message) -> Check:
        """Check that the address is right, all that can be said before anybody is let in."""
        way, self.why_closed = await first_way(self.context, self.bucket)
        seen = await fetch(f"{self.settings.public_base}/{self.plain[0].key}")
        wrong = seen.ok or not_published(self.settings, seen) is not None
        # The host of a service's console may be there only once somebody has asked for it.
        if way is not PublicReadWay.CONSOLE:
            wrong = wrong or seen.error is not None or seen.status == 404
        if wrong:
            problem = wrong_domain(self.settings, seen, at_endpoint=False)
            return failed(asked, problem, code=_PUBLIC_READ)
        return remark(asked, _TO_COME[way], code=_PUBLIC_READ)

    async def _find_way(self) -> ReadAccess:
        if await self._anywhere(self.plain[0], 0):
            return ReadAccess.OPEN
        if self.with_acl and await self._anywhere(self.with_acl[0], 1):
            return ReadAccess.ACL
        return ReadAccess.CLOSED

    async def _anywhere(self, canary: Canary, seconds: float) -> bool:
        """Tell whether the public reads it, through the custom domain or at the endpoint itself."""
        url = address(self.settings, canary.key)
        if is_answer(canary, await ask_until(seconds, lambda: fetch(url), lambda seen: seen.ok)):
            return True
        return is_answer(canary, await fetch(f"{self.bucket.place}/{canary.key}"))

    def _try_cors(self) -> Check:
        """Read the CORS rules, set them again, and read them back, where the service lets us."""
        asked, code = msg("Can CORS rules be read and set?"), "cors-settable"
        service = self.context.service
        self.cors_by_hand = service.cors is not CorsSetting.API
        if self.cors_by_hand:
            return later(asked, _CORS_OTHERWISE[service.cors], code=code)
        try:
            self.set_cors_and_back()
        except Problem as problem:
            if will_pass(problem):
                unknown = msg("not known: {what} The step “CORS” tries again.", what=problem.what)
                return remark(asked, unknown, code=code)
            self.cors_by_hand, self.cors_refused = True, problem
            by_hand = msg(
                "no: {what} You will have to set them by hand: {advice}",
                what=problem.what,
                advice=service.advice("cors", self.settings),
            )
            return remark(asked, by_hand, code=code)
        return passed(asked, msg("yes"), code=code)

    def set_cors_and_back(self) -> None:
        """Set the CORS rules that are there, or one of ours for a moment.

        Raises `Problem` where the storage refuses that, or forgets them.
        """
        before = self.bucket.get_cors()
        if before:
            self.bucket.put_cors(before)
            return
        self.context.journal.remember(_CORS_BEFORE, (self.bucket.place, before))
        self.bucket.put_cors([_PROBE_RULE])
        kept = self.bucket.get_cors()
        self.bucket.put_cors(before)
        self.context.journal.forget(_CORS_BEFORE)
        if not kept:
            raise Problem(
                msg("The storage accepts CORS rules but does not keep them."),
                msg("It does not support them."),
                code="cors-rules-forgotten",
            )


async def live_checks(probe: Probe) -> AsyncGenerator[Check, None]:
    """Run every check of a probe, one by one, the first failure last.

    What they found (the way in, and the ACL) the probe has afterwards. Asks whether to create
    a bucket that is missing.
    """
    asked = ""
    try:
        async for check in probe.looks():
            asked = check.asked
            if is_missing_bucket(check) and await create_bucket(probe.context, probe.bucket):
                async for again in _after_creation(probe):
                    yield again
                continue
            yield check
            if check.problem:
                return
        # Closed here and now, so that the canaries are gone before anybody continues.
        async with aclosing(probe.trials()) as trials:
            async for check in trials:
                yield check
                if check.problem:
                    return
    except Problem as problem:
        yield failed_between(problem, asked or msg("Do the settings fit together?"))


async def _after_creation(probe: Probe) -> AsyncGenerator[Check, None]:
    created = msg("yes, it was created now")
    yield passed(_is_there(probe.bucket), created, code="bucket-exists")
    yield await listing_check(probe.bucket)


async def create_bucket(context: Context, bucket: Bucket) -> bool:
    """Offer to create the bucket. Raises `Problem` where that is refused."""
    text = msg(
        "There is no bucket {bucket} at {endpoint}. Create it?",
        bucket=bucket.name,
        endpoint=bucket.settings.endpoint_host,
    )
    question = Question(text=text, yes=msg("Create it"), no=msg("Choose another one"))
    if not await context.ask(question):
        return False
    await asyncio.to_thread(bucket.create)
    return True


def require_keys(context: Context) -> None:
    """Raise a `Problem` where the keys are not known, or expire."""
    if context.keys:
        if comes_with_token(context.keys):
            raise temporary_keys(_WITHOUT_TOKEN)
        if is_temporary(context.keys.access_key_id):
            raise temporary_keys(context.service.advice("keys", context.settings))
        return
    raise Problem(
        msg("The keys of the storage are not known."),
        msg(
            "They are neither in .env nor in the environment "
            "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or one of the two is missing."
        ),
        context.service.advice("keys", context.settings),
        Remedy(msg("Enter the access key and the secret key."), Action.EDIT_PROVIDER),
        field="secret_access_key" if context.keys.access_key_id else "access_key_id",
        usage=True,
        code="keys-unknown",
    )


_WITHOUT_TOKEN = msg(
    "If the keys in .env are the right ones, start bw-s3 without those of the environment: unset "
    "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
)


def _told_by_keys(context: Context) -> Check | None:
    """Say whose service it is where only the keys tell; None where something else does."""
    service = context.service
    if service is service_of(context.settings):
        return None
    asked = msg("Which service is behind {endpoint}?", endpoint=context.settings.endpoint_host)
    seen = msg(
        "{service}, by the form of the keys: bw-s3 goes by what it knows of that service",
        service=service.title,
    )
    return remark(asked, seen, code="service-by-keys")


def _is_there(bucket: Bucket) -> Message:
    return msg("Is the bucket {bucket} there?", bucket=bucket.name)


def _is_probe(rules: list[CorsRule]) -> bool:
    """Tell whether the rules are those of a probe, and nobody set others since."""
    return [r.get("AllowedOrigins") for r in rules] == [_PROBE_RULE["AllowedOrigins"]]

"""The way back, step 5: what was turned for S3 goes back to what it was, if that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wizard.access.earlier_buckets import close_again, was_opened
from wizard.assets.added_rules import rules_were_added, take_rules_out
from wizard.core.events import Check, passed, remark
from wizard.core.message import Message, joined, marked, msg
from wizard.core.plan import Diff, Plan, PlanItem, Sentence
from wizard.journal.entries import flag_entry
from wizard.step import Context, Fact, Finding, Question, TypedStep
from wizard.storage.bucket import Bucket
from wizard.switch.env_mode import put_mode_back
from wizard.switch.follow import files_of
from wizard.switch.storage_lines import (
    remembers_storage_lines,
    restore_storage_lines,
    with_storage_lines_of_before,
)

# How `rollback` is told that nobody needs the bucket any more.
CLOSE_BUCKET = "--close-bucket"
_OTHERS = msg(
    "Other servers of the Fediverse remember old addresses: as long as the bucket is public, they "
    "still show the pictures that they load from it."
)
_KEPT = msg("The objects themselves are never deleted.")
_TO_DO_IT = msg("To undo them later: bw-s3 rollback --yes --close-bucket")


# The steps there that did what is put back: to go there again, they are to be done again.
_UNDONE_TOO = ("configure_provider", "set_cors")

# That it is to be left; true of this return from S3 only, and asked again after the next.
_LEFT = flag_entry("close_bucket.left")


def forget_answer(context: Context) -> None:
    """Have it asked again."""
    context.journal.forget(_LEFT)


def _when(context: Context) -> dict[str, str]:
    state = files_of(context).read()
    return {"switch": state.id if state else ""}


class CloseBucket(TypedStep[bool]):
    """Puts back the bucket's policy, its CORS rules and the lines of `.env`; deletes no object."""

    name = "close_bucket"
    title = msg("Close bucket")
    purpose = msg(
        "What bw-s3 changed for S3 can go back to what it was: the bucket's policy and CORS rules, "
        "and the lines of .env. Only if you want that."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return which bucket it is."""
        return {"endpoint": context.settings.endpoint, "bucket": context.settings.bucket}

    async def inspect(self, context: Context) -> Finding:
        """Look whether anything is recorded that could go back, and was not to be left."""
        changed = _changed(context)
        left = context.journal.recall(_LEFT.true_of(_when(context))) is True
        facts = (Fact(msg("changed"), _in_a_row(changed)),)
        return Finding(left or not changed, facts if changed else ())

    async def plan(self, context: Context) -> Plan:
        """Return what would go back, and who may still need it."""
        changed = _changed(context)
        if not changed:
            text = msg(
                "bw-s3 changed nothing here that could be undone; everything stays as it is."
            )
            return Plan((Sentence(text),))
        text = msg(
            "If you agree, these go back to what they were: {things}.",
            things=_in_a_row(changed),
        )
        items: list[PlanItem] = [Sentence(text), Sentence(_OTHERS, warning=True)]
        env = context.instance.env_file()
        old = with_storage_lines_of_before(context, env)
        if old.changed:
            items.append(Diff(str(env.path), env.diff(old, context.masker)))
        return Plan(tuple(items), _KEPT)

    async def apply(self, context: Context) -> bool:
        """Ask, and put it back for a yes; returns whether that was done."""
        changed = _changed(context)
        if not changed:
            return True
        question = Question(
            text=msg(
                "Undo what bw-s3 changed for S3 ({things})? {others} {kept}",
                things=_in_a_row(changed),
                others=_OTHERS,
                kept=_KEPT,
            ),
            yes=msg("Undo it: nobody needs the bucket any more"),
            no=msg("Leave it as it is"),
            only_a_person=True,
            option=CLOSE_BUCKET,
        )
        if not await context.ask(question):
            context.journal.remember(_LEFT.true_of(_when(context)), True)
            return False
        # The keys are in the lines, so these come last.
        await asyncio.to_thread(close_again, context, context.settings)
        bucket = await asyncio.to_thread(Bucket, context.settings, context.keys)
        await asyncio.to_thread(take_rules_out, context, bucket)
        await restore_storage_lines(context)
        put_mode_back(context)
        for name in _UNDONE_TOO:
            context.journal.forget_result(name)
        return True

    async def verify(self, context: Context, found: bool) -> Sequence[Check]:
        """Say what was put back, and what was not."""
        asked, code = msg("Is everything as it was before S3?"), "bucket-closed"
        left = _changed(context)
        if found and not left:
            check = passed(asked, msg("yes; the objects stay in the bucket"), code=code)
        else:
            seen = msg("no, changes for S3 remain. {to_do}", to_do=_TO_DO_IT)
            check = remark(asked, seen, code=code)
        context.report(check)
        return [check]


def _in_a_row(changed: Sequence[Message]) -> Message:
    return joined(changed, marked("{before}, {next}"))


def _changed(context: Context) -> list[Message]:
    """Return what bw-s3 has on record that it changed."""
    found = {
        msg("the bucket's policy"): was_opened(context),
        msg("its CORS rules"): rules_were_added(context, context.settings.bucket_place),
        msg("the lines of the storage in .env"): remembers_storage_lines(context),
    }
    return [words for words, is_so in found.items() if is_so]

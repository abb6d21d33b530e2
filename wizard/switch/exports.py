"""Exports in a bucket of their own stay where they are while the media's settings change."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.core.message import Message, msg, plural, sentences
from wizard.core.plan import PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.env.exports import BUCKET, Exports
from wizard.env.file import EnvFile
from wizard.instance.checkout import is_true
from wizard.step import Context, Question

Values = Mapping[str, str | None]


def kept_for_exports(env: EnvFile, values: Values) -> dict[str, str]:
    """Return the lines that keep the exports where they are while the media's become `values`."""
    exports = _exports(env, values)
    return exports.kept() if exports else {}


def exports_plan(env: EnvFile, values: Values) -> list[PlanItem]:
    """Say which lines those are, and what is asked about."""
    exports = _exports(env, values)
    if exports is None:
        return []
    items: list[PlanItem] = []
    if kept := exports.kept():
        text = plural(
            "User exports have a bucket of their own ({bucket}) and have followed the media's"
            " settings so far: {names} is written out as it is in effect now, so that exports stay"
            " there.",
            "User exports have a bucket of their own ({bucket}) and have followed the media's"
            " settings so far: {names} are written out as they are in effect now, so that exports"
            " stay there.",
            len(kept),
            bucket=env.get(BUCKET) or "",
            names=", ".join(kept),
        )
        items.append(Sentence(text, warning=True))
    if exports.undecided():
        text = sentences(_undecided_words(env, exports), msg("You will be asked first."))
        items.append(Sentence(text, warning=True))
    return items


def refuse_shared_bucket(env: EnvFile, values: Values) -> None:
    """Raise a `Problem` where private exports would be in the media's bucket."""
    exports = _exports(env, values)
    if exports and exports.share_a_bucket():
        raise Problem(
            msg(
                "The bucket {bucket} is already used for the user exports.",
                bucket=env.get(BUCKET) or "",
            ),
            msg(
                "Exports hold whole accounts and are private; the media's bucket is public. "
                "BookWyrm wants two buckets."
            ),
            Remedy(msg("Name another bucket for the media."), Action.EDIT_PROVIDER),
            msg(
                "Or give the exports another one: {name} in {file}",
                name=BUCKET,
                file=str(env.path),
            ),
            field="bucket",
            decision=True,
            code="exports-in-media-bucket",
        )


async def confirm_exports(context: Context, env: EnvFile, values: Values) -> None:
    """Ask where exports would follow the media for the first time. Raises `Problem` for a no."""
    exports = _exports(env, values)
    names = exports.undecided() if exports else []
    if exports is None or not names:
        return
    words = _undecided_words(env, exports)
    question = Question(
        text=sentences(
            words, msg("Should exports go to the media's service, with the media's keys?")
        ),
        yes=msg("Yes, to the same service"),
        no=msg("No, stop here"),
        only_a_person=True,
    )
    refused = Problem(
        msg("It is not specified where user exports go."),
        words,
        msg("Set {names} in {file}, then continue.", names=", ".join(names), file=str(env.path)),
        decision=True,
        code="exports-undecided",
    )
    await context.agree(question, refused)


def _exports(env: EnvFile, values: Values) -> Exports | None:
    return Exports(env, values) if is_true(env.get("USE_S3_FOR_EXPORTS")) else None


def _undecided_words(env: EnvFile, exports: Exports) -> Message:
    names = exports.undecided()
    return plural(
        "USE_S3_FOR_EXPORTS is true, and {names} is not set: from now on exports would go to the"
        " bucket {bucket} at the service of the media.",
        "USE_S3_FOR_EXPORTS is true, and {names} are not set: from now on exports would go to the"
        " bucket {bucket} at the service of the media.",
        len(names),
        names=", ".join(names),
        bucket=env.get(BUCKET) or msg("(none)"),
    )

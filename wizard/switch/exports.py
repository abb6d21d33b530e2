"""Exports in a bucket of their own stay where they are while the media's settings change."""

from __future__ import annotations

from collections.abc import Mapping

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
        text = (
            f"User exports have a bucket of their own ({env.get(BUCKET)}) and have followed the "
            f"media's settings so far: {', '.join(kept)} are written out as they are in effect "
            "now, so that exports stay there."
        )
        items.append(Sentence(text, warning=True))
    if exports.undecided():
        items.append(Sentence(f"{_undecided_words(env, exports)} You are asked first.", True))
    return items


def refuse_shared_bucket(env: EnvFile, values: Values) -> None:
    """Raise a `Problem` where private exports would be in the media's bucket."""
    exports = _exports(env, values)
    if exports and exports.share_a_bucket():
        raise Problem(
            f"The bucket {env.get(BUCKET)} is that of the user exports already.",
            "Exports hold whole accounts and are private; the media's bucket is public. BookWyrm "
            "wants two buckets.",
            Remedy("Name another bucket for the media.", Action.EDIT_PROVIDER),
            f"Or give the exports another one: {BUCKET} in {env.path}",
            field="bucket",
            decision=True,
        )


async def confirm_exports(context: Context, env: EnvFile, values: Values) -> None:
    """Ask where exports would follow the media for the first time. Raises `Problem` for a no."""
    exports = _exports(env, values)
    names = exports.undecided() if exports else []
    if exports is None or not names:
        return
    words = _undecided_words(env, exports)
    question = Question(
        text=f"{words} Are exports to go to the media's service, with the media's keys?",
        yes="Yes, to the same service",
        no="No, stop here",
        only_a_person=True,
    )
    refused = Problem(
        "It is not said where user exports go.",
        words,
        f"Set {', '.join(names)} in {env.path}, then continue.",
        decision=True,
    )
    await context.agree(question, refused)


def _exports(env: EnvFile, values: Values) -> Exports | None:
    return Exports(env, values) if is_true(env.get("USE_S3_FOR_EXPORTS")) else None


def _undecided_words(env: EnvFile, exports: Exports) -> str:
    names = exports.undecided()
    return (
        f"USE_S3_FOR_EXPORTS is true, and {', '.join(names)} {'is' if len(names) == 1 else 'are'} "
        f"not set: from now on exports would go to the bucket {env.get(BUCKET) or '(none)'} at "
        "the service of the media."
    )

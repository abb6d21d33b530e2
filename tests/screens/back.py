"""The steps back to this server's disk, for the pictures; they say what the real ones say."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.screens.kit import Script
from wizard.copying.bring_back import BackSurvey, BroughtBack
from wizard.copying.outcome import FileFailure
from wizard.core.message import msg, verbatim
from wizard.core.plan import Command, Diff, Sentence
from wizard.media.source import Reason
from wizard.step import Fact, Question
from wizard.steps import close_bucket, copy_back, switch_back

_NAMES = ("1a2b8f1f-f1fd-42a2-9755-d4c13a902931", "002b2069-164d-495f-b359-e5511973fd5f")
_DIFFERENT = [
    FileFailure(path=f"covers/{name}.jpg", what=Reason.DIFFERENT.words) for name in _NAMES
]
_FOUND = BroughtBack(
    files=601,
    size=11_000_000,
    refused=_DIFFERENT,
    refused_counts={Reason.DIFFERENT: len(_DIFFERENT)},
)
_CHANGED = msg("{before}, {next}", before=msg("the bucket's policy"), next=msg("its CORS rules"))
_GOES_BACK = msg("If you agree, these go back to what they were: {things}.", things=_CHANGED)
_BUCKET, _MEDIA = "s3://books-media/images/", "/opt/bookwyrm/images"
_WITHOUT_S3 = """\
--- .env
+++ .env (new)
@@ -41,2 +41,2 @@
 # S3 configuration
-USE_S3=true
+USE_S3=false
"""


def back_scripts() -> dict[str, Script]:
    """The five steps."""
    survey = BackSurvey(files=601, size=11_000_000, different=len(_DIFFERENT))
    return {
        "copy_back": Script(
            facts=(Fact(msg("from"), _BUCKET), Fact(msg("to"), _MEDIA)),
            items=tuple(copy_back._planned(survey)),
            safe=msg("Nothing on this server is replaced, and no object is changed or deleted."),
            checks=(copy_back._copied(_FOUND), *copy_back._rest(_FOUND)),
        ),
        "disable_s3": Script(
            facts=(Fact(verbatim("USE_S3"), "true"),),
            items=(Diff("/opt/bookwyrm/.env", _WITHOUT_S3),),
            safe=msg("The running site does not change yet."),
        ),
        "local_static": Script(
            items=(Sentence(msg("BookWyrm writes its static files to this server's disk.")),),
            safe=msg("The running site keeps the bucket's static files until the restart."),
        ),
        "switch_back": Script(
            facts=(Fact(msg("site"), "https://books.example.org"),),
            items=(
                Command(("systemctl", "reload", "bookwyrm.service")),
                Sentence(switch_back._CATCH_UP),
                Sentence(switch_back._UNDONE),
            ),
            safe=msg("The objects in the bucket stay where they are."),
        ),
        "close_bucket": Script(
            facts=(Fact(msg("changed"), _CHANGED),),
            items=(
                Sentence(_GOES_BACK),
                Sentence(close_bucket._OTHERS, warning=True),
            ),
            safe=close_bucket._KEPT,
        ),
    }


def conflicting() -> dict[str, Script]:
    """Files that are on both sides with other bytes."""
    scripts = back_scripts()
    act = partial(copy_back._confirm_rest, result=_FOUND)
    scripts["copy_back"] = replace(scripts["copy_back"], act=act)
    return scripts


def closing() -> dict[str, Script]:
    """The bucket can be closed."""
    scripts = back_scripts()
    text = msg(
        "Undo what bw-s3 changed for S3 ({things})? {others} {kept}",
        things=_CHANGED,
        others=close_bucket._OTHERS,
        kept=close_bucket._KEPT,
    )
    scripts["close_bucket"].question = Question(
        text=text,
        yes=msg("Undo it: nobody needs the bucket any more"),
        no=msg("Leave it as it is"),
        only_a_person=True,
    )
    return scripts

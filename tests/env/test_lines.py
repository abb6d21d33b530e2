"""Every value that is written is read alike by bash, Compose, python-dotenv/environs and systemd.

What is taken for systemd here is compared with systemd itself in `tests/env/test_systemd.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import environs
import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.parts import need
from wizard.core.problem import Problem
from wizard.env.lines import assigned, line_of, parts, with_line, written
from wizard.env.systemd import given_by_systemd

# What the readers disagree on, and some ordinary characters between.
AWKWARD = "ab1 $'\"`\\#&;(){}!+/=%@,:~*?|<>[]^-_.\té€\u00a0\u2028nrt"
VALUES = st.one_of(
    st.text(alphabet=AWKWARD, max_size=12),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
    st.from_regex(r"[A-Za-z0-9+/]{40}", fullmatch=True),
)
# Lines as they are found in the wild, some of which bash alone or dotenv alone misreads.
LINES = st.sampled_from(
    [
        "# a comment",
        "",
        "   ",
        "DEBUG=false",
        "export PORT=1333",
        "  EMAIL_PORT = 587",
        'LANGUAGE_CODE="en-us"   # a language',
        '# TARGET=None       # "an example"',
        "#TARGET=",
        "TARGET=old",
        "export TARGET='old'",
        'TARGET="${DEBUG}.old"   # resolved',
        "TARGET = spaced",
        "  TARGET=indented",
        "TARGET=",
        "MULTI='one\ntwo'",
        "# TARGET is a name in a sentence",
        "# TARGET=old is one, too",
        "PASSWORD='with $ and # in it'",
        "# caf\udce9 in Latin-1",
    ]
)
FILES = st.tuples(st.lists(LINES, max_size=8), st.booleans()).map(
    lambda drawn: "\n".join(drawn[0]) + ("\n" if drawn[1] else "")
)
SLOWLY = settings(
    max_examples=int(os.environ.get("BW_S3_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def writable(values: list[str]) -> dict[str, str]:
    """Those of the values that are not refused, each with a name."""
    kept: dict[str, str] = {}
    for value in values:
        try:
            written("X", value)
        except Problem:
            continue
        kept[f"V{len(kept)}"] = value
    return kept


def in_bash(path: Path, names: list[str]) -> dict[str, str]:
    """What `set -a; source .env` gives, as `bw-dev` does it, in an empty environment."""
    script = 'set -a; source "$0"; for n in "$@"; do printf "%s=%s\\0" "$n" "${!n}"; done'
    output = subprocess.run(
        ["env", "-i", "bash", "-c", script, str(path), *names], capture_output=True, check=True
    ).stdout
    pairs = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return dict(pair.split("=", 1) for pair in pairs)


def in_environs(path: Path, names: list[str]) -> dict[str, str]:
    """What BookWyrm's settings get."""
    with mock.patch.dict(os.environ, clear=True):
        env = environs.Env()
        env.read_env(str(path), recurse=False)
        return {name: env(name) for name in names}


def in_compose(folder: Path) -> dict[str, str]:
    """What a service with `env_file: .env` gets."""
    (folder / "docker-compose.yml").write_text(
        "services:\n  web:\n    image: x\n    env_file: .env\n"
    )
    command = ["docker", "compose", "--project-directory", str(folder), "config", "--format=json"]
    output = subprocess.run(command, capture_output=True, check=True, cwd=folder).stdout
    environment: Mapping[str, str] = json.loads(output)["services"]["web"].get("environment", {})
    # Compose writes its own $ escaped.
    return {name: (value or "").replace("$$", "$") for name, value in environment.items()}


@SLOWLY
@given(st.lists(VALUES, max_size=30), st.sampled_from(["{}", "# {}=old   # why", "{} = old # why"]))
def test_bash_dotenv_environs_and_systemd_read_what_was_written(
    tmp_path: Path, drawn: list[str], before: str
) -> None:
    values = writable(drawn)
    text = "".join(f"{before.format(name)}\n" for name in values)
    for name, value in values.items():
        text = assigned(text, name, value)
    path = tmp_path / ".env"
    path.write_text(text)
    assert in_bash(path, list(values)) == values
    assert dict(dotenv_values(path)) == values
    assert in_environs(path, list(values)) == values
    assert given_by_systemd(text) == values


@pytest.mark.docker
@settings(SLOWLY, max_examples=5)
@given(st.lists(VALUES, max_size=300), st.sampled_from(["", '   # "an example"']))
def test_compose_reads_what_was_written(tmp_path: Path, drawn: list[str], comment: str) -> None:
    need("compose")
    values = writable(drawn)
    text = "".join(f"{n}={written(n, v)}{comment}\n" for n, v in values.items())
    (tmp_path / ".env").write_text(text)
    assert in_compose(tmp_path) == values


@SLOWLY
@given(FILES, VALUES)
def test_only_the_line_of_the_variable_changes(tmp_path: Path, text: str, value: str) -> None:
    if not writable([value]):
        return
    new = assigned(text, "TARGET", value)
    path = tmp_path / ".env"
    path.write_bytes(new.encode("utf-8", "surrogateescape"))
    assert in_bash(path, ["TARGET"]) == {"TARGET": value}
    old_lines, new_lines = text.split("\n"), new.split("\n")
    kept = [line for line in new_lines if line in old_lines]
    changed = [line for line in new_lines if line not in old_lines]
    # A remark behind the value has a line of its own then.
    assert len(changed) <= 1 + any("TARGET" in line and " #" in line for line in old_lines)
    assert [line for line in old_lines if "TARGET" not in line] == [
        line for line in kept if "TARGET" not in line
    ]
    assert text.endswith("\n") == new.endswith("\n") or not text


@SLOWLY
@given(FILES, VALUES)
def test_setting_a_value_twice_changes_nothing_more(text: str, value: str) -> None:
    if not writable([value]):
        return
    once = assigned(text, "TARGET", value)
    assert assigned(once, "TARGET", value) == once


@SLOWLY
@given(FILES)
def test_a_line_can_be_put_back_byte_by_byte(text: str) -> None:
    before = line_of(text, "TARGET")
    changed = assigned(text, "TARGET", "new-value")
    restored = with_line(changed, "TARGET", before)
    assert restored == text


@SLOWLY
@given(FILES)
def test_pieces_make_up_the_whole(text: str) -> None:
    assert "".join(piece.text for piece in parts(text)) == text


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("", 'X=""'),
        ("books-media", "X=books-media"),
        ("https://s3.fr-par.scw.cloud", "X=https://s3.fr-par.scw.cloud"),
        ("a+b/c=%", "X=a+b/c=%"),
        ("two words", "X='two words'"),
        ("$word", "X='$word'"),
        ('say "so"', "X='say \"so\"'"),
        ("it's", 'X="it\'s"'),
        ("ends in \\", 'X="ends in \\\\"'),
        ("two\\\\in a row", 'X="two\\\\\\\\in a row"'),
        ("`id`", "X='`id`'"),
        ("#no comment", "X='#no comment'"),
    ],
)
def test_how_a_value_is_written(value: str, line: str) -> None:
    assert assigned("", "X", value) == f"{line}\n"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("${X}", "${"),
        ("it's $5", "' together with $ or a backtick"),
        ("it's `x`", "' together with $ or a backtick"),
        ("$5\\", "a backslash together with $"),
        ("two\nlines", "a line break"),
        ("a\rb", "a line break"),
        ("a\0b", "a character that is not text"),
        ("\udce9", "a character that is not text"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason(value: str, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        written("AWS_SECRET_ACCESS_KEY", value)
    assert reason in caught.value.why
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.what
    assert value not in str(caught.value.to_dict()) or value == "${X}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X=old", "X=new"),
        ("X=old\n", "X=new\n"),
        ("export X=old # why\n", "# why\nexport X=new\n"),
        ("  X = old\n", "  X=new\n"),
        ('X="new"\n', 'X="new"\n'),
        ("X='old'   # a\n", "# a\nX=new\n"),
        ("X=old\t# a\n", "# a\nX=new\n"),
        ("X= # empty\n", "# empty\nX=new\n"),
        ('# X=None       # "example"\n', '# "example"\nX=new\n'),
        ("\n  X=old # why\n", "\n  # why\n  X=new\n"),
        ("X=old # C:\\\n", "# C:\\ \nX=new\n"),
        ("#X=\nY=1\n", "X=new\nY=1\n"),
        ('# X=""\n', "X=new\n"),
        ("# X=a\n# X=b\n", "# X=a\nX=new\n"),
        ("# X=a\nX=b\n", "# X=a\nX=new\n"),
        ("X=a\nY=1\nX=b\n", "X=a\nY=1\nX=new\n"),
        ("# X must be set\n", "# X must be set\nX=new\n"),
        ("# X=true enables it\n", "# X=true enables it\nX=new\n"),
        ("# XY=1\n", "# XY=1\nX=new\n"),
        ("Y=1", "Y=1\nX=new"),
        ("Y=1\n\n\nX=old\n", "Y=1\n\n\nX=new\n"),
        ("X='a\nb'\nY=1\n", "X=new\nY=1\n"),
        ("X\n", "X=new\n"),
        ("'X'=old\n", "X=new\n"),
    ],
)
def test_which_line_changes(before: str, after: str) -> None:
    assert assigned(before, "X", "new") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X=a\n", "# X=a\n"),
        ("X=a\nY=1\nexport X=b\n", "# X=a\nY=1\n# export X=b\n"),
        ("X='a\nb'\nY=1", "# X='a\n# b'\nY=1"),
        ("# X=a\n", "# X=a\n"),
        ("Y=1\n", "Y=1\n"),
    ],
)
def test_none_comments_every_line_out(before: str, after: str) -> None:
    assert assigned(before, "X", None) == after


@pytest.mark.parametrize("name", ["", "1X", "X Y", "X=1", "X\n", "é"])
def test_what_is_no_name_is_a_mistake_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="not a variable's name"):
        written(name, "1")

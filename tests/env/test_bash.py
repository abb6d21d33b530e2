"""What bash stumbles over in a `.env`: the real bash is the judge, and nothing of it is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.env.bash import bash_issues, harmless
from wizard.env.file import EnvFile
from wizard.switch.env_change import values_in_bash

FINE = [
    "A=1", "A='x y'", "A=", "  A=1", "export A=1", "export A", "A=x #c", "A=x#c", "A=#c", "A= #c",
    "A='x\ny'", "A=a'b c'd", "A=$'a\\'b'", "A=$\"x y\"", "A=\\(x", "A=x\\ y", "A=$x", "A=$$",
    "A=x$", "A=${x:-a b}", "A='$(x)'", "A=\\$x", "A={a,b}", "A=!x", "A=*", "A=x\\\\", 'A="a\\"b"',
    "A+=x", "A[0]=x", "# A=(", "A='a\"b'", "A=\"a'b\"",
]  # fmt: skip
STOPPING = [
    "A=My Book", "A=My Book (club", "A=(x", "A=x(y", "A=x)", "A='it", "A=it's", 'A="x', "A=$'x",
    "A=x;y", "A=x&y", "A=a|b", "A=a<b", "A = b", "A= b", "A =b", "A.B=1", "MY-X=1", "A", "UID=1000",
    "EUID=1", "'A'=1", "A=x\\\\ y", "A=''(", "A='a'b'c", "if", "[ x", "}", "export A=(x",
    'A="x"y z',     'A="`x"', "A=é x", "-----BEGIN KEY-----",
]  # fmt: skip
# bash goes on, but runs something or reads another value than Django.
ODD = [
    "A=$(true)", "A=`true`", 'A="$(true) x"', "A=$((1+1))", "A=x;", "A=1 B=2", "export A=my book",
    "A=x\\\nB=2",
]  # fmt: skip
SLOWLY = settings(
    max_examples=int(os.environ.get("BW_S3_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def written(folder: Path, text: str) -> EnvFile:
    path = folder / ".env"
    path.write_text(text)
    return EnvFile.read(path)


def real_bash_reads(env: EnvFile) -> bool:
    """Whether `bw-dev`'s own lines come to the end of the file."""
    script = "set -e; source .env; test \"$LAST\" = 'the end'"
    argv = ["bash", "--norc", "--noprofile", "-c", script]
    path = {"PATH": "/usr/bin:/bin"}
    return not subprocess.run(
        argv, cwd=env.path.parent, env=path, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("line", FINE)
async def test_what_bash_reads_is_fine(line: str, tmp_path: Path) -> None:
    env = written(tmp_path, f"FIRST=1\n{line}\nLAST='the end'\n")
    assert await bash_issues(env) == ()
    assert real_bash_reads(env)
    assert harmless(env.path.read_text()) == env.path.read_text()


@pytest.mark.parametrize("line", STOPPING)
async def test_where_bash_stops_is_named(line: str, tmp_path: Path) -> None:
    env = written(tmp_path, f"FIRST=1\n\n{line}\nLAST='the end'\n")
    assert not real_bash_reads(env)
    first = (await bash_issues(env))[0]
    assert (first.line, first.breaks or line == 'A="`x"') == (3, True)


@pytest.mark.parametrize("line", ODD)
async def test_what_bash_reads_otherwise_is_named(line: str, tmp_path: Path) -> None:
    env = written(tmp_path, f"{line}\nLAST='the end'\n")
    assert real_bash_reads(env)
    (only,) = await bash_issues(env)
    assert (only.line, only.name, only.breaks) == (1, "A", False)


LINES = st.lists(
    st.sampled_from([*FINE, *STOPPING, *ODD, "", "# it's a comment"]), max_size=5
) | st.lists(st.text(alphabet="AB=1 '\"\\$(){}#;\t", max_size=8), max_size=3)


@SLOWLY
@given(lines=LINES)
async def test_where_nothing_is_found_bash_comes_to_the_end(
    lines: list[str], tmp_path: Path
) -> None:
    env = written(tmp_path, "\n".join([*lines, "LAST='the end'", ""]))
    if not await bash_issues(env):
        assert real_bash_reads(env)


@pytest.mark.parametrize("line", ["A=$(touch {})", "A=`touch {}`", "A=1 touch {}", "touch {}",
    "A=x > {}", 'A="$(touch {})"', "A=1;touch {}", "A=1&touch {}", "A=$($(touch {}))"])  # fmt: skip
async def test_nothing_of_the_file_is_run(line: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    env = written(tmp_path, f"{line.format(mark)}\nB=2\n")
    await bash_issues(env)
    assert await values_in_bash(env, ["B"]) == {"B": "2"}
    assert not mark.exists()
    real_bash_reads(env)
    assert mark.exists(), "it would have been, or this proves nothing"

"""Lines that count later: nobody reads them, and what was written comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.core.secrets import MASK, Masker
from wizard.env.bash import harmless
from wizard.env.file import EnvFile
from wizard.env.next_lines import next_values, with_next_values

VALUES = {
    "AWS_STORAGE_BUCKET_NAME": "new",
    "AWS_SECRET_ACCESS_KEY": 'a\'b "c" # d\\',
    "AWS_DEFAULT_ACL": "",
}


def env_of(folder: Path, text: str) -> EnvFile:
    path = folder / ".env"
    path.write_text(text)
    return EnvFile.read(path)


@pytest.mark.parametrize("text", ["", "DOMAIN=a.example\n", "AWS_STORAGE_BUCKET_NAME=old"])
def test_they_come_back_and_go_without_a_trace(tmp_path: Path, text: str) -> None:
    env = env_of(tmp_path, text)
    waiting = with_next_values(env, VALUES)
    assert next_values(waiting) == VALUES
    assert with_next_values(waiting, VALUES) is waiting
    assert waiting.names() == env.names()
    assert waiting.get("AWS_STORAGE_BUCKET_NAME") == env.get("AWS_STORAGE_BUCKET_NAME")
    other = with_next_values(waiting, {"AWS_STORAGE_BUCKET_NAME": "third"})
    assert next_values(other) == {"AWS_STORAGE_BUCKET_NAME": "third"}
    gone = with_next_values(waiting, {})
    assert gone.data.rstrip(b"\n") == env.data.rstrip(b"\n")


def test_they_stay_while_a_line_of_their_name_changes(tmp_path: Path) -> None:
    waiting = with_next_values(env_of(tmp_path, "DOMAIN=a.example\n"), VALUES)
    changed = waiting.with_values({"AWS_STORAGE_BUCKET_NAME": "now", "USE_S3": "true"})
    assert next_values(changed) == VALUES
    assert changed.get("AWS_STORAGE_BUCKET_NAME") == "now"


def test_a_secret_among_them_is_masked_and_read_by_nobody(tmp_path: Path) -> None:
    env = env_of(tmp_path, "DOMAIN=a.example\n")
    waiting = with_next_values(env, VALUES)
    shown = env.diff(waiting, Masker())
    assert MASK in shown and "a'b" not in shown
    assert "AWS_SECRET_ACCESS_KEY" not in waiting.given_by_systemd()
    assert "\nAWS_" not in harmless(waiting.data.decode())

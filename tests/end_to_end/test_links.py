"""Links and special files of every kind below the media of a live site: nothing of them gets out.

Django serves what a link leads to, whatever it is, so here even the site gives them away.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.command_line import CommandLine
from tests.support.odd_links import FILES, OUTSIDE, REASONS, made_in
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS


def test_no_link_that_leads_out_is_published(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    with build(tmp_path, covers=8, storage=seaweedfs) as demo:
        line = CommandLine(demo, (demo.folder / ".env").read_bytes())
        root = demo.folder / "images"
        subprocess.run([sys.executable, "-c", made_in(str(root))], cwd=root, check=True)
        said = json.dumps(line.finish(), ensure_ascii=False)
        there = {item.key.removeprefix("images/") for item in line.bucket.list_objects("images/")}
        assert not there & set(REASONS)
        assert not {key for key in there if key.startswith(tuple(f"{name}/" for name in OUTSIDE))}
        assert set(FILES) <= there
        for words in (
            "covers/passwd.jpg → /etc/passwd (not a picture)",
            "covers/app.jpg → /app/manage.py (No such file or directory)",
            "the-root-of-all → / (it contains the media folder itself)",
            "outside-folder → /etc (there is no picture)",
        ):
            assert words in said, "the plan says why"
        for name in OUTSIDE:
            assert f"{name} →" in said

"""The memory of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.system import memory


def test_what_can_be_had_without_swapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = memory.available_bytes()
    assert real is not None
    assert real > 1024 * 1024
    file = tmp_path / "meminfo"
    file.write_text("MemTotal: 4000 kB\nMemFree: 1 kB\nMemAvailable:    3000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", file)
    assert memory.available_bytes() == 3000 * 1024


def test_where_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    assert memory.available_bytes() is None

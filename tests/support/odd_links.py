"""Links and special files of every kind below a media folder, and what has to come of each."""

from __future__ import annotations

import posixpath

from wizard.media.source import Media, MediaFailure, Reason

# Runs in the media folder, here or in a container; `ROOT` is the folder's name there.
MAKE = r"""
import os, socket
os.makedirs("covers/deep")
os.makedirs("avatars", exist_ok=True)
for name in ("covers/a.jpg", "covers/deep/b.jpg", "avatars/c.png"):
    with open(name, "w") as file:
        file.write("bytes of " + name)
os.makedirs("../outside", exist_ok=True)
with open("../outside/secret.jpg", "w") as file:
    file.write("secret")
LINKS = {
    # Within the folder: as good as files.
    "covers/beside.jpg": "a.jpg",
    "covers/up.png": "../avatars/c.png",
    "covers/absolute.jpg": ROOT + "/covers/a.jpg",
    "covers/out-and-in.jpg": "../../" + os.path.basename(ROOT) + "/covers/a.jpg",
    "covers/chain.jpg": "chain-2.jpg",
    "covers/chain-2.jpg": ROOT + "/covers/chain-3.jpg",
    "covers/chain-3.jpg": "deep/b.jpg",
    "folder": "covers/deep",
    "folder-absolute": ROOT + "/covers/deep",
    "covers/through.jpg": "../folder-absolute/b.jpg",
    # Out of it, in every way.
    "covers/passwd.jpg": "/etc/passwd",
    "covers/app.jpg": "/app/manage.py",
    "covers/relative.jpg": "../../outside/secret.jpg",
    "covers/far-up.jpg": "../" * 30 + "etc/passwd",
    "covers/chain-out.jpg": "chain-out-2.jpg",
    "covers/chain-out-2.jpg": "/etc/hostname",
    "covers/proc.jpg": "/proc/self/environ",
    "covers/detour.jpg": "/etc/.." + ROOT + "/covers/a.jpg",
    "outside-folder": "/etc",
    "outside-folder-up": "../outside",
    "outside-nowhere.jpg": "/nowhere/at/all",
    "covers/through-outside.jpg": "../outside-folder-up/secret.jpg",
    "the-root-of-all": "/",
    # Nowhere, or in circles.
    "covers/dangling.jpg": "nowhere.jpg",
    "covers/itself.jpg": "itself.jpg",
    "covers/round-1.jpg": "round-2.jpg",
    "covers/round-2.jpg": "round-1.jpg",
    "covers/no-folder.jpg": "a.jpg/b.jpg",
    "covers/file-as-folder.jpg": "a.jpg/",
    "covers/deep/loop": "../..",
    "covers/deep/loop-absolute": ROOT,
    # To what is no file.
    "covers/to-fifo.jpg": "fifo.jpg",
}
for name, target in LINKS.items():
    os.symlink(target, name)
os.link("covers/a.jpg", "covers/hard.jpg")
os.mkfifo("covers/fifo.jpg")
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind("socket.jpg")
try:
    os.mknod("device.jpg", 0o20666, os.makedev(1, 3))
except OSError:
    os.mkfifo("device.jpg")
"""

_A, _B, _C = (f"bytes of {name}" for name in ("covers/a.jpg", "covers/deep/b.jpg", "avatars/c.png"))

FILES = {
    "covers/a.jpg": _A,
    "covers/deep/b.jpg": _B,
    "avatars/c.png": _C,
    "covers/hard.jpg": _A,
    "covers/beside.jpg": _A,
    "covers/up.png": _C,
    "covers/absolute.jpg": _A,
    "covers/out-and-in.jpg": _A,
    "covers/chain.jpg": _B,
    "covers/chain-2.jpg": _B,
    "covers/chain-3.jpg": _B,
    "folder/b.jpg": _B,
    "folder-absolute/b.jpg": _B,
    "covers/through.jpg": _B,
}
OUTSIDE = {
    "covers/passwd.jpg": "/etc/passwd",
    "covers/app.jpg": "/app/manage.py",
    "covers/relative.jpg": "{above}/outside/secret.jpg",
    "covers/far-up.jpg": "/etc/passwd",
    "covers/chain-out.jpg": "/etc/hostname",
    "covers/chain-out-2.jpg": "/etc/hostname",
    "covers/proc.jpg": "/proc/self/environ",
    "covers/detour.jpg": "/etc/..{root}/covers/a.jpg",
    "outside-folder": "/etc",
    "outside-folder-up": "{above}/outside",
    "outside-nowhere.jpg": "/nowhere/at/all",
    "covers/through-outside.jpg": "{above}/outside/secret.jpg",
    "the-root-of-all": "/",
}
_DANGLING = (
    *("covers/dangling.jpg", "covers/itself.jpg", "covers/round-1.jpg", "covers/round-2.jpg"),
    *("covers/no-folder.jpg", "covers/file-as-folder.jpg"),
)
_LOOPS = ("covers/deep/loop", "covers/deep/loop-absolute", "folder/loop", "folder/loop-absolute")
_LOOPS_TOO = ("folder-absolute/loop", "folder-absolute/loop-absolute")
_SPECIAL = ("covers/fifo.jpg", "covers/to-fifo.jpg", "socket.jpg", "device.jpg")
REASONS = {
    **dict.fromkeys(OUTSIDE, Reason.OUTSIDE),
    **dict.fromkeys(_DANGLING, Reason.DANGLING),
    **dict.fromkeys((*_LOOPS, *_LOOPS_TOO), Reason.LOOP),
    **dict.fromkeys(_SPECIAL, Reason.SPECIAL),
}


def made_in(root: str) -> str:
    """The program that makes them all, for a folder of that name."""
    return f"ROOT = {root!r}\n{MAKE}"


def outside(root: str) -> dict[str, str]:
    """Where the links lead that lead out, for a folder of that name."""
    above = posixpath.dirname(root)
    return {name: to.format(root=root, above=above) for name, to in OUTSIDE.items()}


def found_in(media: Media) -> tuple[dict[str, str], dict[str, Reason], dict[str, str]]:
    """The files' contents, why others cannot be had, and where links lead that lead out."""
    walked = list(media.walk())
    files = [item for item in walked if not isinstance(item, MediaFailure)]
    failures = [item for item in walked if isinstance(item, MediaFailure)]
    contents = {}
    for item in media.read(files):
        assert not isinstance(item, MediaFailure), item
        contents[item[0].path.decode()] = (item[1].read(1000) or b"").decode()
    assert list(media.look_again(files)) == files
    reasons = {failure.path.decode(): failure.reason for failure in failures}
    targets = {f.path.decode(): f.detail for f in failures if f.reason is Reason.OUTSIDE}
    assert len(walked) == len(contents) + len(reasons), "no path is given twice"
    return contents, reasons, targets

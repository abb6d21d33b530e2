"""However many objects there are, a move takes the same memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.servers.listing import listing_server

# Both buckets list the same, and the journal knows all of it as verified: nothing is to do.
_FILL = """
import sys
from pathlib import Path
from tests.servers.listing import digest, key, size
from wizard.core.settings import Settings
from wizard.journal.journal import Journal, VerifiedFile
folder, endpoint, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
place = Settings(endpoint=endpoint, bucket="new").destination
journal = Journal.open(folder / ".bw-s3", folder)
for first in range(0, number, 10_000):
    rows = [
        VerifiedFile(key=key(n), size=size(n), mtime_ns=1793527200 * 10**9, md5=digest(n),
                     etag=digest(n).hex())
        for n in range(first, min(first + 10_000, number))
    ]
    journal.save_verified(place, rows)
journal.close()
"""
_MOVE = """
import json, resource, sys
from dataclasses import replace
from pathlib import Path
from tests.support.copy_kit import CopyKit
from tests.support.move import Move
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.copying.sources import media_of
from wizard.copying.upload import compare_media, copy_media
folder, endpoint = Path(sys.argv[1]), sys.argv[2]
host = endpoint.removeprefix("http://")
keys = Keys("a-key-id-for-the-test", "a-secret-for-the-test")
old = Settings(endpoint=endpoint, bucket="old", region="us-east-1", custom_domain=f"{host}/old",
               url_protocol="http:")
new = replace(old, bucket="new", custom_domain=f"{host}/new", path=MigrationPath.MOVING)
move = Move(CopyKit(folder, old, keys), CopyKit(folder, new, keys))
class Unheard(list):
    def append(self, event): pass
move.new.events = Unheard()
outcome = move.copy()
async def compare(context): return await compare_media(context, await media_of(context))
compared = move.run(compare)
print(json.dumps({
    "sent": outcome.sent, "already": outcome.already, "same": compared.same,
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
}))
"""


@pytest.mark.slow
def test_memory_stays_the_same_up_to_a_million_objects(tmp_path: Path) -> None:
    peaks = {}
    for number in (10_000, 100_000, 1_000_000):
        folder = tmp_path / str(number)
        (folder / "images").mkdir(parents=True)
        with listing_server(number) as endpoint:
            run(_FILL, folder, endpoint, str(number))
            found = json.loads(run(_MOVE, folder, endpoint))
        assert (found["sent"], found["already"], found["same"]) == (0, number, number)
        peaks[number] = found["peak"]
        print(f"{number:>9,} objects: {found['peak']:.0f} MB", flush=True)
    assert peaks[1_000_000] < peaks[10_000] * 1.3 + 20, peaks


def run(script: str, *arguments: object) -> str:
    """What a process of its own says."""
    argv = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout

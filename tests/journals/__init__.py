"""Journals that real migrations left behind: the oldest that must open for ever.

Each folder is named after the version of bw-s3 that wrote what lies in it. None of it is
hand-made: `python -m tests.journals.record FOLDER` migrates throwaway instances with the real
`bw-s3 run`, kills it or has it fail, and keeps the journal as it is then. Another version's
journals are recorded into a folder of their own, beside these; those that are here stay.

`DEPLOYMENT-NUMBER-STEP-STATE[-DETAIL].sql` is a journal as SQL text, with what the test needs to
know of its instance above it. STATE is where STEP stands in it:

- `begun`: killed with SIGKILL. Without a DETAIL right after the step began, else at the moment
  that it names. Ctrl+C and a dropped line leave the same, as bw-s3 ends at once then, too.
  Those of one deployment come from one migration, which was killed and started again all the
  way, so each also holds the steps before it as an interruption and a resumption leave them.
- `done`: the step was just done, in a migration without a fault.
- `failed`: the step failed, for the reason that DETAIL names; the steps before it often did, too.
- `later`, `skipped`, `stale`, `todo`: a fresh install prepared, a step passed over, another bucket
  named, `bw-s3 disarm`.

`verify_cors` changes nothing: killed anywhere it leaves what it leaves right after it began. The
same goes for `collect_static` while BookWyrm's commands run. Both are recorded there all the same.

`….tar.gz` beside such a file is the same journal as the files that lay on the disk after
SIGKILL: with a write-ahead log that no process had yet brought home.
"""

"""The machine: programs that are run, processes that are seen, files with the right owner."""

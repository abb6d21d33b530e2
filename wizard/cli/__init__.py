"""The command line: its arguments, and what each call does."""

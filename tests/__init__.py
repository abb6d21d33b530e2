"""One module a module, of the same name; the real servers are in `tests/servers/`."""

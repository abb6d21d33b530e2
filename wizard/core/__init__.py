"""Words that every layer speaks: problems, events, plans, settings, secrets, quantities."""

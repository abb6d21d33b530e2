"""Words that every layer speaks: messages, problems, events, plans, settings, quantities."""

"""Switching the running site: `.env` changed, services restarted, the site watched."""

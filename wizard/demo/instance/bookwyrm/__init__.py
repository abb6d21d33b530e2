"""The demo's instance: a small site with BookWyrm's storage settings."""

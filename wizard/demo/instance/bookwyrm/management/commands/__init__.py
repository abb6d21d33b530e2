"""The commands that BookWyrm has too."""

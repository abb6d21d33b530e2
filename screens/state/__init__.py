"""What the screens know, without Textual."""

"""What opens above a screen: dialogs, help, output, problems, failed files."""

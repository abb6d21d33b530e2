"""What all steps' screens have in common."""

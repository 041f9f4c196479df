"""What the pages read, beyond what the domain itself asks."""

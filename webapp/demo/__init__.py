"""A project to try everything with: one photograph and six synthetic people."""

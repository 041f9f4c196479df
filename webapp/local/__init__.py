"""What one machine needs to run the platform from a clone: embedded PostgreSQL and Redis, the runner of `make run`."""

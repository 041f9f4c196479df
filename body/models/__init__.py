"""Bodies on the SMPL topology: Anny, which is free, and SMPL from a user's file. Both load torch lazily."""

"""A package, so that the app which its tests share ends with them: no second worker may answer other tests."""

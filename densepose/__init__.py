"""Dense human pose: the networks, their checkpoints, the predictor. Importing this loads no torch; its modules do."""

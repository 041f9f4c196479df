"""The networks, each from its parts to its forward pass in one file."""

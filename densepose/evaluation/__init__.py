"""How good a network is: ratio of correct points, and average precision by geodesic point similarity."""

"""One node: time and memory of its training step, its best plan, and how far off they are."""

"""One node: the time and memory of its training step, its best plan, and how well both agree with measurements."""

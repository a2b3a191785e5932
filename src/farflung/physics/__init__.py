"""Time, traffic, energy and cost: pure functions of arrays, one idea each.

What a training step is worth is for :mod:`farflung.learning`, which this package never imports. Arguments
are keyword-only, real numbers or broadcastable arrays of the array API standard, in SI units (bits on links,
bytes in memory).
"""

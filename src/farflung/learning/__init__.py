"""Loss and efficiency, what a training step is worth: pure functions of arrays, one idea each.

How long a step takes is for :mod:`farflung.physics`, which this package never imports. Arguments are
keyword-only, real numbers or broadcastable arrays of the array API standard.
"""

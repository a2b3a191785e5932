"""What a step is worth: loss and efficiency, pure functions of arrays, one idea each.

Nothing here knows how long a step takes; that is :mod:`farflung.physics`, a sibling that this package
never imports. Arguments are keyword-only, real numbers or broadcastable arrays of the array API standard.
"""

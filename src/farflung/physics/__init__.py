"""How long, how many bytes, joules and dollars: pure functions of arrays, one idea each.

Nothing here knows what a training step is worth; that is :mod:`farflung.learning`, a sibling that this
package never imports. Arguments are keyword-only, real numbers or broadcastable arrays of the array API
standard, in SI units (bits on links, bytes in memory).
"""

"""What one node does in a training step: seconds by cause, and bytes on its fullest chip.

Every function is one idea, a pure function of arrays. Coefficients come in as arguments; their values are
records of the catalog, fitted once to published step times (:mod:`farflung.analysis.node`).
"""

"""The model of one run: which choices it makes, and the steps that follow from them."""

from farflung.outcome.model.assemble import assemble
from farflung.outcome.model.choices import Choices

__all__ = ["Choices", "assemble"]

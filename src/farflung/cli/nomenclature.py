"""``farflung nomenclature``: every input and every output, in Markdown."""

from __future__ import annotations

import sys


def nomenclature() -> None:
    """Print the page of all inputs and outputs, in Markdown."""
    from farflung.report import nomenclature_page

    sys.stdout.write(nomenclature_page())

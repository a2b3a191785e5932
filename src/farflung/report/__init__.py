"""Pages generated from the product's own data."""

from farflung.report.ledger_page import contradictions_page, ledger_page
from farflung.report.nomenclature_page import nomenclature_page

__all__ = ["contradictions_page", "ledger_page", "nomenclature_page"]

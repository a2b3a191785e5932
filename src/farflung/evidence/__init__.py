"""The published record rerun and judged: the ledger of claims, and reference vectors."""

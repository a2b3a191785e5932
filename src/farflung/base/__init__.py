"""What every layer stands on: units, field declarations, the array seam, errors and provenance."""

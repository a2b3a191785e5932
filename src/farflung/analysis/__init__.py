"""Many runs: sweep, search, uncertainty, sensitivity and comparison over the one model."""

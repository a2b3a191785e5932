"""What runs over time did, beside what the event engine makes of their stated inputs: a file a study."""

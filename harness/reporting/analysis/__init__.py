"""From records to statistics, claims and verdicts."""

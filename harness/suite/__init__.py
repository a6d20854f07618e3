"""Many runs: from names of experiments and seeds to their records."""

"""What every run shares: settings, training, the run record, tables and plots."""

"""The run record: checked JSON files, the one interface between training and reporting."""

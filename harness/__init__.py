"""Everything that a run and its results need; a room imports only those below it."""

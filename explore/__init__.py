"""Commands that use trained networks: a user's own, or those that come with the project."""

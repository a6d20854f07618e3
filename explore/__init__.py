"""Commands that use trained networks, a user's own or those that come with the project.

They may import `data`, `models` and `harness`. Nobody imports them.
"""

"""Commands that use trained networks: a user's own, or those that come with the project.

In: files of weights and their records, and what a user types. Out: text, JSON, figures, pages.
May import: `data`, `models`, `harness`. Imported by: nobody.
"""

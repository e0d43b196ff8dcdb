"""What a user did wrong, in one sentence."""

from __future__ import annotations


class UserError(ValueError):
    """Bad input: the text says what is wrong, where, and what to do."""

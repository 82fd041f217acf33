"""Tokens, fonts, icons, style sheet."""

"""Personal and team workspaces: the tracking server, sign-in."""

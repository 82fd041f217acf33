"""The frame around the pages: navigation, palette, tasks, toasts."""

"""Putting the theme on the application: palette, style sheet, fonts; again when the system's scheme changes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from longshore.settings import Settings
from longshore.ui.theme import fonts, stylesheet, tokens
from longshore.ui.theme.tokens import Scheme

_ROLES = {
    QPalette.ColorRole.Window: "bg.surface",
    QPalette.ColorRole.Base: "bg.surface",
    QPalette.ColorRole.AlternateBase: "bg.sunken",
    QPalette.ColorRole.Button: "bg.raised",
    QPalette.ColorRole.Text: "text.primary",
    QPalette.ColorRole.WindowText: "text.primary",
    QPalette.ColorRole.ButtonText: "text.primary",
    QPalette.ColorRole.PlaceholderText: "text.tertiary",
    QPalette.ColorRole.Highlight: "accent.solid",
    QPalette.ColorRole.HighlightedText: "text.onAccent",
    QPalette.ColorRole.Accent: "accent.solid",
    QPalette.ColorRole.Link: "accent.text",
    QPalette.ColorRole.ToolTipBase: "bg.inverse",
    QPalette.ColorRole.ToolTipText: "text.inverse",
}


class Theme(QObject):
    """The current colours. Painters read them here; `changed` says that everything has to be drawn again."""

    changed = Signal()

    def __init__(self, application: QApplication, settings: Settings, cache: Path) -> None:
        super().__init__(application)
        self._application, self._settings, self._cache = application, settings, cache
        self._forced: str | None = None
        self.scheme: Scheme = tokens.scheme("light")
        fonts.load()
        # Not a style of our own: each call into Python costs, and the first one makes PySide load a hundred classes.
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self.apply)
        self.apply()

    def configure(self, settings: Settings) -> None:
        """Take over changed settings."""
        self._settings = settings
        self.apply()

    def force(self, name: str | None) -> None:
        """Show light or dark whatever the settings say; None follows them again."""
        self._forced = name
        self.apply()

    def apply(self) -> None:
        """Fill palette, fonts and style sheet from the tokens."""
        self.scheme = tokens.scheme(self._name(), high_contrast=_high_contrast())
        system_font = self._settings.font == "system"
        fonts.configure(system_font=system_font, percent=self._settings.text_size_percent)
        palette = QPalette()
        for role, token in _ROLES.items():
            palette.setColor(role, self.scheme.color(token))
        palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text, self.scheme.color("text.disabled"))
        self._application.setPalette(palette)
        self._application.setFont(fonts.of_application())
        # Before the style sheet: it makes widgets draw themselves again, in the colours of `_current`.
        global _current
        _current = self.scheme
        self._application.setStyleSheet(stylesheet.build(self.scheme, system_font=system_font, cache=self._cache))
        self.changed.emit()

    def _name(self) -> str:
        if self._forced:
            return self._forced
        if self._settings.theme in ("light", "dark"):
            return self._settings.theme
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return "dark" if dark else "light"


_current: Scheme = tokens.scheme("light")


def color(token: str) -> QColor:
    """Give a token's colour in the theme that is shown now."""
    return _current.color(token)


def hex_color(token: str) -> str:
    """Give a token's colour in the theme that is shown now, as text."""
    return _current.hex(token)


def _high_contrast() -> bool:
    hints = QGuiApplication.styleHints()
    accessibility = getattr(hints, "accessibility", None)
    if accessibility is None:
        return False
    return bool(accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast)

"""Settings: how the window looks and when it speaks up."""

from __future__ import annotations

from functools import partial

from longshore.ui.pages.settings_parts import Section, SettingRow, group
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.stepper import Stepper
from longshore.ui.widgets.switch import Switch


class AppearanceSection(Section):
    """Theme, font, text size, motion, notifications. Each takes effect at once."""

    title = "Appearance"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        settings = context.settings
        self._theme = Segmented([("system", "System"), ("light", "Light"), ("dark", "Dark")])
        self._theme.chosen.connect(lambda theme: context.change_settings(theme=theme))
        self._font = Segmented([("inter", "Inter"), ("system", "System font")])
        self._font.chosen.connect(lambda font: context.change_settings(font=font))
        self._size = Stepper("Text size", 90, 150, settings.text_size_percent, suffix=" %")
        self._size.setSingleStep(5)
        self._size.stepped.connect(lambda percent: context.change_settings(text_size_percent=percent))
        self._motion = Switch("Reduced motion", on=settings.reduced_motion)
        self._motion.toggled.connect(partial(self._switch, "reduced_motion"))
        self._notify = Switch("Notifications", on=settings.notifications)
        self._notify.toggled.connect(partial(self._switch, "notifications"))
        self.rows.addWidget(
            group(
                SettingRow("Theme", "System follows the light or dark look of this computer.", self._theme),
                SettingRow("Font", "Inter looks the same on every computer.", self._font),
                SettingRow("Text size", "From 90 to 150 %.", self._size),
                SettingRow("Reduced motion", "Panels and graphs change without moving.", self._motion),
            )
        )
        self.rows.addWidget(
            group(
                SettingRow(
                    "Notifications", "The system tells when a run ends, also while the window is closed.", self._notify
                )
            )
        )
        context.settings_changed.connect(self._show)
        self._show()

    def _switch(self, name: str, on: bool) -> None:
        if getattr(self.context.settings, name) != on:
            self.context.change_settings(**{name: on})

    def _show(self) -> None:
        settings = self.context.settings
        self._theme.choose(settings.theme)
        self._font.choose(settings.font)
        self._size.show_value(settings.text_size_percent)
        self._motion.setChecked(settings.reduced_motion)
        self._notify.setChecked(settings.notifications)

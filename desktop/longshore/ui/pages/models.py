"""Models: the registered ones, their versions, and the promotion and deployment of the selected version."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.registry.models import ModelInfo, VersionInfo
from longshore.ui.pages import models_work as work
from longshore.ui.pages.model_middle import ModelMiddle, facts_of
from longshore.ui.pages.models_dialogs import DeployDialog, RegisterDialog
from longshore.ui.pages.models_work import ModelsState, VersionState
from longshore.ui.pages.promote_panel import UNSIGNED, PromotePanel
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.widgets.basic import clear, vertical
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.late_content import TURN_MS, LateContent, beside
from longshore.ui.widgets.side_list import Entry, SideList
from longshore.ui.widgets.side_split import SideSplit
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState, Loading, StateStack

# The window asks for a refresh at every write to the local database, which is about once a second. The registry is
# another computer's: it is asked this often at most.
REREAD_S = 4.0


class ModelsPage(Page):
    """The registry of the workspace."""

    title = "Models"
    look_every_s = 10.0

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._state: ModelsState | None = None
        self._detail: VersionState | None = None
        self._model = self._version = ""
        self._busy = self._again = self._told = False
        # Answers that were asked for before the workspace changed are let go.
        self._generation = 0
        self._read_at = -REREAD_S
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._refresh_later)
        outer = vertical(self)
        self._banner_holder = QWidget()
        self._banner = vertical(self._banner_holder)
        outer.addWidget(self._banner_holder)
        self._stack = StateStack()
        self._content = LateContent(
            lambda holder: beside(holder, self.side, self.split),
            lambda _holder: self.middle,
            lambda _holder: self.panel,
            lambda _holder: self.split.hold(self.middle, self.panel),
        )
        self._stack.addWidget(self._content)
        outer.addWidget(self._stack, 1)
        context.workspace_changed.connect(self._forget)
        self._stack.say(Loading("Loading the models…"))

    @cached_property
    def side(self) -> SideList:
        """The list of models."""
        made = SideList("Models", self._content)
        made.chosen.connect(self._choose_model)
        return made

    @cached_property
    def middle(self) -> ModelMiddle:
        """The selected model: its versions, and what the selected one is made from."""
        made = ModelMiddle(self.context, self.split)
        made.table.version_chosen.connect(self._choose_version)
        made.table.version_opened.connect(self._open_panel)
        made.table.run_opened.connect(lambda run_id: self.context.open("run", run_id=run_id))
        return made

    @cached_property
    def panel(self) -> PromotePanel:
        """The inspector."""
        made = PromotePanel(self.split)
        made.closed.connect(partial(self.split.show_panel, False))
        made.alias_chosen.connect(self._read_version)
        made.promote_asked.connect(self._promote)
        made.deploy_asked.connect(self._deploy)
        made.remove_alias_asked.connect(self._remove_alias)
        made.retry_asked.connect(self._read_version)
        return made

    @cached_property
    def split(self) -> SideSplit:
        """The middle with the inspector beside it."""
        made = SideSplit(self._content)
        made.panel_moved.connect(self.context.actions_changed)
        return made

    # -- what the window asks -----------------------------------------------------------------------------------

    def actions_now(self) -> list[Action]:
        register = Action(
            "register-model",
            "Register model…",
            self._register,
            icon="plus",
            command="longshore register RUN --name NAME",
        )
        if self._state is None or not self._state.models:
            return [register]
        return [
            register,
            *(self._version_actions() if self._version else ()),
            Action(
                "filter-models",
                "Filter models",
                self.side.focus_filter,
                icon="filter",
                shortcut="Ctrl+F",
                in_bar=False,
            ),
            Action(
                "inspector",
                "Toggle the inspector",
                self.split.toggle_panel,
                icon="sidebar",
                shortcut="Ctrl+I",
                in_bar=False,
            ),
        ]

    def _version_actions(self) -> list[Action]:
        reference = f"{self._model}/{self._version}"
        unsigned = self._detail is not None and self._detail.version.signature is None
        # What the inspector offers stands in the bar while the inspector is away.
        away = not self.split.panel_shown
        lineage = partial(self.context.open, "lineage", reference=f"model:{reference}")
        return [
            Action(
                "promote-version",
                f"Promote v{self._version}…",
                self._open_panel,
                icon="flag",
                in_bar=away,
                command=f"longshore promote {reference} --alias {self.panel.alias}",
            ),
            Action("version-lineage", f"Show lineage of {reference}", lineage, icon="lineage", in_bar=False),
            Action(
                "deploy-version",
                "Deploy to Docker…" if away else f"Deploy {reference} to Docker…",
                self._deploy,
                icon="box",
                shortcut="Ctrl+D",
                kind="primary",
                in_bar=away,
                command=f"longshore deploy {reference}",
                disabled_because=UNSIGNED if unsigned else "",
            ),
        ]

    def show_with(self, **arguments: object) -> None:
        reference = str(arguments.get("reference") or "")
        if name := arguments.get("name"):
            reference = f"{name}/{arguments.get('version') or ''}"
        if reference:
            self._model, _, self._version = reference.partition("/")
            if self._state is not None and self._state.models:
                self._show_models(self._state)
        self._content.begin()
        self._read_models()
        if run_id := arguments.get("register"):
            self._register(str(run_id))

    def refresh(self) -> None:
        if self._state is not None:
            self.context.runner.run(self, work.read_served(self.context.home), self._show_served, key="served")
        due = self._read_at + REREAD_S - time.monotonic()
        if due <= 0:
            self._read_models()
        elif not self._later.isActive():
            self._later.start(round(due * 1000) + 1)

    def _refresh_later(self) -> None:
        if self.isVisible():
            self.refresh()

    # -- reading ------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._generation += 1
        self._state = self._detail = None
        self._model = self._version = ""
        self._busy = self._again = False
        self._stack.say(Loading("Loading the models…"))
        if self.isVisible():
            self._read_models()

    def _read_models(self) -> None:
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        reading = work.read_models(self.context.home, self.context.workspace_name)
        asked = self._generation
        self.context.runner.run(
            self, reading, partial(self._models_read, asked), partial(self._models_failed, asked), key="models"
        )

    def _settle(self) -> None:
        self._busy = False
        self._read_at = time.monotonic()
        if self._again:
            self._read_models()

    def _models_failed(self, asked: int, error: LongshoreError) -> None:
        if asked != self._generation:
            return
        self._settle()
        if self._state is None:
            self._stack.say(ErrorState(error, "The models could not be loaded", self._read_models))
            return
        clear(self._banner)
        words = f"{error.reason} The last state is shown. {error.hint or ''}".strip()
        self._banner.addWidget(Banner(words, ("Retry", self._read_models)))

    def _models_read(self, asked: int, state: ModelsState) -> None:
        if asked != self._generation:
            return
        if state.models and not self._content.when_ready(partial(self._models_read, asked, state)):
            return
        clear(self._banner)
        same, self._state = state == self._state, state
        self._settle()
        if not self._told:
            self._told = True
            self.note_rows()
        if not state.models:
            text = "Register a model that a run has logged: it gets versions, aliases and deployments."
            self._stack.say(
                EmptyState("model", "No models yet", text, ("Register model…", self._register), action_icon="plus")
            )
            self.context.actions_changed.emit()
            return
        self._stack.setCurrentWidget(self._content)
        if not same:
            self._show_models(state)

    def _show_served(self, served: Mapping[str, tuple[str, ...]]) -> None:
        if self._state is not None and served != self._state.served:
            self._state = replace(self._state, served=served)
            if self._state.models:
                self._show_model()

    # -- models and versions ------------------------------------------------------------------------------------

    @property
    def model(self) -> ModelInfo | None:
        """The selected model."""
        return next((each for each in (self._state.models if self._state else ()) if each.name == self._model), None)

    def _show_models(self, state: ModelsState) -> None:
        if self.model is None:
            self._model, self._version = state.models[0].name, ""
        self.side.show_entries([Entry(model.name, facts_of(model)) for model in state.models], self._model)
        self._show_model()

    def _choose_model(self, name: str) -> None:
        self._model, self._version = name, ""
        self._show_model()

    def _show_model(self) -> None:
        model = self.model
        if model is None or self._state is None:
            return
        self.middle.show_model(model)
        if all(each.version != self._version for each in model.versions):
            latest = model.versions[0].version if model.versions else ""
            self._version = model.aliases.get("champion") or latest
        self.middle.table.show_versions(model.versions, self._state.served, self._version)
        if self._version:
            self._read_version()
        else:
            self._detail = None
            self.panel.show_nothing()
            self.middle.details.show_nothing()
        self.context.actions_changed.emit()

    def _choose_version(self, version: str) -> None:
        if version != self._version:
            self._version = version
            self._read_version()
            self.context.actions_changed.emit()

    def _read_version(self, _alias: str = "") -> None:
        reference = f"{self._model}/{self._version}"
        if self._detail is not None and self._detail.version.reference != reference:
            self._detail = None
        self.panel.show_loading(reference)
        reading = work.read_version(self.context.home, self.context.workspace_name, reference, self.panel.alias)
        failed = partial(self._version_failed, reference)
        self.context.runner.run(self, reading, self._show_version, failed, key="version")

    def _show_version(self, state: VersionState) -> None:
        version = state.version
        if version.reference != f"{self._model}/{self._version}" or state.promotion.alias != self.panel.alias:
            return
        if state != self._detail:
            self.middle.details.show_version(state)
        self._detail = state
        self.middle.head.show_flavors(version.flavors)
        self.context.actions_changed.emit()
        # Details and panel are many small widgets each: one turn for both would be a long one.
        QTimer.singleShot(TURN_MS, self, partial(self._fill_panel, state))

    def _fill_panel(self, state: VersionState) -> None:
        if state is self._detail and state.promotion.alias == self.panel.alias:
            self.panel.show_version(state, self._version_of(state.promotion.previous_version))

    def _version_of(self, number: str | None) -> VersionInfo | None:
        model = self.model
        return next((each for each in model.versions if each.version == number), None) if model else None

    def _version_failed(self, reference: str, error: LongshoreError) -> None:
        if reference == f"{self._model}/{self._version}":
            self._detail = None
            self.middle.details.show_nothing()
            self.panel.show_error(error)

    def _open_panel(self, _version: str = "") -> None:
        self.split.show_panel(True)
        self.panel.focus_note()

    # -- what is done to a version ------------------------------------------------------------------------------

    def _promote(self, alias: str, note: str) -> None:
        if self._detail is None or self._detail.promotion.alias != alias:
            return
        reference, seen = self._detail.version.reference, self._detail.promotion.previous_version
        promoting = work.promote_work(self.context.home, self.context.workspace_name, reference, alias, note, seen)
        self.panel.promoting()
        done = partial(self._promoted, reference, alias)
        self.context.runner.run(self, promoting, done, self._refused, title=f"Promoting {reference}")

    def _promoted(self, reference: str, alias: str, promotion: object) -> None:
        from longshore.policies.promotion import Promotion

        assert isinstance(promotion, Promotion)
        self.panel.settled()
        if promotion.promoted:
            self.panel.forget_note()
            self.context.tell("success", f"{reference} is {alias} now")
        self._read_models()
        self._read_version()

    def _refused(self, error: LongshoreError) -> None:
        self.panel.settled()
        self.context.tell("error", error.reason, error.hint or "")
        self._read_models()
        self._read_version()

    def _remove_alias(self, alias: str) -> None:
        text = f"{self._model} has no {alias} afterwards. The version stays, and so does what is deployed."
        ConfirmDialog(
            self.window(),
            f"Remove the alias {alias}?",
            text,
            "Remove alias",
            partial(self._do_remove_alias, alias),
            keep="Keep it",
        ).open()

    def _do_remove_alias(self, alias: str) -> None:
        removing = work.remove_alias_work(self.context.home, self.context.workspace_name, self._model, alias)
        self.context.runner.run(self, removing, lambda _nothing: self._read_models(), title=f"Removing {alias}")

    def _register(self, run_id: str = "") -> None:
        known = [model.name for model in self._state.models] if self._state else []
        known.sort(key=lambda name: name != self._model)
        dialog = RegisterDialog(self.window(), self.context, run_id, known)
        dialog.registered.connect(self._registered)
        dialog.open()

    def _registered(self, version: object) -> None:
        assert isinstance(version, VersionInfo)
        self._model, self._version = version.name, version.version
        self.context.tell("success", f"Registered {version.reference}")
        self._read_models()

    def _deploy(self) -> None:
        if self._version:
            DeployDialog(self.window(), self.context, f"{self._model}/{self._version}").open()

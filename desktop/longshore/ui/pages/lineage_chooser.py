"""The dialog that asks around which thing the graph is drawn."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from longshore.ui.pages.lineage_work import Choice, read_choices
from longshore.ui.shell.context import AppContext
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.search_dialog import Entry, SearchDialog
from longshore.ui.widgets.times import ago


class Chooser(SearchDialog):
    """A list of model versions, runs and deployments, found by typing; any other reference may be typed whole."""

    def __init__(self, parent: QWidget, context: AppContext) -> None:
        super().__init__(
            parent,
            "Show the lineage of",
            "Show lineage",
            placeholder="Name, or a reference such as model:churn/3 or dataset:data/train.csv",
            search="Search things",
            listed="Things with a lineage",
            none="There is no run and no model version yet.",
        )
        project = context.project.name if context.project else ""
        asked = read_choices(context.home, context.workspace_name, project)
        context.runner.run(
            self, asked, self._take, lambda error: self.show_failure(error, "The things could not be listed")
        )

    def _take(self, choices: tuple[Choice, ...]) -> None:
        self.show_entries([_entry(choice) for choice in choices])

    def answer(self) -> str:
        typed = self.search.text().strip()
        return super().answer() or (typed if ":" in typed or "/" in typed else "")


def _entry(choice: Choice) -> Entry:
    when = f", {ago(choice.at)}" if choice.at else ""
    return Entry(
        choice.reference,
        f"{choice.title}    {choice.detail}{when}",
        choice.reference,
        f"{choice.title} {choice.reference} {choice.detail}",
        (values()["nodeKinds"][choice.kind]["icon"], f"node.{choice.kind}"),
    )

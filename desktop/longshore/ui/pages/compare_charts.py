"""Charts of many runs: scatter, parallel coordinates, box plot, importance of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QMenu, QScrollArea, QWidget

from longshore.errors import Invalid
from longshore.progress import CancelToken, Progress
from longshore.tracking.rows import ColumnSet
from longshore.ui.pages.compare_fields import Answering, FieldsTab
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, ElidedLabel, label, vertical
from longshore.ui.widgets.field_select import FieldSelect
from longshore.ui.widgets.figure import Figure, Named
from longshore.ui.widgets.plot.bars import Bar, Bars
from longshore.ui.widgets.plot.box_plot import BoxPlot
from longshore.ui.widgets.plot.parallel import MOST_LINES, ParallelPlot
from longshore.ui.widgets.plot.run_plot import RunPlot
from longshore.ui.widgets.plot.scatter import ScatterPlot
from longshore.ui.widgets.states import EmptyState

if TYPE_CHECKING:
    from longshore.tracking.comparing.boxes import Box
    from longshore.tracking.comparing.fields import RunSet
    from longshore.tracking.comparing.importance import Ranking
    from longshore.ui.shell.tasks import TaskRunner

# So many axes stand side by side at first.
_AXES = 6
# A table with more selected rows than this, here and there, answers slowly.
MOST_SELECTED = 500
_CHANCE = 0.05


class RunFigure(Figure):
    """A plot of runs that can be copied and saved; the picture names the compared ones."""

    def __init__(self, runner: TaskRunner, plot: RunPlot, title: str, parent: QWidget) -> None:
        super().__init__(runner, title, parent)
        self.setProperty("keep", True)
        self.plot = self.drawing = plot
        vertical(self).addWidget(plot, 1)

    def legend(self) -> Sequence[Named]:
        runs = self.plot.runs
        if runs is None:
            return []
        return [(runs.run_names[place], number) for place, number in self.plot.marked_places()]


class ScatterFigure(RunFigure):
    """Its menu makes axes logarithmic."""

    def __init__(self, runner: TaskRunner, plot: ScatterPlot, parent: QWidget) -> None:
        super().__init__(runner, plot, "Scatter plot", parent)
        self._scatter = plot

    def add_actions(self, menu: QMenu) -> None:
        plot = self._scatter
        for words, on, turn in (
            ("Logarithmic x", plot.log_x, lambda: plot.show_scales(log_x=not plot.log_x, log_y=plot.log_y)),
            ("Logarithmic y", plot.log_y, lambda: plot.show_scales(log_x=plot.log_x, log_y=not plot.log_y)),
        ):
            action = menu.addAction(words, turn)
            action.setCheckable(True)
            action.setChecked(on)


def _count(shown: int, of: int) -> str:
    runs = "1 run" if of == 1 else f"{of:,} runs"
    return runs if shown == of else f"{shown:,} of {runs}"


class ScatterTab(FieldsTab):
    """Any metric or parameter against any other."""

    def __init__(self, context: AppContext, layout: CompareLayout, answering: Answering, parent: QWidget) -> None:
        super().__init__(context, layout, answering, "scatter", parent)
        self.up, self.across = FieldSelect("Y axis"), FieldSelect("X axis")
        self.row.addWidget(self.up)
        self.row.addWidget(label("against", "small", "secondary"))
        self.row.addWidget(self.across)
        for select, key in ((self.across, "x"), (self.up, "y")):
            select.field_chosen.connect(lambda field, key=key: self.keep(key, field))
            select.field_chosen.connect(self.load)
        self.row.addStretch(1)
        self.row.addWidget(self.said)
        self.plot = ScatterPlot()
        self.plot.opened.connect(self.opened)
        self.figure = ScatterFigure(context.runner, self.plot, self)
        self.row.addWidget(self.figure.menu_button())
        self.figure.hide()

    def show_known(self) -> None:
        fields, known = self.known.fields, self.known
        # Neither one with two values nor one with a value of its own per run says much at first.
        x = known.params[len(known.params) // 2] if known.params else (fields[-1] if fields else "")
        self.across.show_fields(fields, self.kept("x", x, fields))
        self.up.show_fields(fields, self.kept("y", known.metric, fields))

    def wanted(self) -> Sequence[str]:
        return [field for field in (self.across.value, self.up.value) if field]

    def show_fields(self, runs: RunSet) -> None:
        import numpy as np

        x, y = runs.fields.get(self.across.value), runs.fields.get(self.up.value)
        shown = 0 if x is None or y is None else int((np.isfinite(x.numbers) & np.isfinite(y.numbers)).sum())
        self.said.setText(_count(shown, len(runs)))
        if x is None or y is None or not shown:
            self.show_content(EmptyState("compare", "Nothing to draw", "No run has a value for both axes."))
            return
        self.figure.title = f"{y.title} against {x.title}"
        self.plot.show_fields(runs, x, y, self.marked)
        self.show_content(self.figure)


class ParallelTab(FieldsTab):
    """A line per run over the parameters that differ and a metric."""

    def __init__(self, context: AppContext, layout: CompareLayout, answering: Answering, parent: QWidget) -> None:
        super().__init__(context, layout, answering, "parallel", parent)
        self.choose = Button("Axes", self._choose_axes, icon="columns", kind="ghost", size="small")
        self.choose.setToolTip("Choose which parameters and metrics have an axis")
        self.row.addWidget(self.choose)
        hint = ElidedLabel(
            "Drag along an axis, or press Up and Down on it, to select runs in the table", "small", "tertiary"
        )
        self.row.addWidget(hint, 1)
        self.row.addWidget(self.said)
        self.clear_button = Button("Clear ranges", self._clear, kind="ghost", size="small")
        self.clear_button.hide()
        self.row.addWidget(self.clear_button)
        self.plot = ParallelPlot()
        self.plot.opened.connect(self.opened)
        self.plot.brushed.connect(self._brushed)
        self.figure = RunFigure(context.runner, self.plot, "Parallel coordinates", self)
        self.row.addWidget(self.figure.menu_button())
        self.figure.hide()

    def show_known(self) -> None:
        self.choose.setEnabled(bool(self.known.fields))

    def wanted(self) -> Sequence[str]:
        kept = [field for field in self.layout_kept.texts("parallel.axes") or () if field in self.known.fields]
        if kept:
            return kept
        metric = [self.known.metric] if self.known.metric else []
        return [*self.known.params[: _AXES - len(metric)], *metric]

    def _choose_axes(self) -> None:
        from longshore.ui.widgets.column_chooser import picker_of
        from longshore.ui.widgets.run_columns import all_columns

        kinds = {"p:": "params.", "m:": "metrics."}
        names: dict[str, list[str]] = {"p:": [], "m:": []}
        for field in self.known.fields:
            names[field[:2]].append(field[2:])
        columns = all_columns(ColumnSet(tuple(names["p:"]), tuple(names["m:"])))
        offered = [column for column in columns if column.kind in ("params", "metrics")]
        shown = [kinds[field[:2]] + field[2:] for field in self.wanted()]
        chooser = picker_of(self, "axes", offered, shown)
        chooser.chosen.connect(self._axes_chosen)
        chooser.reset_asked.connect(lambda: chooser.show_chosen(shown))
        chooser.reset_asked.connect(lambda: self._axes_chosen(shown))
        chooser.open_below(self.choose)

    def _axes_chosen(self, ids: Sequence[str]) -> None:
        fields = [("p:" if each.startswith("params.") else "m:") + each.partition(".")[2] for each in ids]
        # The metric stands last, where all lines end.
        self.keep("axes", sorted(fields, key=lambda field: field.startswith("m:")))
        self.load()

    def show_fields(self, runs: RunSet) -> None:
        fields = [runs.fields[field] for field in self.wanted()]
        if len(fields) < 2 or not len(runs):
            self.show_content(EmptyState("compare", "Nothing to draw", "It takes two axes or more. Choose them above."))
            return
        self.plot.show_fields(runs, fields, self.marked)
        self._say(None if not self.plot.ranges else int(self.plot.chosen().sum()))
        self.show_content(self.figure)

    def _say(self, chosen: int | None) -> None:
        assert self.plot.runs is not None
        count = len(self.plot.runs)
        self.clear_button.setVisible(chosen is not None)
        if chosen is not None and chosen > MOST_SELECTED:
            self.said.setText(f"{_count(chosen, count)}, the first {MOST_SELECTED} selected")
        elif chosen is not None:
            self.said.setText(f"{_count(chosen, count)} selected")
        else:
            self.said.setText(f"{_count(count, count)}" + (f", {MOST_LINES:,} drawn" if count > MOST_LINES else ""))

    def _brushed(self, ids: list[str] | None) -> None:
        self._say(None if ids is None else len(ids))
        self.selected.emit(ids[:MOST_SELECTED] if ids is not None else list(self.marked))

    def _clear(self) -> None:
        self.plot.clear_brushes()
        self.plot.setFocus()


class BoxTab(FieldsTab):
    """A metric by a parameter's values."""

    def __init__(self, context: AppContext, layout: CompareLayout, answering: Answering, parent: QWidget) -> None:
        super().__init__(context, layout, answering, "box", parent)
        self.measure, self.by = FieldSelect("Metric"), FieldSelect("Parameter")
        self.row.addWidget(self.measure)
        self.row.addWidget(label("by", "small", "secondary"))
        self.row.addWidget(self.by)
        for select, key in ((self.measure, "metric"), (self.by, "by")):
            select.field_chosen.connect(lambda field, key=key: self.keep(key, field))
            select.field_chosen.connect(self.load)
        self.row.addStretch(1)
        self.row.addWidget(self.said)
        self.plot = BoxPlot()
        self.plot.opened.connect(self.opened)
        self.figure = RunFigure(context.runner, self.plot, "Box plot", self)
        self.row.addWidget(self.figure.menu_button())
        self.figure.hide()

    def show_known(self) -> None:
        metrics = [field for field in self.known.fields if field.startswith("m:")]
        params = [field for field in self.known.fields if field.startswith("p:")]
        self.measure.show_fields(metrics, self.kept("metric", self.known.metric, metrics))
        first = self.known.params[0] if self.known.params else ""
        self.by.show_fields(params, self.kept("by", first, params))

    def wanted(self) -> Sequence[str]:
        return [field for field in (self.measure.value, self.by.value) if field]

    def show_fields(self, runs: RunSet) -> None:
        metric, by = runs.fields.get(self.measure.value), runs.fields.get(self.by.value)
        if metric is None or by is None:
            self._show_nothing()
            return

        def work(_progress: Progress, _cancel: CancelToken) -> tuple[Box, ...]:
            from longshore.tracking.comparing.boxes import boxes

            return boxes(metric, by)

        self.context.runner.run(
            self, work, lambda found: self._show_boxes(runs, found), self.show_failure, key="compare.box"
        )

    def _show_boxes(self, runs: RunSet, found: tuple[Box, ...]) -> None:
        metric = runs.fields.get(self.measure.value)
        shown = sum(len(box.members) for box in found)
        self.said.setText(_count(shown, len(runs)))
        if metric is None or not found:
            self._show_nothing()
            return
        self.figure.title = f"{metric.title} by {self.by.value[2:]}"
        self.plot.show_boxes(runs, metric, self.by.value[2:], found, self.marked)
        self.show_content(self.figure)

    def _show_nothing(self) -> None:
        self.show_content(EmptyState("compare", "Nothing to draw", "No run has both this metric and this parameter."))


class BarFigure(Figure):
    """The bars, with a scroll bar where they are many."""

    def __init__(self, runner: TaskRunner, parent: QWidget) -> None:
        super().__init__(runner, "Importance", parent)
        self.setProperty("keep", True)
        self.bars = self.drawing = Bars()
        self.bars.setAccessibleName("Importance of parameters")
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.bars)
        vertical(self).addWidget(area)


class ImportanceTab(FieldsTab):
    """Which parameters a metric goes with; says how it is measured, with how many runs, and what may be chance."""

    def __init__(self, context: AppContext, layout: CompareLayout, answering: Answering, parent: QWidget) -> None:
        super().__init__(context, layout, answering, "importance", parent)
        self.measure = FieldSelect("Metric")
        self.measure.field_chosen.connect(lambda field: self.keep("metric", field))
        self.measure.field_chosen.connect(self.load)
        self.row.addWidget(label("for", "small", "secondary"))
        self.row.addWidget(self.measure)
        self.method = ElidedLabel("", "small", "secondary")
        self.row.addWidget(self.method, 1)
        self.figure = BarFigure(context.runner, self)
        self.row.addWidget(self.figure.menu_button())
        self.figure.hide()

    def show_known(self) -> None:
        metrics = [field for field in self.known.fields if field.startswith("m:")]
        self.measure.show_fields(metrics, self.kept("metric", self.known.metric, metrics))

    def wanted(self) -> Sequence[str]:
        return [self.measure.value, *self.known.params] if self.measure.value else []

    def show_fields(self, runs: RunSet) -> None:
        wanted = self.wanted()
        if not wanted:
            self.show_content(EmptyState("compare", "No metric", "These runs logged no metric."))
            return
        metric, params = runs.fields[wanted[0]], [runs.fields[field] for field in wanted[1:]]

        def work(_progress: Progress, _cancel: CancelToken) -> Ranking | Invalid:
            from longshore.tracking.comparing.importance import importance

            try:
                return importance(metric, params)
            except Invalid as error:
                return error

        self.context.runner.run(self, work, self._show_ranking, self.show_failure, key="compare.importance")

    def _show_ranking(self, found: Ranking | Invalid) -> None:
        from longshore.tracking.comparing.importance import EXPLAINED, METHOD

        self.method.setText("")
        if isinstance(found, Invalid):
            self.show_content(EmptyState("compare", "Too little to tell", f"{found.reason} {found.hint or ''}".strip()))
            return
        if not found.found:
            why = "No parameter has different values that several runs share."
            self.show_content(EmptyState("compare", "No parameter to look at", why))
            return
        runs = f"{found.runs:,} runs" if found.runs == found.of_runs else f"{found.runs:,} of {found.of_runs:,} runs"
        left_out = f", {len(found.left_out)} left out" if found.left_out else ""
        self.method.setText(f"{METHOD}, {runs}{left_out}")
        names = ", ".join(field[2:] for field in found.left_out)
        self.method.setAccessibleDescription(EXPLAINED)
        self.method.setWhatsThis(EXPLAINED)
        self.figure.setToolTip(
            EXPLAINED + (f"\n\nLeft out, the same or another text in nearly each run: {names}" if names else "")
        )
        self.figure.title = f"What {found.metric[2:]} goes with"
        self.figure.bars.show_bars(
            [
                Bar(
                    each.field[2:], each.share, _words(each.share, each.correlation, each.chance), each.chance > _CHANCE
                )
                for each in found.found
            ]
        )
        self.show_content(self.figure)


def _words(share: float, correlation: float | None, chance: float) -> str:
    said = f"{share * 100:.0f} %"
    if correlation is not None:
        said += f", {'rises' if correlation > 0 else 'falls'} with it"
    if chance > _CHANCE:
        said += f", may be chance (p {chance:.2f})"
    return said

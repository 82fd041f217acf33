"""The versions of one model as rows, and which columns there are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from longshore.registry.models import VersionInfo
from longshore.tracking import direction
from longshore.ui.widgets.times import ago, full, number

MOST_METRICS = 4
_PLAIN = re.compile(r"-?[\d,]+(\.\d+)?")
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """One column. Kinds: version, aliases, run, metric, time, live."""

    kind: str
    title: str
    # Of the latest versions' metrics, the best value.
    best: float | None = None
    # As many as the longest value has, so that the points stand under each other.
    decimals: int = 0


class VersionModel(QAbstractTableModel):
    """One row a version, in the order given."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: tuple[VersionInfo, ...] = ()
        self.columns: tuple[Column, ...] = ()
        self._served: Mapping[str, tuple[str, ...]] = {}

    def show_versions(self, versions: Sequence[VersionInfo], served: Mapping[str, tuple[str, ...]]) -> None:
        """Show these versions; `served` gives the deployments by NAME/3."""
        self.beginResetModel()
        self.versions, self._served = tuple(versions), served
        metrics = tuple(_metric(versions, name) for name in metrics_of(versions))
        self.columns = (
            Column("version", "Version"),
            Column("aliases", "Alias"),
            Column("run", "Source run"),
            *metrics,
            Column("time", "Registered"),
            Column("live", "Live"),
        )
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.versions)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = self.columns[section].kind == "metric"
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        version, column = self.versions[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(version, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return full(version.created_at) if column.kind == "time" else self.text(version, column)
        return None

    def text(self, version: VersionInfo, column: Column) -> str:
        """Give what stands in a cell."""
        if column.kind == "metric":
            return _aligned(number(version.metrics.get(column.title)), column.decimals)
        return {
            "version": f"v{version.version}",
            "aliases": ", ".join(version.aliases),
            "run": version.run_name or version.run_id[:8] or "—",
            "time": ago(version.created_at),
            "live": ", ".join(self._served.get(version.reference, ())) or "—",
        }[column.kind]

    def is_best(self, version: VersionInfo, column: Column) -> bool:
        """Tell whether no other version has a better value of this metric."""
        value = version.metrics.get(column.title)
        return column.best is not None and value == column.best


def metrics_of(versions: Sequence[VersionInfo], most: int = MOST_METRICS) -> list[str]:
    """Give the metrics worth a column, those that most versions have first, held-out and well-known ones before others."""
    counts: dict[str, int] = {}
    for version in versions:
        for name in version.metrics:
            if not name.startswith("system/"):
                counts[name] = counts.get(name, 0) + 1
    held_out = ("val", "test", "eval")
    return sorted(
        counts, key=lambda name: (-counts[name], not name.startswith(held_out), not direction.is_known(name), name)
    )[:most]


def _metric(versions: Sequence[VersionInfo], name: str) -> Column:
    texts = [number(version.metrics.get(name)) for version in versions]
    decimals = max((len(text.partition(".")[2]) for text in texts if _PLAIN.fullmatch(text)), default=0)
    return Column("metric", name, _best(versions, name), decimals)


def _aligned(text: str, decimals: int) -> str:
    if not decimals or not _PLAIN.fullmatch(text):
        return text
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest:0<{decimals}}"


def _best(versions: Sequence[VersionInfo], name: str) -> float | None:
    # With one version, or a name that does not say what is better, no value stands out.
    found = [version.metrics[name] for version in versions if name in version.metrics]
    return direction.best(found, name) if len(set(found)) > 1 and direction.is_known(name) else None

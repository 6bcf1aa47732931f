"""Samples of all processes, as the text that Prometheus reads. Pure.

Must not know where the numbers come from. Invariant: a sample without a family, or with other
labels than its family has, is an error here and not a gap in somebody's dashboard.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from livesrv.families import FAMILIES, Family
from livesrv.tally import SPREAD_MS

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BOUNDS = [*(str(bound_ms / 1000) for bound_ms in SPREAD_MS), "+Inf"]
"""Upper bounds of a histogram's buckets, in seconds, as they are written."""

AnyMetric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class Sample(Struct, array_like=True):
    """One number. Of a histogram: `value` is the sum, `counts` those of the buckets, each alone."""

    family: str
    value: float
    labels: tuple[str, ...] = ()
    counts: list[int] = []


class Snapshot(Struct, array_like=True):
    """All samples of one process at one moment."""

    process: str
    at_ms: int
    samples: list[Sample]


def exposition(snapshots: Sequence[Snapshot]) -> bytes:
    """The snapshots in Prometheus's text format 0.0.4, each with its `process` as a label."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(snapshots))
    return generate_latest(registry)


class _Gathered(Collector):
    """Snapshots of processes, turned into families of samples."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[AnyMetric]:
        metrics: dict[str, AnyMetric] = {}
        for snapshot in self._snapshots:
            for sample in snapshot.samples:
                if sample.family not in metrics:
                    metrics[sample.family] = _metric(sample.family, FAMILIES[sample.family])
                _add(metrics[sample.family], FAMILIES[sample.family], snapshot.process, sample)
        yield from metrics.values()


def _metric(name: str, family: Family) -> AnyMetric:
    labels = ("process", *family.labels)
    match family.kind:
        case "counter":
            return CounterMetricFamily(name, family.help, labels=labels)
        case "gauge":
            return GaugeMetricFamily(name, family.help, labels=labels)
        case "histogram":
            return HistogramMetricFamily(name, family.help, labels=labels)


def _add(metric: AnyMetric, family: Family, process: str, sample: Sample) -> None:
    if len(sample.labels) != len(family.labels):
        raise ValueError(f"{sample.family} has the labels {family.labels}, not {sample.labels}")
    labels = (process, *sample.labels)
    if isinstance(metric, HistogramMetricFamily):
        upto = accumulate(sample.counts)
        metric.add_metric(labels, list(zip(BOUNDS, upto, strict=True)), sample.value)
    else:
        metric.add_metric(labels, sample.value)

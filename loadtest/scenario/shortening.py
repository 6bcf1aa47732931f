"""The same show in less time: what a trial plays that need not last the whole evening. Pure.

Time runs faster and rates stay. All that a scenario does is still done, in its order, at moments
that lie closer together; of each act only as many happen as keep its rate, so that a second of the
short show loads the server as a second of the long one does. Of people who arrive, so many are in
before the show that the others come no faster than they would have. An incident keeps its size and
its length, as far as the time left allows: it is one blow, not a rate.

What only builds up over a long time (memory, a backlog that grows slowly, a burst's whole length)
is seen less of: an answer found with short shows is held with a longer one. Invariant: the people,
the rooms, the offers and the objectives stay; a show never gets longer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from .model import Act, Curve, Incident, People, Recording, Scenario

IN_BEFORE = "{} (in before)"
"""Name of that part of a group which does not arrive in the short show."""


def shortened(scenario: Scenario, seconds: float) -> Scenario:
    """The show in `seconds`, or as it is when it takes no longer. Raises `ValueError`."""
    if seconds <= 0:
        raise ValueError(f"a show of {seconds:g} s is none; it must be more than 0")
    if seconds >= scenario.duration_s:
        return scenario
    factor = seconds / scenario.duration_s
    parts = {group.name: tuple(_parts(group, factor)) for group in scenario.people}
    return replace(
        scenario,
        duration_s=seconds,
        people=tuple(part for group in parts.values() for part in group),
        incidents=tuple(_incident(each, factor, seconds, parts) for each in scenario.incidents),
    )


def _parts(group: People, factor: float) -> Iterator[People]:
    acts = tuple(_faster(act, factor) for act in group.acts)
    arriving = round(group.count * factor)
    if group.arrive is None:
        yield replace(group, acts=acts)
        return
    if early := group.count - arriving:
        yield replace(
            group,
            name=IN_BEFORE.format(group.name),
            count=early,
            arrive=None,
            acts=_acts_of(acts, early / group.count, is_early=True),
        )
    if arriving:
        arrive = _hurried(group.arrive, factor).scaled(arriving / (group.count * factor))
        share = arriving / group.count
        acts = _acts_of(acts, share, is_early=False) if early else acts
        yield replace(group, count=arriving, arrive=arrive, acts=acts)


def _acts_of(acts: tuple[Act, ...], share: float, *, is_early: bool) -> tuple[Act, ...]:
    """Rates are shared out; a recording goes whole to those who are there from the beginning."""
    return tuple(
        replace(act, when=act.when.scaled(share)) if isinstance(act.when, Curve) else act
        for act in acts
        if isinstance(act.when, Curve) or is_early
    )


def _faster(act: Act, factor: float) -> Act:
    if isinstance(act.when, Curve):
        return replace(act, when=_hurried(act.when, factor))
    return replace(act, when=_thinned(act.when, factor))


def _hurried(curve: Curve, factor: float) -> Curve:
    return Curve(tuple((at_s * factor, per_s) for at_s, per_s in curve.points))


def _thinned(recording: Recording, factor: float) -> Recording:
    """Every so many-th moment, so that its rate stays as it was."""
    kept = [
        place
        for place in range(len(recording.moments_s))
        if int((place + 1) * factor) > int(place * factor)
    ]
    return replace(
        recording,
        moments_s=tuple(recording.moments_s[place] * factor for place in kept),
        sizes=tuple(recording.sizes[place] for place in kept),
    )


def _incident(
    incident: Incident, factor: float, seconds: float, parts: Mapping[str, tuple[People, ...]]
) -> Incident:
    at_s = incident.at_s * factor
    return replace(
        incident,
        at_s=at_s,
        within_s=min(incident.within_s, seconds - at_s),
        people=tuple(part.name for name in incident.people for part in parts[name]),
    )

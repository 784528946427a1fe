"""Measure the Monte Carlo simulation of another project on a network of tasks.

    peer.py pmcontrols|trueppm TASKS ITERATIONS [REPEATS]

Both projects simulate the same fixed network: task i needs up to two of the seven tasks before it.
Estimates are whole working days, optimistic < likely < pessimistic. The result is one JSON line on
standard output. `seconds` is the time of the fastest of REPEATS (default 3) calls of the peer's
simulation, after a warm-up call and without building the input. p50 and p85 are working days from
the start.
"""

import json
import math
import sys
import time
from datetime import date, timedelta
from importlib.metadata import version

START = date(2026, 2, 2)  # a Monday
SEED = 1


def network(tasks):
    """(needs, optimistic, likely, pessimistic) of each task."""
    state = 12345
    estimates = []
    for i in range(tasks):
        needs = set()
        for _ in range(2):
            state = (state * 1103515245 + 12345) % 2**31
            back = (state >> 16) % 8  # 0: one dependency fewer
            if 0 < back <= i:
                needs.add(i - back)
        optimistic = 2 + i % 5
        likely = optimistic + 2 + i % 7
        estimates.append((sorted(needs), optimistic, likely, likely + 5 + i % 11))
    return estimates


def pmcontrols(tasks, iterations):
    """pert(): numpy columns of all iterations; PERT-beta, λ = 4."""
    import pmcontrols as pm

    activities = [
        {"id": f"t{i}", "predecessors": [f"t{n}" for n in needs], "a": a, "m": m, "b": b}
        for i, (needs, a, m, b) in enumerate(network(tasks))
    ]

    def run(n):
        return pm.pert(activities, n_sim=n, seed=SEED)

    def quantiles(result):
        # The result has P5, P25, P50, P75, P80 and P95. For P85 pmcontrols must keep its samples, at
        # most 2000 of them, so P85 is less exact. It isn't part of the timing.
        sample = sorted(pm.pert(activities, n_sim=iterations, seed=SEED, keep_samples=True).meta["mc_finish_sample"])
        return result.stats["mc_p50"], sample[math.ceil(0.85 * len(sample)) - 1]

    return "pmcontrols", run, quantiles


def trueppm(tasks, iterations):
    """monte_carlo(): a numpy matrix of iterations x tasks; beta by moments, dates at the end."""
    from trueppm_scheduler import Calendar, Dependency, DependencyType, Project, Task, monte_carlo

    activities, links = [], []
    for i, (needs, a, m, b) in enumerate(network(tasks)):
        # A sampled duration is never less than `duration`. The optimistic duration has no effect here.
        activities.append(
            Task(
                id=f"t{i:06}",
                name=f"t{i}",
                duration=timedelta(days=a),
                optimistic_duration=timedelta(days=a),
                most_likely_duration=timedelta(days=m),
                pessimistic_duration=timedelta(days=b),
            )
        )
        links += [Dependency(predecessor_id=f"t{n:06}", successor_id=f"t{i:06}", dep_type=DependencyType.FS) for n in needs]
    project = Project(id="p", name="p", start_date=START, tasks=activities, dependencies=links, calendar=Calendar())

    def run(n):
        # sensitivity_cap=0 omits the ranking from the result; it is still computed.
        return monte_carlo(project, runs=n, seed=SEED, sensitivity_cap=0)

    def working_days(end):
        """Monday to Friday, START and `end` included."""
        weeks, rest = divmod((end - START).days + 1, 7)
        return weeks * 5 + min(rest, 5)

    def quantiles(result):
        dates = result.distribution  # sorted
        return working_days(result.p50), working_days(dates[math.ceil(0.85 * len(dates)) - 1])

    return "trueppm-scheduler", run, quantiles


def main():
    peers = {"pmcontrols": pmcontrols, "trueppm": trueppm, "trueppm-scheduler": trueppm}
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in peers:
        sys.exit(__doc__)
    tasks, iterations = int(sys.argv[2]), int(sys.argv[3])
    repeats = int(sys.argv[4]) if len(sys.argv) == 5 else 3
    peer, run, quantiles = peers[sys.argv[1]](tasks, iterations)
    run(iterations)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run(iterations)
        times.append(time.perf_counter() - start)
    p50, p85 = quantiles(result)
    seconds = min(times)
    print(
        json.dumps(
            {
                "peer": peer,
                "version": version(peer),
                "tasks": tasks,
                "iterations": iterations,
                "seconds": round(seconds, 6),
                "iterations_per_second": round(iterations / seconds),
                "p50": round(p50, 3),
                "p85": round(p85, 3),
            }
        )
    )


main()

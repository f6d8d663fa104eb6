"""`python -m bench`: contests against a bare libcurl loop and the vendor's SDK, on this machine."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.report import as_json, medians, table
from bench.run import ContestantFailed, Outcome, hold
from bench.workloads import load_workloads


def main() -> int:
    """0: every bar met; 1: a bar missed or a contestant failed; 2: usage."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="contests whose name contains NAME")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each contestant, instead of the workload's own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, versions and machine facts there")
    parser.add_argument("--list", action="store_true", help="name the contests and leave")
    chosen = parser.parse_args()
    workloads = load_workloads(chosen.only)
    if not workloads or (chosen.runs is not None and chosen.runs < 1):
        parser.error(f"no contest named {chosen.only!r}" if not workloads else "--runs must be at least 1")
    if chosen.list:
        print("\n".join(f"{name}: {workload.title}" for name, workload in workloads.items()))
        return 0
    outcomes: dict[str, Outcome] = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="vodfast-bench-") as folder:
        for name, workload in workloads.items():
            print(f"{name}: {workload.title}", file=sys.stderr, flush=True)
            try:
                outcomes[name] = hold(workload, Path(folder), chosen.runs, _tell)
            except ContestantFailed as error:
                print(f"  {error}", file=sys.stderr)
                outcomes[name], failed = Outcome(title=workload.title, skipped=str(error)), True
    print(medians(outcomes.values()))
    print()
    print(table(outcomes))
    if chosen.json is not None:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_bytes(as_json(outcomes))
    return int(failed or not all(verdict.met for outcome in outcomes.values() for verdict in outcome.verdicts))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

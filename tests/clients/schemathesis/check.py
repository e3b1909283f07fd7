"""Runs schemathesis against every service of the emulator, two at a time, and prints what came of it.

usage: check.py CASES REPORTS
"""

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "python"))

from emulator import emulate  # noqa: E402

# Where the paths of a document begin.
BASES = {
    "azure": "/openai",
    "azure-v1": "/openai",
    "fastapi": "/v1",
    "fastapi-2026": "/v1",
    "hicap": "/v1",
    "hicap-v1": "/v1",
    "openai": "/v1",
    "truefoundry": "/api/llm",
    "truefoundry-gateway": "",
}
KEY = "the only key"
SEED = 20261122


def check(service, cases, reports):
    report = reports / f"{service}.json"
    # The emulator must ask for the right key: one of the checks tries others.
    os.environ["EMULATED_KEY"] = KEY
    with emulate("--dialect", service, "--texture", "0", "--api-key-env", "EMULATED_KEY") as emulator:
        address = f"{emulator.origin}/openapi/{service}.json"
        command = [
            *("st", "run", address, "--url", emulator.origin + BASES[service]),
            # Either opens the services that take both; a made-up one beside it would only confuse the checks.
            *("--header", f"Authorization: Bearer {KEY}", "--header", f"api-key: {KEY}"),
            *("--checks", "all", "--continue-on-failure", "--generation-database", "none"),
            *("--seed", str(SEED), "--max-examples", str(cases), "--workers", "1"),
            # Large pictures take their time where nothing is optimised.
            *("--request-timeout", "60"),
            *("--report", "json", "--report-json-path", str(report), "--no-color"),
        ]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        # It leaves a folder where it runs.
        run = subprocess.run(command, env=environment, cwd=reports, capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stdout[-20_000:], run.stderr[-5_000:], file=sys.stderr)
    if not report.exists():
        return service, 0, 0, 1
    told = json.loads(report.read_text())
    failed = told["test_cases"]["unique_failures"] + len(told["errors"])
    return service, told["test_cases"]["generated"], told["filtered"], max(failed, run.returncode)


def main():
    cases, reports = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda service: check(service, cases, reports), BASES))
    print(f"{'schemathesis, all checks':26} {'cases':>6} {'named':>6} {'failures':>9}")
    for service, generated, named, failed in rows:
        print(f"{service:26} {generated:6} {named:6} {failed:9}")
    short = [service for service, generated, _, _ in rows if generated < cases]
    if short:
        print(f"fewer than {cases} cases: {', '.join(short)}")
    sys.exit(any(failed for *_, failed in rows) or bool(short))


if __name__ == "__main__":
    main()

"""Prints how many tests each client passed at each service, from the reports of a run."""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml
from collections import Counter

HERE = pathlib.Path(__file__).parent


def version(package):
    texts = [(HERE / name).read_text() for name in ("requirements.txt", "package.json")]
    python = re.search(r"^openai==(.*)$", texts[0], re.MULTILINE)
    node = re.search(r'"openai": "(.*?)"', texts[1])
    return (python if package == "openai-python" else node)[1]


def services(report):
    """Passed, failed and skipped tests by service."""
    counts = {}

    def count(service, case):
        kinds = {child.tag for child in case}
        result = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        counts.setdefault(service, Counter())[result] += 1

    root = xml.parse(report).getroot()
    for suite in root.iter("testsuite"):
        for case in suite.findall("testcase"):
            # pytest names the service in brackets, node:test names the suite after it.
            service = re.search(r"\[(.*?)\]", case.get("name", ""))
            count(service[1] if service else suite.get("name").replace("pytest", "other"), case)
    return counts


def main():
    print(f"{'client':22} {'service':20} {'passed':>6} {'failed':>6} {'skipped':>7}")
    for report in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        for service, counts in sorted(services(report).items()):
            client = f"{report.stem} {version(report.stem)}"
            print(f"{client:22} {service:20} {counts['passed']:6} {counts['failed']:6} {counts['skipped']:7}")


if __name__ == "__main__":
    main()

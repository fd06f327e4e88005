"""sarif_errors.py FILE VALIDATION: prints what the reference validator says of FILE; exit code 1 on an error."""

import json
import sys

subject, validation = sys.argv[1:]
with open(validation, encoding="utf-8-sig") as file:
    runs = json.load(file)["runs"]

results = [result for run in runs for result in run.get("results", [])]
for result in results:
    place = (result.get("locations") or [{}])[0].get("physicalLocation", {}).get("region", {})
    message = result["message"].get("text") or result["message"].get("arguments")
    print(f"{subject}:{place.get('startLine', '?')}: {result.get('level', 'warning')}: {result['ruleId']}: {message}")

# An execution that did not succeed has looked at nothing.
finished = bool(runs) and all(
    invocation.get("executionSuccessful", False) for run in runs for invocation in run.get("invocations", [{}])
)
errors = sum(result.get("level", "warning") == "error" for result in results)
print(f"{subject}: {errors} errors, {len(results) - errors} warnings{'' if finished else ', NOT FINISHED'}")
sys.exit(1 if errors or not finished else 0)

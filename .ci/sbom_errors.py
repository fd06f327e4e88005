"""Checks bills of materials against their specifications: FILE... ; ends with 1 if any breaks them."""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def errors(path: str) -> list[str]:
    text = Path(path).read_text(encoding="utf-8")
    if '"bomFormat"' in text:
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        return [] if error is None else [str(error)]
    found = validate_full_spdx_document(parse_file(path), "SPDX-2.3")
    return [message.validation_message for message in found]


def main() -> int:
    failed = False
    for path in sys.argv[1:]:
        found = errors(path)
        failed |= bool(found)
        print(f"{path}: {'; '.join(found) or 'valid'}")
    return int(failed)


sys.exit(main())

"""Reports for continuous integration, which wants to know where files lie: only this layer asks the machine."""

from __future__ import annotations

from importlib.metadata import PackageMetadata, metadata

from preflight.cli.source_tree import Utf16Columns, source_tree
from preflight.model import Report


def for_machines(report: Report, format_: str) -> str:
    """A report as ``sarif``, ``junit`` or ``github``."""
    tree = source_tree()
    match format_:
        case "sarif":
            from preflight.render.sarif import sarif_object, sarif_text  # noqa: PLC0415 - only for this format

            about = metadata("media-preflight")
            with Utf16Columns() as to_utf16:
                log = sarif_object(
                    report, tree=tree, to_utf16=to_utf16, version=about["Version"], pages=_rule_pages(about)
                )
            return sarif_text(log)
        case "junit":
            from preflight.render.junit import junit_xml  # noqa: PLC0415 - loads junitparser

            return junit_xml(report, tree=tree)
        case _:
            from preflight.render.github import workflow_commands  # noqa: PLC0415 - only for this format

            return "".join(f"{line}\n" for line in workflow_commands(report, tree=tree))


def _rule_pages(about: PackageMetadata) -> str | None:
    """Where the pages of the rules are published: the project URL ``Rules`` of ``pyproject.toml``, if it names one."""
    for entry in about.get_all("Project-URL", []):
        label, _, url = entry.partition(",")
        if label.strip().lower() == "rules":
            return str(url).strip()
    return None

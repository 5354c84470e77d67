"""The first files of a user: a commented job, its schema for editors, the configuration of the hooks, a workflow.

All of them are made from the spec and the table of hooks, so that they agree.
"""

from preflight.scaffold.first_job import EDITOR_LINE, JOB_FILE, SCHEMA_FILE, job_text, sample_files, sample_job
from preflight.scaffold.hooks import HOOKS, HOOKS_FILE, MINIMUM_PRE_COMMIT, Hook, configuration, hooks_text, manifest
from preflight.scaffold.workflow import WORKFLOW_FILE, workflow_text

__all__ = [
    "EDITOR_LINE",
    "HOOKS",
    "HOOKS_FILE",
    "JOB_FILE",
    "MINIMUM_PRE_COMMIT",
    "SCHEMA_FILE",
    "WORKFLOW_FILE",
    "Hook",
    "configuration",
    "hooks_text",
    "job_text",
    "manifest",
    "sample_files",
    "sample_job",
    "workflow_text",
]

"""The pages for agents and their operators: what they show can be used as it is."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from preflight.agents.operator_orders import OperatorOrders
from preflight.agents.tool_table import tools
from preflight.checking.options import Options
from preflight.cli.app import commands
from preflight.cli.exit_codes import Exit

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "mcp.md").read_text("utf-8")
SKILL = (DOCS / "SKILL.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def arguments() -> list[list[str]]:
    """The arguments of ``preflight`` in every configuration that the page shows."""
    servers: list[Any] = []
    for text in blocks("json"):
        read = json.loads(text)
        servers += [*read.get("mcpServers", {}).values(), *read.get("servers", {}).values()]
    servers += [server for text in blocks("toml") for server in tomllib.loads(text)["mcp_servers"].values()]
    assert all(server["command"] == "preflight" for server in servers)
    shell = [line for text in blocks("sh") for line in text.splitlines() if "preflight mcp" in line]
    given = [["mcp", *shlex.split(line.rpartition("preflight mcp")[2])] for line in shell]
    return [server["args"] for server in servers] + given


@pytest.mark.parametrize("given", arguments(), ids=" ".join)
def test_a_configuration_of_the_page_names_options_that_exist(given: list[str]) -> None:
    name, *rest = given
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    known = {spelling for param in command.params for spelling in param.opts}
    assert {word for word in rest if word.startswith("-")} <= known


def test_the_page_lists_the_tools() -> None:
    section = PAGE.partition("\n## The tools\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
        tool.name for tool in tools(OperatorOrders(options=Options()))
    ]


def test_the_skill_has_the_front_matter_of_the_format() -> None:
    _, front, body = SKILL.split("---\n", 2)
    read = yaml.safe_load(front)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", read["name"])
    assert len(read["name"]) <= 64
    assert 1 <= len(read["description"]) <= 1024
    assert len(read["compatibility"]) <= 500
    assert set(read) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert body.count("\n") < 500


def test_the_skill_has_every_exit_code() -> None:
    assert re.findall(r"^\| (\d+) \|", SKILL, re.MULTILINE) == [str(int(code)) for code in sorted(Exit)]

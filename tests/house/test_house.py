"""The house's own rules: layers, sizes, names, the cost of `rapport --help`."""

import ast
import functools
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("rapport", "crm", "prompts", "retrieval", "profiles", "agent", "finetune", "eval", "ui")
HEAVY = (
    "torch", "transformers", "peft", "accelerate", "sentence_transformers", "faiss", "gradio", "langchain",
    "langchain_core", "nltk", "sklearn", "bm25s", "sqlalchemy", "fastapi", "numpy", "pydantic", "ray",
)  # fmt: skip


@functools.cache
def trees() -> dict[Path, list[ast.AST]]:
    """Every source file with the nodes of its syntax tree."""
    return {path: list(ast.walk(ast.parse(path.read_text()))) for path in sources()}


@functools.cache
def owners() -> dict[str, list[str]]:
    """Which installed distributions ship which top-level name."""
    return dict(importlib.metadata.packages_distributions())


def sources() -> list[Path]:
    return [path for folder in (*FOLDERS, "tests") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_is_over_300_lines():
    long = {str(path.relative_to(ROOT)): n for path in sources() if (n := len(path.read_text().splitlines())) > 300}
    assert not long


def test_no_function_is_over_40_lines():
    long = []
    for path, nodes in trees().items():
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and path.parts[-2] != "versions":
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 40:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {length}")
    assert not long


def test_layers_are_kept():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_imports_are_absolute():
    relative = [
        str(path.relative_to(ROOT))
        for path, nodes in trees().items()
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_no_test_file_loads_a_model_library_when_it_is_collected():
    """Each process that runs tests collects them all, and would wait for torch to run none of them."""
    dear = {*HEAVY[: HEAVY.index("langchain")], "nltk", "sklearn", "scipy", "matplotlib", "captum"}
    loaded = []
    for path, nodes in trees().items():
        tops = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) and not node.col_offset]
        names = [alias.name for node in tops for alias in node.names if isinstance(node, ast.Import)]
        names += [node.module or "" for node in tops if isinstance(node, ast.ImportFrom)]
        if path.is_relative_to(ROOT / "tests") and dear & {name.split(".")[0] for name in names}:
            loaded.append(str(path.relative_to(ROOT)))
    assert not loaded


def test_nothing_is_unpickled():
    unsafe = re.compile(r"^\s*(import|from) (pickle|joblib|dill|shelve)\b|torch\.load\(|allow_pickle=True", re.M)
    assert not [str(path) for path in sources() if unsafe.search(path.read_text()) and path != Path(__file__)]


def test_no_exception_is_swallowed():
    found = []
    for path, nodes in trees().items():
        for node in nodes:
            if isinstance(node, ast.ExceptHandler) and all(isinstance(item, ast.Pass) for item in node.body):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_help_loads_no_heavy_library():
    program = (
        "import sys, json\nfrom ui.cli import run\ncode = run(['--help'])\n"
        f"print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(result.stdout.splitlines()[-1]) == [0, []]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_other_installed_distribution_ships_a_folder_of_this_name(folder):
    assert set(owners().get(folder, [])) <= {"rapport"}


def test_every_error_and_public_name_of_the_tree_is_exported():
    import rapport.errors as errors

    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert defined == set(errors.__all__)
    drawn = set(re.findall(r"^[│├└─\s]*([A-Z]\w+)", errors.__doc__ or "", re.M))
    assert defined <= drawn


def test_no_path_of_a_machine_is_in_the_tree():
    names = [part for part in ("/" + "work/", "/" + "root/") if part]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    texts = [
        ROOT / name for name in tracked if name.endswith((".py", ".md", ".toml", ".txt", ".yml")) or name == "Makefile"
    ]
    assert not [str(path) for path in texts if path.exists() and any(name in path.read_text() for name in names)]


def test_the_console_script_answers():
    command = [str(Path(sys.executable).with_name("rapport")), "--version"]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert result.returncode == 0
    assert result.stdout.startswith("rapport ")

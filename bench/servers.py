"""What the running servers cost: readiness and memory of `dondoc up`, and the runs of one morning."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client

from bench.measures import Measure
from cli.prefect_server import (
    PrefectHome,
    connected,
    free_port,
    server_argv,
    server_environment,
    server_ready,
)
from cli.process_tree import ProcessTree, processes_marked
from deployments.table import POOL, deployment_name

EXAMPLE = Path(__file__).parent.parent / "examples" / "konray"
_PLAN = "konray-2022-2025"
_PATIENCE = 300.0
_IDLE_SECONDS = 10.0


def up() -> list[Measure]:
    """Start `dondoc up` on an empty folder, against a bare Prefect server on an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        bare = _bare_server(Path(folder) / "bare")
        home = PrefectHome(Path(folder) / "up", free_port())
        with _running_up(home) as (seconds, process):
            time.sleep(_IDLE_SECONDS)
            memory = _megabytes(process.pid)
            morning = asyncio.run(_morning(home))
    return [
        Measure(
            name="`dondoc up` is ready",
            value=seconds / (1.3 * bare + 5),
            bound=1,
            unit="× of the allowance",
            compared_with=f"1.3 × a bare `prefect server start` + 5 s ({seconds:.1f} s; bare {bare:.1f} s)",
        ),
        Measure(name="`dondoc up`, idle", value=memory, bound=700, unit="MB", compared_with="all its processes"),
        morning,
    ]


def _bare_server(folder: Path) -> float:
    home = PrefectHome(folder, free_port())
    began = time.perf_counter()
    with ProcessTree(folder / "logs") as tree:
        tree.start("server", server_argv(), server_environment(home), lambda: server_ready(home), _PATIENCE)
        return time.perf_counter() - began


@contextmanager
def _running_up(home: PrefectHome) -> Iterator[tuple[float, subprocess.Popen[str]]]:
    pages = free_port()
    environment = {
        **os.environ,
        "DONDOC_HOME": str(home.folder),
        "DONDOC_PREFECT_PORT": str(home.port),
        "DONDOC_PORTAL_PORT": str(pages),
        "DONDOC_PUBLIC_URL": f"http://127.0.0.1:{pages}",
    }
    _dondoc(environment, "init", "--rehearsal")
    _dondoc(environment, "plan", "load", str(EXAMPLE / "plan.yaml"))
    _dondoc(environment, "cycle", "open", str(EXAMPLE / "cycles" / "2024.yaml"), "--as-of", "2024-01-08")
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "cli", "up"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "is running" in line:
                break
        yield time.perf_counter() - began, process
    finally:
        process.terminate()
        process.wait()


def _dondoc(environment: Mapping[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "cli", *arguments], env=environment, check=True, capture_output=True)  # noqa: S603


def _megabytes(pid: int) -> float:
    """Return the proportional memory of a process and all it started: shared pages are counted once."""
    marks = re.findall(rb"DONDOC_PROCESS_TREE=([^:\0]+):", b"".join(_environments(pid)))
    pids = {pid, *processes_marked(marks[0].decode())} if marks else {pid}
    total = 0
    for one in pids:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{one}/smaps_rollup").read_text("ascii"), re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024


def _environments(pid: int) -> Iterator[bytes]:
    """Yield the environments of the direct children, in which the tree's mark stands."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        yield Path(f"/proc/{child}/environ").read_bytes()


async def _morning(home: PrefectHome) -> Measure:
    """Run the 17 follow-ups of a morning, and 17 empty flows, on the same worker.

    Half of the real ones before and half after: what slows the machine for a while slows both.
    """
    clauses = re.findall(r"^  - id: (\S+)$", (EXAMPLE / "plan.yaml").read_text("utf-8"), re.MULTILINE)
    names = [f"follow_up/{deployment_name(_PLAN, clause)}" for clause in clauses]
    first, second = names[: len(names) // 2], names[len(names) // 2 :]
    with connected(home):
        async with get_client() as client:
            empty = await client.create_flow_from_name("empty")
            await client.create_deployment(empty, "empty", entrypoint="bench.empty.empty", work_pool_name=POOL)
        real = await _run_all(first)
        nothing = await _run_all(["empty/empty"] * len(names))
        real += await _run_all(second)
    return Measure(
        name=f"the {len(clauses)} runs of a morning",
        value=real / nothing,
        bound=1.3,
        unit="×",
        compared_with=f"as many empty flows on the same worker, in between ({real:.1f} s against {nothing:.1f} s)",
    )


async def _run_all(names: list[str]) -> float:
    """Return the seconds from the request until the last of these runs has completed."""
    async with get_client() as client:
        began = time.perf_counter()
        runs: list[UUID] = []
        for name in names:
            deployment = await client.read_deployment_by_name(name)
            runs.append((await client.create_flow_run_from_deployment(deployment.id)).id)
        for run in runs:
            while not (state := (await client.read_flow_run(run)).state) or not state.is_final():  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.2)
            if not state.is_completed():
                raise RuntimeError(f"a run ended as {state.name}: {state.message}")
        return time.perf_counter() - began

"""A coordinator opens a plan's year from a form: first to look, then with `apply` in earnest."""

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from deployments.deploy import redeploy
from flows.ending import refusals_said
from tasks.opening import open_year


@flow(name="open_cycle")
@refusals_said
async def open_cycle(cycle_file: str, apply: bool = False) -> State[None]:  # noqa: FBT001 - a form
    """Open a plan's year.

    Args:
        cycle_file: the text of the cycle file (YAML): the plan, the year, each deadline and its basis
        apply: leave it off to see first what would be created

    """
    seen = await open_year(cycle_file, apply=apply)
    rows = [
        {"duty": line.duty, "title": line.title, "units": line.units, "deadline": str(line.final or "chưa ấn định")}
        for line in seen.lines
    ]
    warnings = "\n".join(f"- {warning}" for warning in seen.warnings)
    await acreate_table_artifact(table=rows, key="open-cycle", description=warnings or "Không có cảnh báo.")
    if apply:
        await redeploy()
    done = "đã bắt đầu" if apply else "xem trước"
    return Completed(message=f"Năm {seen.year} của {seen.plan}: {done}, {seen.assignments} nhiệm vụ được giao.")

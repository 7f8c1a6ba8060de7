"""The unit's pages: what it has to do, its answers, its report, its files, and what it raises itself."""

from fastapi import APIRouter

from portal import unit_acts, unit_files, unit_people, unit_report, unit_requests, unit_tasks

router = APIRouter()
for _part in (unit_tasks, unit_acts, unit_report, unit_files, unit_requests, unit_people):
    router.include_router(_part.router)

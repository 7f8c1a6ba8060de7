"""The labour office's pages, one module for each subject."""

from fastapi import APIRouter

from portal import (
    office_adhoc,
    office_approvals,
    office_arrivals,
    office_contacts,
    office_difficulties,
    office_extensions,
    office_files,
    office_holds,
    office_overview,
    office_reviews,
)

router = APIRouter()
for part in (
    office_overview,
    office_arrivals,
    office_reviews,
    office_extensions,
    office_difficulties,
    office_adhoc,
    office_approvals,
    office_holds,
    office_contacts,
    office_files,
):
    router.include_router(part.router)

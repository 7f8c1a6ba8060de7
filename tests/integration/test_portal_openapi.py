"""The OpenAPI description of the pages holds for whatever is sent: schemathesis makes it up, three visitors send it."""

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import date
from itertools import count

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlmodel import select

from models import LinkKind, Outgoing, OutgoingKind, Staff, Unit
from models.database import writing
from notifications.content import Language
from portal.app import make_app
from portal.gate import STAFF_COOKIE, UNIT_COOKIE, Visit, cookie_name
from portal.rates import Rates
from rules.access import StaffRole
from services.files import keep_file
from services.links import keep_link, new_secret
from tests.integration.cast import DAK_KOI, DAK_PNE, OFFICE, number_of
from tests.integration.office_cast import PDF, OfficeDesk
from tests.integration.portal_cast import ORIGIN

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: For each operation and visitor: as described, and not as described.
EXAMPLES = {GenerationMode.POSITIVE: 6, GenerationMode.NEGATIVE: 4}
#: What must have come, so that the forms are known to be reached.
EXPECTED = {
    "stranger": {200, 303, 403, 410},
    "unit": {200, 303, 404, 422},
    "staff": {200, 303, 404, 409, 422},
}
ALL_ROLES = "moi-vai-tro.phong-ldtbxh@konray.example"


class Scene:
    """A day at which something waits for everybody, and the pages over it."""

    def __init__(self, desk: OfficeDesk, folder) -> None:
        self.desk = desk
        object.__setattr__(desk.world, "rates", Rates(scale=10**6))
        self.app = make_app(desk.world)
        self._numbers = count()
        handed_in = desk.handed_in(DAK_KOI)
        desk.asked_for_time(DAK_PNE, date(2024, 11, 5))
        desk.difficulty(DAK_KOI, "Loa hỏng")
        now = desk.world.now()
        with writing(desk.engine) as session:
            office = session.exec(select(Unit).where(Unit.slug == OFFICE)).one()
            session.add(Staff(unit_id=office.id, address=ALL_ROLES, title="Công chức", roles=list(StaffRole)))
            session.add(
                Outgoing(
                    kind=OutgoingKind.UPWARD,
                    plan_id=1,
                    unit_id=1,
                    subject="Thử",
                    body="Thử",
                    made_at=now,
                    actor="staff:1",
                )
            )
            keep_file(
                session, folder, content=PDF, name="de-cuong.pdf", actor="staff:1", now=now, plan_id=1,
                duty_key="V.4-3.a",
            )  # fmt: skip
        #: What is really there, by the names of the addresses' parts.
        self.there = {
            "identifier": (handed_in, number_of(desk.engine, DAK_PNE)), "contact_id": (desk.contact(DAK_KOI).id,),
            "file_id": (1,), "request_id": (1,), "difficulty_id": (1,), "outgoing_id": (1,),
        }  # fmt: skip

    def stranger(self) -> tuple[dict[str, str], str]:
        return {}, ""

    def unit(self) -> tuple[dict[str, str], str]:
        secret = self.desk.link(DAK_PNE)
        return {cookie_name(self.desk.world, UNIT_COOKIE): secret}, secret

    def staff(self) -> tuple[dict[str, str], str]:
        secret = new_secret()
        with writing(self.desk.engine) as session:
            found = session.exec(select(Staff).where(Staff.address == ALL_ROLES)).one()
            keep_link(session, secret, LinkKind.STAFF, now=self.desk.world.now(), staff_id=found.id)
        return {cookie_name(self.desk.world, STAFF_COOKIE): secret}, secret

    def key(self, secret: str) -> str:
        """Return what guards this visitor's forms."""
        world = self.desk.world
        return Visit(world=world, request=None, now=world.now(), language=Language.VI, secret=secret).form_key

    def once(self) -> str:
        return f"once-{next(self._numbers):020}"

    def aim(self, case: Case, key: str) -> None:
        """Let a case come through the gate: rows that are there, a form that its visitor's page has made."""
        place = next(self._numbers)
        for name, there in self.there.items():
            if name in case.path_parameters and place % 3:
                case.path_parameters[name] = there[place % len(there)]
        if isinstance(case.body, dict):
            case.body = case.body | {"key": key, "once": self.once()}


@pytest.fixture
def scene(sqlite, tmp_path):
    return Scene(OfficeDesk.opened(sqlite, tmp_path), tmp_path)


def operations(scene):
    """Return the operations of the description, each bound to the app."""
    schema = schemathesis.openapi.from_dict(scene.app.openapi(), config=schemathesis.Config(seed=1))
    schema.app = scene.app
    return [found.ok() for found in schema.get_all_operations()]


def tried(operation, mode: GenerationMode, send: Callable[[Case], None]) -> None:
    """Make up cases of one operation, the same ones every time, and send them."""

    @settings(
        max_examples=EXAMPLES[mode], derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        send(case)

    if mode is GenerationMode.NEGATIVE and "{secret}" in operation.path:
        return  # any text is right there, and looking for a wrong one takes long
    # Where nothing is said nothing can be said wrongly.
    with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
        run()


@pytest.mark.parametrize("visitor", ["stranger", "unit", "staff"])
def test_whatever_is_sent_is_answered_as_described(scene, visitor):
    faults, came = [], Counter()
    for operation in operations(scene):
        cookies, secret = getattr(scene, visitor)()
        key = scene.key(secret)
        for mode in EXAMPLES:

            def send(case: Case, *, aimed: bool = mode is GenerationMode.POSITIVE, cookies=cookies, key=key) -> None:
                if aimed:
                    scene.aim(case, key)
                answer = case.call_and_validate(headers={"Origin": ORIGIN}, cookies=cookies, checks=CHECKS)
                came[answer.status_code] += 1

            try:
                tried(operation, mode, send)
            except FailureGroup as found:
                faults.append(f"{operation.label}: {found}")
    assert faults == [], "\n".join(faults)
    assert came.keys() >= EXPECTED[visitor], came

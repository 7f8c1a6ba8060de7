"""The table of deployments, from plain rows: no server needed."""

from dataclasses import replace

import pytest
from prefect.client.schemas.schedules import CronSchedule
from prefect.types.names import WITHOUT_BANNED_CHARACTERS
from pydantic import TypeAdapter

from deployments.table import (
    DELIVER_MAIL,
    NameClashError,
    ResponsibilityRow,
    deployment_name,
    minute_for,
    wanted_deployments,
)

REPORT = ResponsibilityRow(
    plan_slug="konray-2022-2025",
    plan_title="Kế hoạch triển khai các hoạt động truyền thông về giảm nghèo",
    key="V.4-3",
    title="Báo cáo năm của xã",
    citation="gạch đầu dòng thứ ba, khoản 4, Mục V",
    text="Hàng năm, báo cáo kết quả thực hiện\nvề Phòng Lao động - Thương binh và Xã hội.",
    unit_slugs=("dak-koi", "dak-ruong"),
    unit_names=("UBND xã Đăk Kôi", "UBND xã Đăk Ruồng"),
    groups=("xa-thi-tran",),
    cadences=("year",),
    deadlines=("Báo cáo năm 2024: chậm nhất hết thứ Năm, ngày 14/11/2024",),
)


def follow_up_of(row):
    return wanted_deployments([row])[0]


@pytest.mark.parametrize(
    ("plan", "key", "name"),
    [
        ("konray-2022-2025", "V.4-3", "V.4-3_konray-2022-2025"),
        ("konray-2022-2025", "V.KET", "V.KET_konray-2022-2025"),
        ("konray-2022-2025", "III.3.d", "III.3.d_konray-2022-2025"),
        ("konray-2022-2025", "III.3.đ", "III.3.dd_konray-2022-2025"),  # a clause of its own, beside d
        ("konray-2022-2025", "Mục ê", "Muc-e_konray-2022-2025"),
        ("12/KH-UBND", "V/4 & 3", "V-4-3_12-KH-UBND"),  # Prefect refuses / and &
    ],
)
def test_a_name_fits_into_addresses_and_shells(plan, key, name):
    assert deployment_name(plan, key) == name


def test_two_clauses_that_would_share_a_name_are_refused():
    with pytest.raises(NameClashError, match=r"V\.4-3_konray-2022-2025"):
        wanted_deployments([REPORT, replace(REPORT, key="V.4 3"), replace(REPORT, key="V.4/3"), REPORT])


def test_the_minute_is_stable_and_spread_over_ten_minutes():
    minutes = [minute_for("konray-2022-2025", f"V.{number}") for number in range(500)]
    assert set(minutes) == set(range(10))
    assert minute_for("konray-2022-2025", "V.4-3") == 2  # fixed for ever: a change moves every schedule


def test_a_responsibility_is_looked_at_every_calendar_day_after_seven():
    [cron] = follow_up_of(REPORT).schedules
    assert (cron.slug, cron.line, cron.timezone) == ("morning", "2 7 * * *", "Asia/Ho_Chi_Minh")


def test_mail_is_delivered_every_quarter_of_an_hour_from_seven_to_seventeen():
    from prefect.server.schemas.schedules import CronSchedule as ServerCron  # noqa: PLC0415
    from prefect.types import DateTime  # noqa: PLC0415

    start = TypeAdapter(DateTime).validate_python("2024-11-25T00:00:00+07:00")
    end = TypeAdapter(DateTime).validate_python("2024-11-25T23:59:00+07:00")
    times = sorted(
        moment.strftime("%H:%M")
        for line in DELIVER_MAIL.values()
        for moment in ServerCron(cron=line, timezone="Asia/Ho_Chi_Minh")._get_dates_generator(start=start, end=end)
    )
    assert times == [f"{hour:02}:{minute:02}" for hour in range(7, 17) for minute in (0, 15, 30, 45)] + ["17:00"]


def test_a_deployment_says_the_clause_verbatim_its_source_its_units_and_its_deadlines():
    description = follow_up_of(REPORT).description
    assert "> Hàng năm, báo cáo kết quả thực hiện\n> về Phòng Lao động - Thương binh và Xã hội." in description
    assert "gạch đầu dòng thứ ba, khoản 4, Mục V" in description
    assert "- UBND xã Đăk Kôi\n- UBND xã Đăk Ruồng" in description
    assert "- Báo cáo năm 2024: chậm nhất hết thứ Năm, ngày 14/11/2024" in description


def test_a_clause_without_unit_and_deadline_says_so():
    description = follow_up_of(replace(REPORT, unit_names=(), deadlines=())).description
    assert "Chưa phân công." in description
    assert "Không có thời hạn theo Kế hoạch." in description


def test_tags_name_plan_clause_units_and_cadence():
    tags = ("dondoc", "plan:konray-2022-2025", "clause:V.4-3", "unit:dak-koi", "unit:dak-ruong", "cadence:year")
    assert follow_up_of(REPORT).tags == tags


def test_more_than_ten_units_are_tagged_by_their_group():
    tags = follow_up_of(replace(REPORT, unit_slugs=tuple(f"xa-{number}" for number in range(11)))).tags
    assert tags == ("dondoc", "plan:konray-2022-2025", "clause:V.4-3", "group:xa-thi-tran", "cadence:year")


def test_every_deployment_is_one_prefect_accepts():
    wanted = wanted_deployments([REPORT])
    assert [one.flow_name for one in wanted] == ["follow_up", "open_cycle", "deliver_mail", "watchdog"]
    for one in wanted:
        assert TypeAdapter(str).validate_python(one.name)
        assert not set(one.name) & set("/%&><"), WITHOUT_BANNED_CHARACTERS
        for cron in one.schedules:
            CronSchedule(cron=cron.line, timezone=cron.timezone)

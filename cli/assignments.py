"""`dondoc assignment`: what people do to an assignment. Numbers are those of `dondoc cycle status`."""

from datetime import date, datetime
from typing import Annotated

import typer
from sqlmodel import Session

from cli.common import ACTOR, AsOf, parse_day
from edge.entry import Edge, enter
from models import Channel
from models.database import writing
from rules.lifecycle import Act, ActRefusedError
from services.acts import Document, decide_submission, extend, record_letter, send_back, submit

app = typer.Typer(help="Hand in, record, accept, return, extend.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="the assignment's number")]
Numbers = Annotated[list[int], typer.Argument(help="the assignments' numbers")]
DocumentNumber = Annotated[str, typer.Option("--number", help="số, ký hiệu, such as 45/BC-UBND")]
Dated = Annotated[
    date | None, typer.Option("--dated", parser=parse_day, metavar="YYYY-MM-DD", help="the document's date")
]
Arrived = Annotated[
    date | None,
    typer.Option("--arrived", parser=parse_day, metavar="YYYY-MM-DD", help="the day it arrived; today without it"),
]
By = Annotated[
    str | None, typer.Option("--by", help="the unit in whose name is decided; the office that follows up without it")
]


@app.command("submit")
def submit_command(number: Number, document: DocumentNumber = "", dated: Dated = None, as_of: AsOf = None) -> None:
    """Hand in for a unit: its reminders stop at once."""
    edge = enter(as_of)
    _hand_in(edge, [number], Channel.HANDED_IN, document, dated, edge.today)


@app.command("receive")
def receive_command(
    numbers: Numbers, document: DocumentNumber = "", dated: Dated = None, arrived: Arrived = None, as_of: AsOf = None
) -> None:
    """Ghi nhận văn bản đến: record what arrived by other ways, for several units at once; all or none."""
    edge = enter(as_of)
    _hand_in(edge, numbers, Channel.DOCUMENT, document, dated, arrived or edge.today)


def _hand_in(edge: Edge, numbers: list[int], channel: Channel, number: str, dated: date | None, arrived: date) -> None:
    document = Document(number=number, dated=dated, arrived_on=arrived)
    with writing(edge.engine) as session:
        names = [_recorded(session, each, document, channel, edge.now) for each in numbers]
    for name in names:
        typer.echo(f"{name}: recorded")


def _recorded(session: Session, number: int, document: Document, channel: Channel, now: datetime) -> str:
    """Of several at once, say which one was refused."""
    try:
        return submit(session, number, document=document, channel=channel, actor=ACTOR, now=now)
    except ActRefusedError as refusal:
        raise ActRefusedError(f"assignment {number}: {refusal}; nothing was recorded") from None


@app.command("accept")
def accept_command(number: Number, by: By = None, as_of: AsOf = None) -> None:
    """Tiếp nhận; only the one the report is addressed to can."""
    edge = enter(as_of)
    with writing(edge.engine) as session:
        name = decide_submission(session, number, Act.ACCEPT, acting=by, actor=ACTOR, now=edge.now)
    typer.echo(f"{name}: accepted")


@app.command("note")
def note_command(number: Number, as_of: AsOf = None) -> None:
    """Ghi nhận: take note of a report that is addressed to somebody else."""
    edge = enter(as_of)
    with writing(edge.engine) as session:
        name = decide_submission(session, number, Act.NOTE, acting=None, actor=ACTOR, now=edge.now)
    typer.echo(f"{name}: noted")


@app.command("return")
def return_command(
    number: Number,
    comment: Annotated[str, typer.Option(help="what is to be completed")],
    again_by: Annotated[date, typer.Option("--again-by", parser=parse_day, metavar="YYYY-MM-DD")],
    by: By = None,
    as_of: AsOf = None,
) -> None:
    """Đề nghị bổ sung: send back with a comment and a new date."""
    edge = enter(as_of)
    with writing(edge.engine) as session:
        name = send_back(
            session,
            number,
            comment=comment,
            again_by=again_by,
            acting=by,
            actor=ACTOR,
            now=edge.now,
            calendar=edge.calendar,
        )
    typer.echo(f"{name}: returned until {again_by:%d/%m/%Y}")


@app.command("extend")
def extend_command(
    number: Number,
    until: Annotated[date, typer.Option("--until", parser=parse_day, metavar="YYYY-MM-DD")],
    basis: Annotated[str, typer.Option(help="the decision or its reason")],
    by: By = None,
    as_of: AsOf = None,
) -> None:
    """Gia hạn: give more time."""
    edge = enter(as_of)
    with writing(edge.engine) as session:
        name = extend(
            session, number, until=until, basis=basis, acting=by, actor=ACTOR, now=edge.now, calendar=edge.calendar
        )
    typer.echo(f"{name}: extended until {until:%d/%m/%Y}")


@app.command("letter")
def letter_command(
    number: Number,
    document: Annotated[str, typer.Option("--number", help="số, ký hiệu of the công văn")],
    sent: Annotated[date, typer.Option("--sent", parser=parse_day, metavar="YYYY-MM-DD")],
    as_of: AsOf = None,
) -> None:
    """Record a công văn đôn đốc: reminders rest for five working days."""
    edge = enter(as_of)
    with writing(edge.engine) as session:
        name = record_letter(
            session, number, number=document, sent_on=sent, actor=ACTOR, now=edge.now, calendar=edge.calendar
        )
    typer.echo(f"{name}: công văn recorded, reminders rest")

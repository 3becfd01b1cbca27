"""`cache-auditor observations explain`: why it was told, judged again from what is stored."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.commands.observations import group_of
from auditor.invocation import invocation_of


def register(app: typer.Typer) -> None:
    group_of(app).command()(explain)


def explain(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id's first characters.")],
) -> None:
    """Why it was told: expected and actual, every channel's part, cost, causes; all recomputed.

    Judges the window that opened it, and its worst one, again from the windows, baselines,
    calibrations and the forest of then, and compares with what was stored. Exit code 1 when a
    stored value is not what it should be and nothing explains it.
    """
    from auditor.explaining.explanation import explained
    from auditor.explaining.whole import doubts_about
    from auditor.listening.explained import document, show
    from auditor.schema.ready import ready
    from auditor.stores.judgements import read_judgements, read_reached
    from auditor.stores.observations import find_observation
    from auditor.stores.replay import read_replay

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        row = find_observation(connection, id_)
        kept = read_judgements(connection, row.id)
        reached = read_reached(connection, row.id)
        with invocation.screen.progress("judging again", total=len(kept) or 1) as done:
            moments = []
            for each in kept:
                moments.append(explained(each, read_replay(connection, each)))
                done(1)
    doubts = doubts_about(kept, reached)
    if invocation.json:
        invocation.screen.document(document(row, moments, doubts))
    else:
        show(invocation.screen, row, moments, doubts)
    if doubts or any(each.in_doubt for each in moments):
        raise typer.Exit(1)

"""`cache-auditor config`: what the settings are, where each is from, and whether all are right."""

import typer

from auditor.invocation import invocation_of


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Show and check the settings.")
    app.add_typer(group, name="config")

    @group.command()
    def show(context: typer.Context) -> None:
        """Each setting: its value, where it is from, what it means. Passwords are left out."""
        from auditor.settings import Settings, allowed

        invocation = invocation_of(context)
        reading = invocation.reading()
        rows = [
            {
                "name": name,
                "value": reading.shown(name),
                "source": reading.sources[name],
                "allowed": allowed(name),
                "meaning": field.description,
            }
            for name, field in Settings.model_fields.items()
        ]
        if invocation.json:
            invocation.screen.document(rows)
        else:
            columns = ("name", "value", "source", "meaning")
            invocation.screen.table(columns, [[row[name] for name in columns] for row in rows])

    @group.command()
    def check(context: typer.Context) -> None:
        """Say every setting that is wrong; exit code 3 if one is."""
        invocation = invocation_of(context)
        reading = invocation.reading()
        given = sum(source != "default" for source in reading.sources.values())
        if invocation.json:
            invocation.screen.document({"valid": True, "given": given})
        else:
            invocation.screen.say(
                f"all settings are right, {given} of them given and the rest defaults"
            )

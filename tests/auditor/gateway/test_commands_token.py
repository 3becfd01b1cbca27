"""`token create|list|revoke` as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from auditor.cli import build
from auditor.commands.token import _existing
from auditor.errors import NameTaken
from auditor.gateway.token_table import TokenTable
from auditor.stores.tokens import create_token, list_tokens
from auditor.tokens import PLAIN, check_name, check_token, digest, draw_token
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Cluster, Database

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "e30" * 60 + ".c2lnbmF0dXJl"


@pytest.fixture(scope="module")
def kept(cluster: Cluster) -> Iterator[Database]:
    with cluster.migrated_database() as made:
        yield made


@pytest.fixture
def conn(kept: Database) -> psycopg.Connection:
    made = kept.connect()
    made.execute("truncate monitoring.cache_tokens")
    return made


def test_a_token_is_shown_once_and_kept_nowhere(kept: Database, conn: psycopg.Connection) -> None:
    """stdout is the token alone; the table has its SHA-256; the list has neither."""
    done = tool("token", "create", "maria", "--scope", "read", "--scope", "ack", dsn=kept.dsn)
    token = done.stdout.strip()
    assert (done.returncode, done.stdout.count("\n"), token[:3]) == (0, 1, "ca_"), done.stderr
    assert token not in done.stderr
    assert "may acknowledge, read" in done.stderr
    table = TokenTable(kept.dsn)
    assert table.find(digest(token)) == ("maria", frozenset({"ack", "read"}))
    table.close()
    row = conn.execute("select t::text from monitoring.cache_tokens as t").fetchone()
    assert row is not None
    assert token not in row[0]
    (listed,) = document("token", "list", dsn=kept.dsn)
    assert (listed["name"], listed["scopes"], listed["state"]) == ("maria", ["ack", "read"], "good")
    assert "digest" not in listed


def test_a_revoked_token_is_over_and_its_name_free(
    kept: Database, conn: psycopg.Connection
) -> None:
    """Its row stays to say what the name was; the same key is never taken again."""
    create_token(conn, "maria", JWT, ["read"])
    gone = document("token", "revoke", "maria", dsn=kept.dsn)
    assert (gone["state"], gone["revoked_at"] is not None) == ("revoked", True)
    again = tool("token", "revoke", "maria", dsn=kept.dsn)
    assert (again.returncode, "no good token is called 'maria'" in again.stderr) == (2, True)
    assert document("token", "list", dsn=kept.dsn) == []
    made = document("token", "create", "maria", "--scope", "ingest", dsn=kept.dsn)
    assert PLAIN.match(made["token"])
    assert [row.state for row in list_tokens(conn)] == ["good", "revoked"]
    back = register(kept, "back", JWT)
    assert (back.returncode, "was the token 'maria', which was revoked" in back.stderr) == (2, True)


def register(database: Database, name: str, key: str, *words: str) -> Any:
    asked = ("token", "create", name, "--scope", "ingest", "--register", *words)
    return tool(*asked, dsn=database.dsn, typed=f"{key}\n".encode())


def test_a_key_that_clients_have_already_is_registered(
    kept: Database, conn: psycopg.Connection
) -> None:
    """A Supabase anon key, read from stdin and never shown; not twice, and not what is none."""
    done = register(kept, "old-client", JWT, "--json")
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout)["name"], JWT in done.stdout + done.stderr) == (
        "old-client",
        False,
    )
    table = TokenTable(kept.dsn)
    assert table.find(digest(JWT)) == ("old-client", frozenset({"ingest"}))
    table.close()
    twice = register(kept, "other", JWT)
    assert (twice.returncode, "as the token 'old-client'" in twice.stderr) == (2, True)
    short = register(kept, "other", "hunter2")
    assert (short.returncode, "16 to 512" in short.stderr, "hunter2" in short.stderr) == (
        2,
        True,
        False,
    )


WRONG = [
    (("ann", "--scope", "write"), "'write' is no scope; there are ingest, ack, read"),
    (("ann",), "Missing option '--scope'"),
    (("settings", "--scope", "read"), "'settings' is not free"),
    ((" ann", "--scope", "read"), "none at its ends a space"),
]


def test_what_is_wrong_is_said(kept: Database, conn: psycopg.Connection) -> None:
    """Exit code 2, the mistake by its name, and nothing made."""
    for words, said in WRONG:
        done = CliRunner().invoke(build(), ["--dsn", kept.dsn, "token", "create", *words])
        assert (done.exit_code, said in " ".join(done.output.split())) == (2, True), done.output
    create_token(conn, "maria", draw_token(), ["read"])
    with pytest.raises(NameTaken, match="a token is called 'maria' already"):
        create_token(conn, "maria", draw_token(), ["read"])
    assert len(list_tokens(conn)) == 1


def test_what_can_be_a_token_and_a_name() -> None:
    """By hand, at the bounds; the message never shows the key."""
    for token in ("x" * 16, "x" * 512, JWT, draw_token()):
        assert check_token(token) == token
    for token in ("x" * 15, "x" * 513, "with space in the middle", "tab\tin the middle of it",
                  "sha256:" + "0" * 64, "geheimnis-mit-ü-darin"):  # fmt: skip
        with pytest.raises(ValueError, match="16 to 512") as caught:
            check_token(token)
        assert token not in str(caught.value)
    for name in ("a", "Jürg Müller", "on-call", "x" * 64):
        assert check_name(name) == name
    for name in ("", "x" * 65, "a\n", "a\x1b[2J", "anyone"):
        with pytest.raises(ValueError, match=r"a name has|not free"):
            check_name(name)


def test_at_a_terminal_the_key_is_asked_for_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through getpass, which echoes nothing."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f" {JWT} ")
    assert _existing() == JWT

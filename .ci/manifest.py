"""Writes sql/manifest.txt: the SHA-256 of every SQL file, as sql/__init__.py checks it."""

import sql

files = sorted(
    path.relative_to(sql.FOLDER).as_posix()
    for folder in ("migrations", "queries")
    for path in (sql.FOLDER / folder).glob("*.sql")
)
lines = [f"{sql.digest(sql.FOLDER / name)}  {name}\n" for name in files]
(sql.FOLDER / sql.MANIFEST).write_text("".join(lines), "utf-8")

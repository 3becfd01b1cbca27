"""The documentation names all there is, and nothing that there is not."""

import ast
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from auditor import errors
from auditor.causes.registry import signatures
from auditor.cli import WITH_VALUE, WITHOUT_VALUE, build, shared_first
from auditor.detectors.registry import detectors
from auditor.examining import checks as doctor_checks
from auditor.observing.feedback import REASONS
from auditor.observing.observation import Category
from auditor.settings import Settings, variable
from auditor.stores import scores
from baselines.metrics import METRICS
from collector import settings as collector_settings
from collector.recorded import ALIASES, OUTCOMES
from tests.postgres_clusters import Database

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = tuple(sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")]))
ROLES = ("writer", "auditor", "reader", "acknowledger")

GLOSSARY = (
    "cache", "implementation", "node", "series", "event", "batch", "spool", "ledger", "weight",
    "agent", "gauge",
    "sample", "heartbeat", "watermark", "window", "rollup", "provisional", "scorable",
    "completeness", "tick", "retention", "pin", "metric", "slot", "baseline", "residual",
    "deviation", "detector", "channel", "score", "surprise", "calibration", "alert budget",
    "not judged", "observation", "severity", "rank", "cost", "cause", "acknowledgement", "notice",
    "listener", "change log", "collector", "get", "load", "sibling",
)  # fmt: skip


# Reading a page ----------------------------------------------------------------------------------


@cache
def text(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def rows(words: str) -> Iterator[list[str]]:
    """The cells of every table row of a text, headers and rulers left out."""
    lines = words.splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|") and not line.startswith("|---") and above.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def row_of(words: str, first: str) -> list[str]:
    """The one table row of a text whose first cell is this."""
    found = [row for row in rows(words) if row[0] == first]
    assert len(found) == 1, f"{len(found)} rows begin with {first}"
    return found[0]


def first_cells(words: str) -> set[str]:
    """What is between backticks in the first cells of a text's tables."""
    return code(" ".join(row[0] for row in rows(words)))


def code(words: str) -> set[str]:
    """What is between backticks."""
    return set(re.findall(r"`([^`\n]+)`", words))


def sections(name: str) -> dict[str, str]:
    """Each heading of level 2 or 3 and the text below it, up to the next heading."""
    parts = re.split(r"^#{2,3} (.+)$", text(name), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def fenced(page: Path) -> list[tuple[str, str]]:
    """(language, content) of each fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


# The command line --------------------------------------------------------------------------------


@cache
def commands() -> Mapping[str, Any]:
    """Every command by its words, such as 'baselines list'; '' is the tool itself."""

    def walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield words, command
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(f"{words} {name}".strip(), inner)

    return dict(walk("", typer.main.get_command(build())))


def long_options(command: Any) -> set[str]:
    options = [option for each in command.params for option in (*each.opts, *each.secondary_opts)]
    return {option for option in options if option.startswith("--")} - {"--help"}


LEAVES = [words for words, command in commands().items() if not hasattr(command, "commands")]


@pytest.mark.parametrize("words", LEAVES)
def test_a_command_has_a_section_with_exactly_its_options(words: str) -> None:
    """A new option is documented, and one that is gone is not."""
    section = sections("operations").get(f"`cache-auditor {words}`")
    assert section is not None, f"docs/operations.md has no section `cache-auditor {words}`"
    told = {word for word in first_cells(section) if word.startswith("--")}
    assert told == long_options(commands()[words])


def test_no_section_describes_a_command_that_does_not_exist() -> None:
    told = {title[15:-1] for title in sections("operations") if title.startswith("`cache-auditor ")}
    assert told == set(LEAVES)


def test_the_options_of_every_command_are_told() -> None:
    section = sections("operations")["Options of every command"]
    told = {word for word in first_cells(section) if word.startswith("--")}
    assert told == long_options(commands()[""]) | {"--help"}


def spoken(page: Path) -> Iterator[str]:
    """Every command line that a page shows: in backticks, or as a line of a fenced block."""
    whole = page.read_text("utf-8")
    for language, block in fenced(page):
        if language in ("sh", "text"):
            yield from re.findall(r"(?:^|\$ |\s)(cache-auditor .+)$", block, re.MULTILINE)
    prose = re.sub(r"^```.*?^```$", "", whole, flags=re.MULTILINE | re.DOTALL)
    yield from (span for span in re.findall(r"`([^`\n]+)`", prose) if "cache-auditor " in span)


def unknown_in(line: str) -> str:
    """What of a shown command line does not exist; '' when it all does."""
    words = shlex.split(line.partition("cache-auditor ")[2].rstrip("…"), comments=True)
    rest = [word for word in shared_first(words) if not word.startswith(WITHOUT_VALUE)]
    while rest and rest[0] in WITH_VALUE:
        rest = rest[2:]
    found = ""
    while rest and f"{found} {rest[0]}".strip() in commands():
        found = f"{found} {rest.pop(0)}".strip()
    options = {word.split("=")[0] for word in rest if word.startswith("--")}
    strangers = options - long_options(commands()[found]) - long_options(commands()[""])
    if not found and not options & {"--help", "--version"}:
        return line
    if rest and hasattr(commands()[found], "commands"):
        return line
    return ", ".join(sorted(strangers - {"--help"}))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_exists(page: Path) -> None:
    assert [line for line in spoken(page) if unknown_in(line)] == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    """The net has no hole: words, sub-commands and options are looked up."""
    for line in ("audit", "baselines forget", "tick --fast", "--dsn x rewind"):
        assert unknown_in(f"cache-auditor {line}"), line
    for line in ("tick", "--dsn x tick", "observations ack 12ab --reason fixed"):
        assert not unknown_in(f"cache-auditor {line}"), line


def test_every_target_of_make_that_is_shown_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    shown = {
        target
        for page in PAGES
        for target in re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))
    }
    assert shown <= targets


def test_every_exit_code_is_told() -> None:
    """The codes of errors.py: those of its table, which name those of its classes."""
    listed = set(re.findall(r"^(\d+) ", errors.__doc__ or "", re.MULTILINE))
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    raised = {str(each.exit_code) for each in classes if hasattr(each, "exit_code")}
    table = sections("operations")["Exit codes"]
    assert set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE)) == listed | raised


def test_every_check_of_doctor_is_told() -> None:
    section = sections("operations")["`cache-auditor doctor`"]
    extra = {"connection", "database"}  # made by the command itself
    assert first_cells(section) == {check.name for check in doctor_checks.CHECKS} | extra


# Settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_told_with_its_variable_and_default(name: str) -> None:
    _, environment, default, _ = row_of(text("operations"), f"`{name}`")
    assert environment == f"`{variable(name)}`"
    value = Settings.model_fields[name].default
    none = value is None or value == ()
    shown = "none" if none else value if isinstance(value, str) else f"{value:g}"
    assert default.split()[0] == shown


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_that_nothing_reads_says_so(name: str) -> None:
    """A promise that is not kept yet is marked, and the mark goes when it is kept."""
    programs = [
        path.read_text("utf-8")
        for path in sorted((ROOT / "auditor").rglob("*.py"))
        if path != ROOT / "auditor/settings.py"
    ]
    read = any(re.search(rf"\.{name}\b", program) for program in programs)
    assert ("Not read yet" in row_of(text("operations"), f"`{name}`")[3]) is not read


def test_every_variable_of_the_collector_is_told_with_its_default() -> None:
    """The defaults are those that an empty environment gives, in the unit of the variable."""
    given = collector_settings.from_environment({})
    expected = {
        collector_settings.ENABLED: str(given.enabled).lower(),
        collector_settings.BATCH_SIZE: f"{given.batch_size}",
        collector_settings.FLUSH_INTERVAL: f"{given.flush_interval_s:g}",
        collector_settings.QUARTER: f"{given.flush_every_s:g}",
        collector_settings.DSN: "none",
        collector_settings.DATABASE_URL: "none",
        collector_settings.URL: "none",
        collector_settings.INGEST_TOKEN: "none",
        collector_settings.CA_FILE: "none",
        collector_settings.NODE: given.node or "none",
        collector_settings.BUFFER: f"{given.buffer_events}",
        collector_settings.SPOOL_DIR: "none",
        collector_settings.SPOOL_MIB: f"{given.spool_bytes / 2**20:g}",
        collector_settings.SPOOL_DAYS: f"{given.spool_age_s / 86_400:g}",
        collector_settings.PLAIN_KEYS: str(given.plain_keys).lower(),
        collector_settings.KEY_SECRET: "none",
        collector_settings.EXIT_TIMEOUT: f"{given.exit_timeout_s:g}",
        collector_settings.AGGREGATE: given.aggregate,
        collector_settings.AGGREGATE_ABOVE: f"{given.aggregate_above:g}",
    }
    variables = {
        value
        for name, value in vars(collector_settings).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }
    told = {
        row[0].strip("`"): row[1].split()[0]
        for row in rows(text("collector"))
        if re.fullmatch(r"`(CACHE_[A-Z_]+|DATABASE_URL)`", row[0])
    }
    assert set(told) == variables
    assert told == expected


# Detection ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_told_with_its_name_on_screen_and_unit(metric: Any) -> None:
    row = row_of(sections("detection")["Metrics"], f"`{metric.name}`")
    assert row[1:3] == [metric.title, metric.unit or "none"]


def test_every_detector_is_told_with_its_metrics() -> None:
    section = sections("detection")["Detectors"]
    assert first_cells(section) == {each.name for each in detectors()}
    for each in detectors():
        row = row_of(section, f"`{each.name}`")
        assert code(row[1]) == set(each.metrics)
        assert row[4].startswith("yes" if each.opens else "no")


def test_every_cause_is_told_with_its_catalogue_number() -> None:
    section = sections("detection")["Causes"]
    assert first_cells(section) == {each.name for each in signatures()}
    for each in signatures():
        row = row_of(section, f"`{each.name}`")
        assert row[1:3] == [each.title, each.catalogue or "none"]


def test_every_reason_and_category_is_told() -> None:
    told = code(sections("detection")["Observations"])
    assert set(REASONS) <= told
    assert set(get_args(Category)) <= code(sections("detection")["Severity is cost"])


def test_every_reason_for_not_judging_is_told() -> None:
    """The texts that are stored with a window that has no score."""
    module = ast.parse(Path(scores.__file__).read_text("utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    (why,) = [function for function in functions if function.name == "_why_not"]
    reasons = {
        node.value.value
        for node in ast.walk(why)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
    }
    assert reasons
    assert reasons <= code(sections("detection")['"Not judged"'])


# Words, columns, links ---------------------------------------------------------------------------


@pytest.mark.parametrize("word", GLOSSARY)
def test_a_word_of_the_law_is_in_the_glossary(word: str) -> None:
    meaning = row_of(text("glossary"), word)[1]
    assert meaning.endswith(".")


def test_every_column_that_load_knows_is_told_with_its_aliases() -> None:
    for ours, aliases in ALIASES.items():
        row = row_of(text("load"), f"`{ours}`")
        assert code(row[1]) == set(aliases)
    told = code(text("load"))
    assert {word for pair in OUTCOMES for word in pair if word} <= told


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


def links(page: Path) -> Iterable[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page: Path) -> None:
    """Files beside, and headings in them."""
    dead = []
    for link in links(page):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE) if (
            target.is_file()) else []  # fmt: skip
        if not target.exists() or (anchor and anchor not in map(slug, headings)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_ours_that_is_named_exists(page: Path) -> None:
    """A file or folder in backticks that begins with one of our folders."""
    named = re.findall(
        r"`((?:auditor|baselines|collector|sql|tests|docs)/[\w./]*)`", page.read_text("utf-8")
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached = {link.partition("#")[0] for link in links(ROOT / "README.md")}
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= reached


# The schema, as it is in a database --------------------------------------------------------------

COLUMNS = """
select c.relname::text, array_agg(a.attname::text order by a.attnum)
from pg_class as c join pg_attribute as a on a.attrelid = c.oid
where c.relnamespace = 'monitoring'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
  and not c.relispartition and a.attnum > 0 and not a.attisdropped
group by 1
"""
FUNCTIONS = """
select distinct proname::text from pg_proc where pronamespace = 'monitoring'::regnamespace
"""
RIGHTS = """
select c.relname::text, r.role::text, concat(
    case when has_any_column_privilege(r.login, c.oid, 'insert') then 'a' end,
    case when has_any_column_privilege(r.login, c.oid, 'select') then 'r' end,
    case when has_any_column_privilege(r.login, c.oid, 'update') then 'w' end,
    case when has_table_privilege(r.login, c.oid, 'delete') then 'd' end)
from pg_class as c
cross join (select role, 'cache_auditor_' || role from unnest(%s::text[]) as u (role))
    as r (role, login)
where c.relnamespace = 'monitoring'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
  and not c.relispartition
"""


def test_the_schema_is_told_as_it_is(database: Database) -> None:
    """Every table has a section that names each of its columns; every function is named; every
    right of every role is as the page has it; and nothing is told that is not there."""
    with database.connect() as connection:
        tables = {name: set(columns) for name, columns in connection.execute(COLUMNS)}
        functions = {name for (name,) in connection.execute(FUNCTIONS)}
        granted = connection.execute(RIGHTS, [list(ROLES)]).fetchall()

    told = sections("schema")
    titled = {title.strip("`") for title in told if title.startswith("`")}
    assert titled == set(tables)
    for table, columns in tables.items():
        missing = columns - code(told[f"`{table}`"])
        assert not missing, f"docs/schema.md does not tell {sorted(missing)} of {table}"

    named = set(re.findall(r"`(\w+)\([^)`]*\)`", told["Functions"]))
    assert named == functions

    page = {
        (row[0].strip("`"), role): may
        for row in rows(text("privileges"))
        if row[0].strip("`") in tables
        for role, may in zip(ROLES, row[1:], strict=True)
    }
    assert page == {(table, role): may for table, role, may in granted}

"""Databases that `torture.py` has the program work on: files of earlier versions, and a PostgreSQL."""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../..")
MIGRATIONS = os.path.join(ROOT, "sql/migrations/sqlite")
FILLED = os.path.join(ROOT, "tests/existing/versions")
# Debian has PostgreSQL's programs there, by version.
PROGRAMS = "/usr/lib/postgresql"
# What is another in every database, or each time that it is used.
OWN_TABLES = {"installation", "known_time", "days_run", "schema_version"}


def migrations():
    """The files of the migrations, by version."""
    named = re.compile(r"V(\d+)__\w+\.sql")
    found = [(named.fullmatch(name), name) for name in os.listdir(MIGRATIONS)]
    return {int(match[1]): os.path.join(MIGRATIONS, name) for match, name in found if match}


def make_old(path, version, records):
    """Makes a file of an earlier version, with rows in its tables. `records` are the migrations' own rows."""
    os.makedirs(os.path.dirname(path))
    files = migrations()
    with sqlite3.connect(path) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
        db.execute(
            "CREATE TABLE schema_version (version INT4 PRIMARY KEY, name VARCHAR(255), "
            "applied_on VARCHAR(255), checksum VARCHAR(255))"
        )
        for number in range(1, version + 1):
            for text in (files[number], os.path.join(FILLED, f"{number}.sql")):
                with open(text) as statements:
                    db.executescript(statements.read())
        done = [record for record in records if record[0] <= version]
        db.executemany("INSERT INTO schema_version VALUES (?, ?, ?, ?)", done)
    db.close()


def rows(path):
    """Every row of every table that is the same in each database with the same history."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    tables = [table for table in tables if table not in OWN_TABLES and not table.startswith("sqlite_")]
    found = {table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables}
    db.close()
    return found


def has_postgres():
    return programs() is not None


def programs():
    """The folder of PostgreSQL's newest programs; `None` if there are none."""
    found = shutil.which("initdb")
    if found:
        return os.path.dirname(os.path.realpath(found))
    versions = sorted(os.listdir(PROGRAMS), key=float) if os.path.isdir(PROGRAMS) else []
    folders = [os.path.join(PROGRAMS, version, "bin") for version in reversed(versions)]
    return next((folder for folder in folders if os.path.exists(os.path.join(folder, "initdb"))), None)


class Postgres:
    """A cluster of our own, in a temporary folder, reached by its socket only."""

    def __init__(self):
        self.folder, self.made = tempfile.mkdtemp(prefix="torture-pg-"), 0
        # It refuses to run as root.
        as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.owner = as_nobody if os.getuid() == 0 else []
        if self.owner:
            shutil.chown(self.folder, "nobody", "nogroup")
        self.run("initdb", "-D", "data", "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run("pg_ctl", "-D", "data", "-w", "-s", "-l", "server.log", "-o", options, "start")

    def run(self, program, *arguments):
        command = [*self.owner, os.path.join(programs(), program), *arguments]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, cwd=self.folder, check=True, **quiet)

    def new_database(self):
        """Makes an empty database and gives its address."""
        self.made += 1
        name = f"torture{self.made}"
        self.run("createdb", "-h", self.folder, "-U", "postgres", name)
        return f"postgres:///{name}?user=postgres&host={self.folder}"

    def end(self):
        self.run("pg_ctl", "-D", "data", "-m", "immediate", "-s", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

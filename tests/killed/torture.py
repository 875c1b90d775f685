"""Kills the real program under load, and looks whether what it acknowledged is there, once.

Usage: torture.py PROGRAM [--rounds N] [--seed N]; `.ci/torture` runs it. The Discord is the program's own
(`playground --discord-only`), in a process that is not killed. A round is one of

* load: people join and leave; kill -9 at a random moment; each acknowledged click has its receipt, once, and
  everybody is where their last acknowledged click put them; delivered again, a click changes nothing;
* eio: the same, while `fdatasync` fails (strace) from a random moment on until the kill;
* start: kill -9 while a new database is made and migrated; the next start succeeds;
* backup: kill -9 of `backup`; every backup under its name restores;
* restore: kill -9 of `restore`, which is then repeated; the result is the backup, whole;
* migrate: kill -9 of `migrate` on a file of a random earlier version; repeated, every row is as after a
  migration that nobody disturbed, and the backup from before has every row of the old file;
* copy: kill -9 of `copy` to a PostgreSQL; repeated, both hold the same. Only where PostgreSQL is installed.
"""

import argparse
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import databases

# Longest wait for anything, in seconds.
WAIT_MAX_S = 60
# A round's load lasts this long, in seconds.
LOAD_S = (0.2, 2.0)
# Commands are killed within this time, in seconds.
COMMAND_S = 0.4
# Of the bot's log a failure tells so many characters, the last ones.
SAID_MAX = 8000
# Migrations and copies are quicker.
QUICK_COMMAND_S = 0.12
# Acknowledged clicks of a round that are delivered once more.
AGAIN_MAX = 5
# Of so many migrations and copies at least one is killed at work.
INTERRUPTED_AMONG = 10
KINDS = ["load", "start", "backup", "restore", "eio", "migrate", "copy"]


class Discord:
    """The embedded Discord."""

    def __init__(self, program, folder):
        arguments = [program, "playground", "--discord-only", "--playground-port", "0"]
        self.process = subprocess.Popen(
            arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        opened = re.search(r"(http://[\d.:]+)/\?key=(\w+)", self.process.stdout.readline())
        self.url, self.key = opened.groups()
        self.world = self.ask("world")
        self.channel = self.world["guilds"][0]["channels"][0]["id"]
        self.people = [person["id"] for person in self.world["people"]]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/client/{path}", data, {"content-type": "application/json", "x-playground-key": self.key}
        )
        with urllib.request.urlopen(request, timeout=WAIT_MAX_S) as answer:
            return json.load(answer)

    def click(self, user, kind, **body):
        return self.ask("interactions", {"user": user, "channel": self.channel, "kind": kind, "wait": "settled", **body})


class Bot:
    """The program on a folder, killed sooner or later."""

    def __init__(self, program, discord, folder):
        self.program, self.folder = program, folder
        self.database = os.path.join(folder, "data/overwatch.db")
        self.environment = {
            "BOT_TOKEN": "playground",
            "DISCORD_API_URL": discord.url,
            "DB_PATH": self.database,
            "BACKUP_DIR": os.path.join(folder, "backups"),
            "HTTP_ADDR": f"127.0.0.1:{free_port()}",
        }
        self.discord, self.process, self.readiness = discord, None, None

    def spawn(self, *arguments, before=()):
        return subprocess.Popen(
            [*before, self.program, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.folder, "said"), "ab"),
            start_new_session=True,
        )

    def start(self, before=()):
        self.process = self.spawn("run", before=before)
        until("the bot is ready", self.is_ready, self.state)

    def state(self):
        """What there is to find out why it is not ready: its answer, its threads, Discord's side, its log."""
        try:
            sessions = self.discord.ask("gateway")
        except OSError as error:
            sessions = error
        return "\n".join(
            [
                f"/readyz: {self.readiness}",
                f"threads: {threads(self.process.pid)}",
                f"Discord: {sessions}",
                f"log: {self.said()}",
            ]
        )

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failure(f"the bot ended with {self.process.returncode}: {self.said()}")
        try:
            with urllib.request.urlopen(f"http://{self.environment['HTTP_ADDR']}/readyz", timeout=5) as said:
                self.readiness = json.load(said)
                return self.readiness["shards"]["says"].startswith("1 connected")
        except OSError as error:
            self.readiness = str(error)
            return False

    def said(self):
        with open(os.path.join(self.folder, "said"), errors="replace") as said:
            return said.read()[-SAID_MAX:]

    def kill(self):
        kill(self.process)

    def does(self, *arguments):
        done = self.spawn(*arguments)
        if done.wait(WAIT_MAX_S) != 0:
            raise Failure(f"{arguments} ended with {done.returncode}: {self.said()}")

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()


class Failure(Exception):
    """Something that did not hold."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kill(process):
    """Kills a process and those that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def threads(pid):
    """The threads of a process, each with its state and what it waits for in the kernel."""
    found = []
    for task in glob.glob(f"/proc/{pid}/task/*"):
        try:
            name, stat, waits = (open(f"{task}/{file}").read().strip() for file in ("comm", "stat", "wchan"))
        except OSError:
            continue
        found.append(f"{name} {stat.rpartition(')')[2].split()[0]} {waits}")
    return ", ".join(found)


def until(what, look, state=None):
    end = time.monotonic() + WAIT_MAX_S
    while not look():
        if time.monotonic() > end:
            raise Failure(f"never seen: {what}{(': ' + state()) if state else ''}")
        time.sleep(0.01)


def whole(path):
    with sqlite3.connect(path) as db:
        said = db.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok" or db.execute("PRAGMA foreign_key_check").fetchone():
            raise Failure(f"{path} is not sound: {said}")


class Torture:
    def __init__(self, program, seed):
        self.program, self.chance = program, random.Random(seed)
        self.home = tempfile.mkdtemp(prefix="torture-")
        self.discord = Discord(program, self.home)
        self.bot = self.new_bot("bot")
        self.clicks, self.places, self.rounds = 0, {}, {}
        # What an undisturbed migration of each version leaves; PostgreSQL, once it is needed.
        self.migrated, self.records, self.postgres = {}, None, None
        # Commands that the kill found at work.
        self.interrupted = 0

    def new_bot(self, name):
        folder = os.path.join(self.home, name)
        os.makedirs(folder)
        return Bot(self.program, self.discord, folder)

    def prepare(self):
        """A session, its card, and people with accounts."""
        self.bot.start()
        options = {"mode": "6v6", "when": "in 20 hours", "title": "Torture"}
        click = self.discord.click
        click(self.discord.people[0], "command", name="session", subcommand="create", options=options)
        until("the card", self.find_card)
        for index, user in enumerate(self.discord.people):
            options = {"battletag": f"Kiri{index}#1234"}
            click(user, "command", name="account", subcommand="add", options=options)
        self.bot.kill()

    def find_card(self):
        path = f"channels/{self.discord.channel}/messages?user={self.discord.people[0]}"
        for message in self.discord.ask(path)["messages"]:
            for row in message["components"]:
                for button in row.get("components", []):
                    if button.get("custom_id", "").startswith("join:"):
                        self.card, self.session = message["id"], int(button["custom_id"][5:])
                        return True
        return False

    def toggle(self, user, over, acknowledged):
        """Joins and leaves until it is over; what was acknowledged, and where that puts the person."""
        joined = self.places.get(user, False)
        while not over.is_set():
            custom_id = f"{'leave' if joined else 'join'}:{self.session}"
            answer = self.discord.click(
                user, "component", message=self.card, custom_id=custom_id, values=[]
            )
            said = (answer.get("message") or {}).get("content") or ""
            if not joined and "You are in the queue" in said or joined and "You have left" in said:
                joined = not joined
                self.places[user] = joined
                acknowledged.append(int(answer["id"]))
            else:
                # Killed meanwhile, or nothing can be written: where they are is looked up later.
                self.places[user] = None
                return

    def load(self, before=()):
        self.bot.start(before)
        over, acknowledged = threading.Event(), []
        people = self.discord.people[1:]
        threads = [
            threading.Thread(target=self.toggle, args=(user, over, acknowledged)) for user in people
        ]
        for thread in threads:
            thread.start()
        time.sleep(self.chance.uniform(*LOAD_S))
        kill(self.bot.process)
        over.set()
        for thread in threads:
            thread.join(WAIT_MAX_S)
        self.bot.kill()
        self.bot.start()
        self.look(acknowledged)
        again = self.chance.sample(acknowledged, min(AGAIN_MAX, len(acknowledged)))
        queue = "SELECT user_id FROM session_queue ORDER BY 1"
        before_again = self.bot.rows(queue)
        for click in again:
            self.discord.ask(f"interactions/{click}/redeliver", {})
        time.sleep(0.2)
        if self.bot.rows(queue) != before_again:
            raise Failure("a click that was delivered again changed something")
        self.bot.kill()
        whole(self.bot.database)
        self.clicks += len(acknowledged)

    def look(self, acknowledged):
        receipts = [row[0] for row in self.bot.rows("SELECT interaction_id FROM receipts")]
        if len(set(receipts)) != len(receipts):
            raise Failure("a click has two receipts")
        lost = set(acknowledged) - set(receipts)
        if lost:
            raise Failure(f"acknowledged clicks are lost: {sorted(lost)}")
        there = [str(row[0]) for row in self.bot.rows("SELECT user_id FROM session_queue")]
        if len(set(there)) != len(there):
            raise Failure("somebody is in the queue twice")
        for user in self.discord.people[1:]:
            expected = self.places.get(user, False)
            if expected is not None and expected != (user in there):
                raise Failure(f"{user} should be {'in' if expected else 'out'}")
            self.places[user] = user in there

    def eio(self):
        when = self.chance.randint(1, 200)
        inject = f"inject=fdatasync,fsync:error=EIO:when={when}+"
        # What fails before the bot is ready is a start that is refused: no round of this kind.
        try:
            self.load(("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", inject))
        except Failure as failure:
            if "the bot ended with" not in str(failure) and "never seen: the bot is ready" not in str(failure):
                raise
            kill(self.bot.process)
            self.bot.start()
            self.look([])
            self.bot.kill()

    def start(self):
        bot = self.new_bot(f"start-{self.rounds['start']}")
        process = bot.spawn("run")
        time.sleep(self.chance.uniform(0, COMMAND_S))
        kill(process)
        bot.start()
        bot.kill()
        whole(bot.database)
        shutil.rmtree(bot.folder)

    def backup(self):
        process = self.bot.spawn("backup")
        time.sleep(self.chance.uniform(0, COMMAND_S))
        kill(process)
        for path in self.backups():
            copy = os.path.join(self.home, "copy.db")
            shutil.copy(path, copy)
            whole(copy)
            os.remove(copy)

    def backups(self, bot=None):
        folder = (bot or self.bot).environment["BACKUP_DIR"]
        named = re.compile(r"overwatch_backup_\d{8}_\d{6}\w*\.db")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return sorted(os.path.join(folder, name) for name in names if named.fullmatch(name))

    def restore(self):
        self.bot.does("backup")
        source = self.backups()[-1]
        process = self.bot.spawn("restore", source, "--yes")
        time.sleep(self.chance.uniform(0, COMMAND_S))
        kill(process)
        self.bot.does("restore", source, "--yes")
        whole(self.bot.database)
        self.look([])

    def kill_command(self, bot, *arguments):
        """Starts a command and kills it at a random moment."""
        process = bot.spawn(*arguments)
        time.sleep(self.chance.uniform(0, QUICK_COMMAND_S))
        self.interrupted += process.poll() is None
        kill(process)

    def migrate(self):
        if self.records is None:
            fresh = self.new_bot("fresh")
            fresh.does("migrate")
            self.records = fresh.rows("SELECT version, name, applied_on, checksum FROM schema_version")
        version = self.chance.randrange(1, max(record[0] for record in self.records))
        if version not in self.migrated:
            calm = self.new_bot(f"calm-{version}")
            databases.make_old(calm.database, version, self.records)
            calm.does("migrate")
            self.migrated[version] = databases.rows(calm.database)
        bot = self.new_bot(f"migrate-{self.rounds['migrate']}")
        databases.make_old(bot.database, version, self.records)
        old = databases.rows(bot.database)
        self.kill_command(bot, "migrate")
        bot.does("migrate")
        whole(bot.database)
        if databases.rows(bot.database) != self.migrated[version]:
            raise Failure(f"version {version} was migrated to something else after a kill")
        backups = self.backups(bot)
        if not any(databases.rows(path) == old for path in backups):
            raise Failure(f"no backup of {backups} has the rows of version {version}")
        shutil.rmtree(bot.folder)

    def copy(self):
        if self.postgres is None:
            self.postgres = databases.Postgres()
        where = ["--from", f"sqlite:{self.bot.database}", "--to", self.postgres.new_database()]
        self.kill_command(self.bot, "copy", *where)
        # Refused where the first one was through: then there is everything already.
        again = self.bot.spawn("copy", *where).wait(WAIT_MAX_S)
        try:
            self.bot.does("copy", *where, "--compare")
        except Failure as failure:
            raise Failure(f"repeated with {again}, the copy is not whole: {failure}") from None

    def run(self, kind):
        self.rounds[kind] = self.rounds.get(kind, 0) + 1
        getattr(self, kind)()

    def end(self):
        if self.bot.process:
            kill(self.bot.process)
        self.discord.process.terminate()
        self.discord.process.wait()
        if self.postgres:
            self.postgres.end()
        shutil.rmtree(self.home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=len(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if "eio" in kinds and not shutil.which("strace"):
        kinds.remove("eio")
        print("skipped: eio needs strace")
    if "copy" in kinds and not databases.has_postgres():
        kinds.remove("copy")
        print("skipped: copy needs PostgreSQL")
    torture = Torture(os.path.realpath(arguments.program), arguments.seed)
    failure = None
    try:
        torture.prepare()
        for number in range(arguments.rounds):
            kind = kinds[number % len(kinds)]
            try:
                torture.run(kind)
            except Failure as caught:
                failure = f"round {number + 1} ({kind}) of seed {arguments.seed}: {caught}"
                break
    finally:
        torture.end()
    if failure is None and torture.rounds.get("load") and not torture.clicks:
        failure = "no click was acknowledged before a kill"
    commands = torture.rounds.get("migrate", 0) + torture.rounds.get("copy", 0)
    if failure is None and commands >= INTERRUPTED_AMONG and not torture.interrupted:
        failure = "no migration and no copy was at work when it was killed"
    rounds = ", ".join(f"{kind} {count}" for kind, count in sorted(torture.rounds.items()))
    print(
        f"killed: {rounds}; {torture.clicks} acknowledged clicks looked up, {torture.interrupted} migrations "
        f"and copies killed at work; {failure or '0 failures'}"
    )
    sys.exit(1 if failure else 0)


main()

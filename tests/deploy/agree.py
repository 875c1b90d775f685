"""Holds the files of deploy/, fly.toml and the Containerfile to each other: ports, paths, times.

What one of them says alone is checked by the platforms' own tools and schemas (.ci/deploy-files).
"""

import datetime
import json
import re
import sys
import tomllib

import yaml

# The bot's own deadline for a stop is below this (docs/OPERATING.md, "Updating"), in seconds.
STOP_MAX_S = 4


def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def unit(path):
    """The settings of a unit's [Service], each as name and value; a name may come several times."""
    section = text(path).split("[Service]\n")[1].split("\n[")[0]
    return [tuple(line.split("=", 1)) for line in section.splitlines() if re.match(r"\w+=", line)]


def seconds(duration):
    return int(re.fullmatch(r"(\d+)s?", str(duration)).group(1))


def is_in_force(exception):
    """Whether an exception has a reason that begins with a time which is not over: "2026-11-28 to 2027-01-31: why"."""
    reason = exception.get("reason", "") if isinstance(exception, dict) else ""
    told = re.match(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d): \S", reason)
    if not told:
        return False
    since, until = map(datetime.date.fromisoformat, told.groups())
    return since <= datetime.date.today() <= until


def complaints():
    container = text("Containerfile")
    settings = dict(re.findall(r"(\w+)=(\S+)", re.search(r"ENV ((?:.*\\\n)*.*)", container).group(1)))
    port = settings["HTTP_ADDR"].rsplit(":", 1)[1]
    uid = re.search(r"USER (\d+):", container).group(1)
    fly = tomllib.loads(text("fly.toml"))
    railway = json.loads(text("deploy/railway.json"))["deploy"]
    heroku = yaml.safe_load(text("deploy/heroku.yml"))
    compose = yaml.safe_load(text("deploy/compose.yaml"))["services"]
    service = unit("deploy/overwatch-bot.service")
    backup = unit("deploy/overwatch-bot-backup.service")
    bot = compose["bot"]

    yield "the port of the container", f"EXPOSE {port}" in container
    yield "the database is on the volume", settings["DB_PATH"].startswith("/data/")
    yield "the backups are on the volume", settings["BACKUP_DIR"].startswith("/data/")
    yield "no VOLUME, which Railway refuses", not re.search(r"^VOLUME", container, re.M)
    yield "/data belongs to the user", f"--chown={uid}:{uid} /build/empty /data" in container

    ports = [fly["http_service"]["internal_port"], fly["env"]["HTTP_ADDR"].rsplit(":", 1)[1]]
    ports += [check["port"] for check in fly["checks"].values()]
    ports += [metrics["port"] for metrics in fly["metrics"]]
    yield "Fly.io's ports", {str(each) for each in ports} == {port}
    yield "Fly.io's volume", [mount["destination"] for mount in fly["mounts"]] == ["/data"]
    yield "Fly.io waits for the stop", seconds(fly["kill_timeout"]) > STOP_MAX_S
    yield "Fly.io never stops the machine", fly["http_service"]["auto_stop_machines"] == "off"

    yield "Railway's volume", railway["requiredMountPath"] == "/data"
    yield "Railway waits for the stop", railway["drainingSeconds"] > STOP_MAX_S
    yield "Railway runs one at a time", (railway["numReplicas"], railway["overlapSeconds"]) == (1, 0)
    paths = [railway["healthcheckPath"], fly["checks"]["ready"]["path"]]
    yield "what is asked for health", set(paths) == {"/readyz"}
    yield "Heroku has a database", [each["as"] for each in heroku["setup"]["addons"]] == ["DATABASE"]

    yield "compose's volume", bot["volumes"] == ["data:/data"]
    yield "compose waits for the stop", seconds(bot["stop_grace_period"]) > STOP_MAX_S
    yield "compose's user beside the bot", compose["litestream"]["user"].startswith(f"{uid}:")
    yield "compose's health check", f'CMD {json.dumps(bot["healthcheck"]["test"][1:])}' in container

    deny = tomllib.loads(text("deny.toml"))
    excepted = [*deny["advisories"]["ignore"], *deny["licenses"].get("exceptions", [])]
    excepted += [*deny["bans"].get("skip", []), *deny["bans"].get("skip-tree", [])]
    for one in excepted:
        yield f"until when {one} of deny.toml holds, and why", is_in_force(one)

    yield "systemd waits for the stop", seconds(dict(service)["TimeoutStopSec"]) > STOP_MAX_S
    own = {"ExecStart", "Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStopSec", "Type"}
    for name, value in service:
        if name not in own and not value.startswith("HTTP_ADDR="):
            yield f"{name}={value} of both services", (name, value) in backup


def main():
    wrong = [what for what, right in complaints() if not right]
    for what in wrong:
        print(f"not in agreement: {what}")
    sys.exit(bool(wrong))


main()

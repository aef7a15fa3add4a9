"""Answers three of Grafana's addresses from the files that Grafana is provisioned with; ends where one of them is wrong.

/api/health, /api/search (uid and title of the dashboards), /api/datasources/proxy/uid/UID/... (what that datasource answers).
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import yaml

PROVISIONING = Path("/etc/grafana/provisioning")


def sections(folder, key):
    for file in sorted((PROVISIONING / folder).glob("*.y*ml")):
        document = yaml.safe_load(file.read_text())
        if document["apiVersion"] != 1:
            raise SystemExit(f"{file}: apiVersion is {document['apiVersion']}, expected 1")
        yield from document[key]


def uids(panels):
    """What the panels' datasources are named by, those in rows included."""
    for panel in panels:
        for place in [panel, *panel.get("targets", [])]:
            if isinstance(place.get("datasource"), dict):
                yield place["datasource"].get("uid")
        yield from uids(panel.get("panels", []))


datasources = {source["uid"]: source for source in sections("datasources", "datasources")}
dashboards = {}
for provider in sections("dashboards", "providers"):
    files = sorted(Path(provider["options"]["path"]).glob("**/*.json"))
    if not files:
        raise SystemExit(f"{provider['options']['path']}: no dashboards")
    for file in files:
        board = json.loads(file.read_text())
        if board["uid"] in dashboards:
            raise SystemExit(f"{file}: another dashboard has the uid {board['uid']}")
        dashboards[board["uid"]] = board["title"]
        variables = {f"${{{one['name']}}}" for one in board.get("templating", {}).get("list", [])}
        unknown = set(uids(board["panels"])) - set(datasources) - variables - {None, "-- Grafana --", "grafana", "-- Mixed --"}
        if unknown:
            raise SystemExit(f"{file}: there is no datasource {sorted(unknown)}")
# As Grafana does with its database: the volume has to be writable.
Path("/var/lib/grafana/grafana.db").write_bytes(b"")
if os.environ.get("GF_AUTH_ANONYMOUS_ENABLED") != "true":
    raise SystemExit("it lets anybody look, and GF_AUTH_ANONYMOUS_ENABLED is not true")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        match parts:
            case ["api", "health"]:
                self.say(200, {"database": "ok"})
            case ["api", "search"]:
                self.say(200, [{"uid": uid, "title": title, "type": "dash-db"} for uid, title in dashboards.items()])
            case ["api", "datasources", "proxy", "uid", uid, *_] if uid in datasources:
                try:
                    with urlopen(datasources[uid]["url"] + self.path.split(f"/proxy/uid/{uid}", 1)[1], timeout=5) as answer:
                        self.say(answer.status, json.load(answer))
                except HTTPError as problem:
                    self.say(problem.code, {"message": problem.reason})
                except URLError as problem:
                    self.say(502, {"message": str(problem.reason)})
            case _:
                self.say(404, {"message": "Not found"})

    def say(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 3000), Handler).serve_forever()

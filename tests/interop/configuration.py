#!/usr/bin/env python3
"""Gives everything that our documents show, and much that nobody should write, to the program as it is released.

    configuration.py target/debug/postrider          # built by `cargo build`: without what only tests switch on
    configuration.py target/debug/postrider --seed 7 # one mutation alone

Each documented configuration goes through `config check`, `doctor` and a reload of a running daemon. Then the daemon is
reloaded with hostile files and with mutations of the annotated file by seed: it goes on, and tells of each what became of it.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import documented
from checks import Checks, wait_until
from process import Process, call, free_port

TOLD = re.compile(r"The configuration was (read again|not taken|taken in part)")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
MEMORY_MAX_KIB = 400 * 1024
BOMB = r"'((((((((((\w{50}){50}){50}){50}){50}){50}){50}){50}){50}){50})'"


class House:
    """A folder that stands for /etc/postrider and /var/lib/postrider, and the daemon that lives in it."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.port = os.path.abspath(binary), Path(folder), free_port()
        self.file = self.folder / "etc/postrider.toml"
        for name in ("etc", "lib/till", "credentials"):
            (self.folder / name).mkdir(parents=True)
        self.write_secrets()
        self.env = {"CREDENTIALS_DIRECTORY": str(self.folder / "credentials")}
        self.daemon = Process("postrider", [self.binary, "run", "--config", self.file], folder, env=self.env)

    def write_secrets(self):
        """The files that the examples name."""
        etc, credentials = self.folder / "etc", self.folder / "credentials"
        texts = {"callback.secret": SECRET, "callback.old": SECRET, "north.password": "hunter2\n",
                 "seoul-1.pin": "1234\n", "shopify.secret": "hush\n"}
        for name, text in texts.items():
            (etc / name).write_text(text)
        for name, text in {"callback": SECRET, "north": "hunter2\n", "seoul-1": "1234\n"}.items():
            (credentials / name).write_text(text)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=north",
             "-keyout", etc / "north.key", "-out", etc / "north.pem"],
            check=True, capture_output=True)
        shutil.copy(etc / "north.pem", etc / "north-ca.pem")
        for file in etc.iterdir():
            file.chmod(0o640)

    def fitted(self, text):
        """The text with our folder, port and database in it."""
        for name in re.findall(r'"/etc/postrider/([\w-]+\.pin)"', text):
            (self.folder / "etc" / name).write_text("1234\n")
            (self.folder / "etc" / name).chmod(0o640)
        text = text.replace("/etc/postrider", str(self.folder / "etc"))
        text = text.replace("/var/lib/postrider", str(self.folder / "lib"))
        text = text.replace("127.0.0.1:8025", f"127.0.0.1:{self.port}").replace('"whsec_..."', json.dumps(SECRET.strip()))
        if "[http]" not in text:
            text += f'\n[http]\nlisten = ["127.0.0.1:{self.port}"]\n'
        if "[store]" not in text:
            text += f'\n[store]\npath = "{self.folder}/lib/postrider.db"\n'
        return text

    def write(self, content):
        """Puts a file in the configuration's place, whatever stood there."""
        self.clear()
        octets = content if isinstance(content, bytes) else content.encode()
        self.file.write_bytes(octets)
        self.file.chmod(0o640)

    def clear(self):
        """Takes away whatever stands in the configuration's place."""
        if self.file.is_dir() and not self.file.is_symlink():
            self.file.rmdir()
        else:
            self.file.unlink(missing_ok=True)

    def run(self, *words):
        """Runs a command; gives its exit code and everything that it said."""
        command = [self.binary, *map(str, words)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=120, env={**os.environ, **self.env})
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def reload(self):
        """Sends SIGHUP and gives the line that tells what became of it."""
        before = len(TOLD.findall(self.daemon.said()))
        self.daemon.child.send_signal(signal.SIGHUP)

        def told():
            said = self.daemon.said()
            if self.daemon.child.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.daemon.child.returncode}:\n{said[-2000:]}")
            lines = [line for line in said.splitlines() if TOLD.search(line)]
            return lines[-1] if len(lines) > before else None

        return wait_until("word about the reload", told, 60, 0.01)

    def answers(self):
        """Whether the daemon runs and its API answers."""
        return self.daemon.child.poll() is None and call(f"http://127.0.0.1:{self.port}/healthz")[0] == 200

    def memory_kib(self):
        """The most memory that the daemon had."""
        status = Path(f"/proc/{self.daemon.child.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def check_documented(checks, house):
    """What our documents show is right, for every command that reads it."""
    own = house.folder / "etc/own.toml"
    plain = ((name, None, text) for name, text in documented.configurations())
    for name, own_text, text in (*plain, *documented.own_examples()):
        if own_text is not None:
            own.write_text(own_text)
            own.chmod(0o640)
        house.write(house.fitted(text))
        code, said = house.run("config", "check", house.file)
        checks.expect(f"{name}: config check", code == 0, said[-600:])
        code, said = house.run("doctor", "--config", house.file, "--json")
        checks.expect(f"{name}: doctor", code in (0, 1) and of_configuration(said) in ("ok", "warn"), said[-600:])
        checks.expect(f"{name}: reload", "read again" in house.reload(), house.daemon.said()[-600:])
    checks.expect("the daemon answers", house.answers())


def of_configuration(said):
    """The mark of doctor's finding about the configuration."""
    try:
        findings = json.loads(said)["findings"]
    except (ValueError, KeyError):
        return None
    return next((finding["mark"] for finding in findings if finding["name"] == "configuration"), None)


def check_definitions(checks, house):
    """Workflows, campaigns and playbooks that our documents and files show."""
    for name, kind, text in documented.blocks():
        file = house.folder / f"{kind}.toml"
        if kind == "unknown":
            checks.expect(f"{name}: is something that a command reads", False, text[:200])
        elif kind == "template":
            # It lies beside the workflow before it, which names its texts.
            (house.folder / "templates.toml").write_text(text)
            code, said = house.run("workflow", "simulate", house.folder / "workflow.toml", "--contact", "+821012345678",
                                   "--at", "2026-11-22T10:00:00+09:00", "--event", '{"type": "cart_updated"}')
            checks.expect(f"{name}: workflow simulate", code == 0, said[-600:])
        elif kind in ("workflow", "campaign"):
            file.write_text(text if re.search(r"^name = ", text, re.M) else f'name = "tried"\n{text}')
            code, said = house.run(kind, "check", file)
            checks.expect(f"{name}: {kind} check", code == 0, said[-600:])
    for path in sorted((documented.ROOT / "playbooks").glob("*.toml")):
        if path.stem != "common":
            code, said = house.run("playbook", "check", path)
            checks.expect(f"playbooks/{path.name}: playbook check", code == 0, said[-600:])


def hostile(house):
    """(name, what is put in place, a word of what the journal must say; None for whatever is right)"""
    base = house.fitted(documented.Annotated().together(("imei", "secret_file")))
    edit = lambda old, new: re.sub(old, lambda _: new, base, count=1, flags=re.M)
    yield "empty", b"", "is empty"
    yield "blank lines", b" \n\n\t\n", "is empty"
    yield "a comment alone", b"# nothing\n", "read again"
    yield "NUL octets", b"\0" * 4096, "not TOML"
    yield "a NUL in a text", edit(r'^level = .*', 'level = "\\u0000"'), "level must be"
    yield "a byte order mark", b"\xef\xbb\xbf" + base.encode(), "read again"
    yield "UTF-16", base.encode("utf-16"), "not UTF-8"
    yield "Latin-1", base.encode().replace(b"level =", b"# \xe9\nlevel ="), "not UTF-8 text (line"
    yield "line ends of Windows", base.replace("\n", "\r\n"), "read again"
    yield "100 MB of comments", b"# 0123456789\n" * 8_000_000, "larger than"
    yield "1 MB of brackets", b"[" * 1_000_000, "not TOML"
    yield "deep lists", b"a = " + b"[" * 400_000 + b"]" * 400_000, "not TOML"
    yield "deep tables", b"a = " + b"{a=" * 300_000, "not TOML"
    yield "deep dotted keys", b".".join([b"a"] * 400_000) + b" = 1", None
    yield "200,000 broken lines", b"x y\n" * 200_000, "not TOML"
    yield "100,000 unknown keys", b"".join(b"k%d = 1\n" % n for n in range(80_000)), "unknown key"
    yield "a duplicate key", edit(r"^\[log\]", '[log]\nlevel = "info"'), "not TOML"
    yield "a duplicate table", base + "\n[log]\n", "not TOML"
    yield "a number beyond all", edit(r"^segments_max = .*", "segments_max = " + "9" * 5000), "segments_max"
    yield "a duration beyond all", edit(r'^delays = .*', 'delays = ["584942417355 days"]'), "delays"
    yield "a pattern that is none", edit(r"^balance = .*", "balance = { ussd = '*1#', pattern = '(' }"), "pattern"
    yield "a pattern that grows", edit(r"^balance = .*", f"balance = {{ ussd = '*1#', pattern = {BOMB} }}"), "pattern"
    yield "a pattern in all alphabets", edit(
        r"^balance = .*", r"balance = { ussd = '*1#', pattern = '(?i)\p{Hangul}+\s*\p{L}* (?<amount>[\d.,]+)' }"), "read again"
    for what in ("listen", "hosts", "caps", "hours", "include", "store", "http", "carrier", "modem", "route"):
        yield f"{what} of another type", f"{what} = 5\n" + base, None
    yield "1,001 carriers", '[[carrier]]\nname="a"\n' * 1_001, "stands 1001 times"
    yield "it includes itself", 'include = ["postrider.toml"]\n' + base.replace("include = []", ""), "unknown key"
    for name in ("/dev/zero", "/dev/stdin", "/", "/proc/self/mem", "pipe", "loop", "x" * 5000, "a\\u0000b"):
        shown = name if len(name) < 30 else "a long name"
        yield f"it includes {shown}", f'include = ["{name}"]\n' + base.replace("include = []", ""), "not taken"
        yield f"a password in {shown}", edit(r"^password_file = .*", f'password_file = "{name}"'), "not taken"
        yield f"authorities in {shown}", edit(r"^ca_file = .*", f'ca_file = "{name}"'), "not taken"
        yield f"a profile in {shown}", edit(r'^profile = "generic".*', f'profile = "{name}/a.toml"'), "not taken"
    yield "authorities that are none", edit(r"^ca_file = .*", 'ca_file = "postrider.toml"'), "not taken"
    yield "a key that is none", edit(r"^key_file = .*", 'key_file = "north.pem"'), "not taken"


def check_hostile(checks, house):
    """No file ends the daemon, and each is told about."""
    etc = house.file.parent
    os.mkfifo(etc / "pipe")
    (etc / "loop").symlink_to("loop")
    for name, content, word in hostile(house):
        house.write(content)
        line = house.reload()
        checks.expect(f"{name}: told", word is None or word in line, line[-600:])
        checks.expect(f"{name}: goes on", house.answers())
    for name, place in {
        "a directory": lambda: house.file.mkdir(),
        "a file that vanished": lambda: None,
        "a pipe": lambda: os.mkfifo(house.file),
        "a link to itself": lambda: house.file.symlink_to(house.file),
        "a device without an end": lambda: house.file.symlink_to("/dev/zero"),
    }.items():
        house.clear()
        place()
        line = house.reload()
        checks.expect(f"{name}: told", "not taken" in line and str(house.file) in line, line[-600:])
        checks.expect(f"{name}: goes on", house.answers())


VALUES = ["0", "-1", "9" * 30, "1e400", "nan", '""', '"\\u0000"', "[]", "[[[[]]]]", "{}", "{ a = { b = 1 } }", "true",
          "2026-01-01T00:00:00Z", '"584942417355 days"', '"99999999999 GiB"', BOMB, '"1 ms"', '"0s"', "[1, 2]", "1.5"]


def mutated(lines, seed):
    """The lines with some edits. What would search this machine's ports is left alone."""
    chance, out = random.Random(seed), list(lines)
    for _ in range(chance.randint(1, 6)):
        at, kind = chance.randrange(len(out)), chance.randrange(8)
        if kind == 0:
            del out[at]
        elif kind == 1:
            out.insert(at, chance.choice(out))
        elif kind == 2:
            other = chance.randrange(len(out))
            out[at], out[other] = out[other], out[at]
        elif kind == 3 and chance.random() < 0.2:
            out = out[: at + 1]
        elif kind == 4:
            octets = bytearray(out[at].encode())
            if octets:
                octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
            out[at] = octets.decode("latin-1")
        elif " = " in out[at] and not out[at].startswith("discover"):
            out[at] = f"{out[at].split(' = ')[0]} = {chance.choice(VALUES)}"
    return "\n".join(line for line in out if not re.match(r"discover\s*=\s*true", line))


def check_mutations(checks, house, seeds):
    """Edits of the annotated file with its examples, by seed."""
    taken = 0
    lines = house.fitted(documented.Annotated().together(("imei", "secret_file"))).splitlines()
    for seed in seeds:
        house.write(mutated(lines, seed).encode("utf-8", "surrogatepass"))
        line = house.reload()
        taken += "read again" in line
        checks.expect(f"seed {seed}: goes on", house.answers() and "in part" not in line, line[-600:])
    print(f"      {taken} of {len(seeds)} mutations were right, and came into force")


def check_end(checks, house):
    """The good file still comes into force, nothing panicked, and the daemon ends in order."""
    house.write(house.fitted(documented.Annotated().together(("imei", "secret_file"))))
    checks.expect("a good file after all is taken", "read again" in house.reload())
    said = house.daemon.said()
    checks.expect("nothing panicked", "panicked" not in said and "fault of postrider" not in said, said[-3000:])
    memory = house.memory_kib()
    checks.expect(f"memory stays below {MEMORY_MAX_KIB} KiB", memory < MEMORY_MAX_KIB, f"{memory} KiB")
    print(f"      the most memory was {memory} KiB")
    checks.equal("ends in order", house.daemon.stop(30), 0)
    with house.daemon:
        house.daemon.wait_listening(house.port)
        checks.expect("starts with all examples", house.answers(), house.daemon.said()[-600:])


def main():
    """Runs all parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--seeds", type=int, default=200, help="how many mutations")
    parser.add_argument("--seed", type=int, help="one mutation alone")
    options = parser.parse_args()
    checks, folder = Checks(), tempfile.mkdtemp(prefix="configuration-")
    house = House(options.binary, folder)
    house.write(house.fitted("[log]\n"))
    seeds = range(options.seeds) if options.seed is None else [options.seed]
    with house.daemon:
        house.daemon.wait_listening(house.port)
        if options.seed is None:
            with checks.in_part("documented"):
                check_documented(checks, house)
            with checks.in_part("definitions"):
                check_definitions(checks, house)
            with checks.in_part("hostile"):
                check_hostile(checks, house)
        with checks.in_part("mutations"):
            check_mutations(checks, house, seeds)
        with checks.in_part("end"):
            check_end(checks, house)
    if checks.failed == 0:
        shutil.rmtree(folder)
    else:
        print(f"logs are in {folder}")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())

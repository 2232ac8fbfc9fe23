"""Every configuration that our files and documents show, as separate files to try: the annotated file's examples one at a
time and together, every carrier file, modem profile and mapping, and the TOML blocks of README and docs."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"^# (\[\[?[A-Za-z_.]+\]\]?|[A-Za-z_0-9]+ = )")
HEADER = re.compile(r"^\[\[?([A-Za-z_.]+)\]\]?")
# Keys that exclude each other: one of a group stands in a file.
EXCLUDE = [
    ("modem", ("imei", "iccid", "usb_path", "port")),
    ("callback", ("secret_file", "secret_credential", "secret")),
    ("webhook", ("secret_file", "secret")),
    ("carrier", ("password_file", "password")),
]
# Keys that stand together or not at all.
PAIRS = {"certificate_file": 'key_file = "/etc/postrider/north.key"', "key_file": 'certificate_file = "/etc/postrider/north.pem"'}
# What a table needs beside the example that is tried, and what must stand elsewhere in the file.
NEEDS = {
    "carrier": ['name = "north"', 'hosts = ["127.0.0.1:9"]', 'system_id = "shop"', 'password = "pw"'],
    "modem": ['name = "seoul-1"', 'imei = "490154203237518"'],
    "route": ['name = "korea"', 'links = ["north", "modems"]'],
    "webhook": ['name = "shop"', 'mapping = "generic"', 'secret = "hush"'],
    "watch": ['name = "till"', 'folder = "/var/lib/postrider/till"', 'kind = "events"'],
    "prices": ['currency = "EUR"'],
    "callback": ['secret_file = "/etc/postrider/callback.secret"'],
    "pages": ['listen = ["127.0.0.1:8026"]', 'url = "https://s.shop.example/"'],
    "consent.hours.FR": ['weekdays = "09:00-20:00"'],
    "conversations.hours": ['weekdays = "09:00-18:00"'],
}
BESIDE = {"route": ["carrier", "modem"], "prices.routes": ["carrier"]}


def key_of(line):
    """The key that a line sets, without quotes."""
    return line.split(" = ")[0].strip().strip('"') if " = " in line else ""


def table_of(line):
    """The table that a line opens."""
    found = HEADER.match(line)
    return found.group(1) if found else ""


class Annotated:
    """The annotated file, each line with its table and whether it is an example that is switched off."""

    def __init__(self):
        self.lines, table, is_off = [], "", False
        for line in (ROOT / "firmware-config/postrider.toml").read_text().splitlines():
            off = bool(EXAMPLE.match(line))
            text = line[2:] if off else line
            if table_of(text):
                table, is_off = table_of(text), off
            self.lines.append((text, table, off, is_off))

    def together(self, kept):
        """All examples at once; of keys that exclude each other those in `kept` stay."""
        groups = [(table, group) for table, group in EXCLUDE if set(group) & set(kept) and table != "webhook"]
        dropped = {(table, key) for table, group in groups for key in group if key not in kept}
        replaced = {(table, key_of(text)) for text, table, off, table_off in self.lines if off and not table_off}
        lines = []
        for text, table, off, _ in self.lines:
            key = key_of(text) if not text.startswith("#") else ""
            if key and ((off and (table, key) in dropped) or (not off and (table, key) in replaced)):
                continue
            lines.append(text)
        return "\n".join(lines)

    def examples(self):
        """(name, file) for each example line alone: the active lines, and what the line's table needs."""
        active = [(text, table) for text, table, off, _ in self.lines if not off]
        for number, (text, table, off, table_off) in enumerate(self.lines, 1):
            if off and key_of(text):
                yield f"line {number}: {key_of(text)}", self.alone(active, text, table, table_off)
            for other in re.findall(r'# (?:also )?(\[".*"\])', text) if not text.startswith("#") else []:
                line = f"{key_of(text)} = {other}"
                yield f"line {number}: {key_of(text)}, the other value", self.alone(active, line, table, False)

    def alone(self, active, text, table, table_off):
        """A file with one example switched on."""
        top = table.split(".")[0]
        lines, added = [], [text] if not text.startswith("[") else []
        groups = [group for owner, group in EXCLUDE if owner == table and key_of(text) in group]
        same = {key_of(text), *(key for group in groups for key in group)}
        needs = [need for need in NEEDS.get(table, []) if key_of(need) not in same]
        needs += [PAIRS[key_of(text)]] if key_of(text) in PAIRS else []
        if not table_off:
            for line, own in active:
                if own == table and key_of(line) in (key_of(text), *map(key_of, needs)) and not line.startswith("#"):
                    continue
                lines.append(line)
                if own == table and table_of(line):
                    lines += added + needs
            return "\n".join(lines)
        lines = [line for line, _ in active]
        for other in BESIDE.get(".".join(table.split(".")[:2]), []):
            lines += [f"[[{other}]]", *NEEDS[other]]
        lists = ("carrier", "modem", "route", "webhook", "watch")
        if top != table and top in NEEDS:
            lines += [f"[[{top}]]" if top in lists else f"[{top}]", *NEEDS[top]]
        lines += [f"[[{table}]]" if table in lists else f"[{table}]", *needs, *added]
        return "\n".join(lines)


def carrier_keys():
    """Every key of a carrier file, in a carrier's own block."""
    lines, tables = [], []
    for line in (ROOT / "firmware-config/carriers/generic.toml").read_text().splitlines():
        (tables if tables or table_of(line) else lines).append(line)
    lines = [line for line in lines if key_of(line) != "description" or line.startswith("#")]
    tables = [re.sub(r"^\[(\[?)([A-Za-z_.]+)\]", r"[\1carrier.\2]", line) for line in tables]
    return "\n".join(["[[carrier]]", *NEEDS["carrier"], *lines, *tables])


def own_files():
    """Each carrier file, modem profile and mapping, as an operator's own."""
    for path in sorted((ROOT / "firmware-config/carriers").glob("*.toml")):
        yield path.name, "\n".join(["[[carrier]]", *NEEDS["carrier"], f'profile = "{path}"'])
        yield f"{path.stem}, built in", "\n".join(["[[carrier]]", *NEEDS["carrier"], f'profile = "{path.stem}"'])
    for path in sorted((ROOT / "firmware-config/modems").glob("*.toml")):
        yield path.name, "\n".join(["[modems]", f'profiles = ["{path}"]'])
        yield f"{path.stem}, built in", "\n".join(["[[modem]]", *NEEDS["modem"], f'profile = "{path.stem}"'])
    for path in sorted((ROOT / "firmware-config/webhooks").glob("*.toml")):
        yield path.name, "\n".join(["[[webhook]]", 'name = "shop"', 'secret = "hush"', f'mapping = "{path}"'])


def own_examples():
    """(name, own file, configuration) for the examples in the annotated carrier file, modem profile and mapping."""
    users = {
        "carriers": ["[[carrier]]", *NEEDS["carrier"], 'profile = "/etc/postrider/own.toml"'],
        "modems": ["[modems]", 'profiles = ["/etc/postrider/own.toml"]'],
        "webhooks": ["[[webhook]]", 'name = "shop"', 'secret = "hush"', 'mapping = "/etc/postrider/own.toml"'],
    }
    for folder, user in users.items():
        lines = (ROOT / f"firmware-config/{folder}/generic.toml").read_text().splitlines()
        singles, table = [], []
        for number, line in enumerate(lines):
            if not EXAMPLE.match(line):
                table, singles = [], singles + ([table] if table else [])
            elif table_of(line[2:]) or table:
                table = [*table, number]
            else:
                singles.append([number])
        every = [number for single in singles + [table] for number in single]
        for numbers in [*singles, *([table] if table else []), every]:
            # A parameter has a value of its own, or is required from messages.
            for left_out in ("value", "required") if any(key_of(lines[n][2:]) == "value" for n in numbers) else ("",):
                on = {number for number in numbers if key_of(lines[number][2:]) != left_out}
                text = "\n".join(line[2:] if number in on else line for number, line in enumerate(lines))
                named = f"line {numbers[0] + 1}" if numbers is not every else "all examples"
                yield f"{folder}/generic.toml, {named}{left_out and f' without {left_out}'}", text, "\n".join(user)


def blocks():
    """(name, kind, text) of every TOML block of README and docs; the kind is the command that reads it."""
    known = {table.split(".")[0] for _, table, _, _ in Annotated().lines if table}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        found = re.findall(r"^( *)```toml\n(.*?)^ *```", path.read_text(), re.S | re.M)
        for number, (indent, text) in enumerate(found, 1):
            text = re.sub(rf"^{indent}", "", text, flags=re.M)
            tables = {table_of(line).split(".")[0] for line in text.splitlines() if table_of(line)}
            name = f"{path.relative_to(ROOT)}, block {number}"
            if tables <= known and tables:
                yield name, "config", text + beside(tables)
            elif tables & {"step", "trigger", "goal"}:
                yield name, "workflow", text
            elif tables == {"template"}:
                yield name, "template", text
            elif "to" in tables:
                yield name, "campaign", text
            else:
                yield name, "unknown", text


def beside(tables):
    """What a block takes for granted: the links that its route names."""
    if "route" not in tables:
        return ""
    wanted = [table for table in BESIDE["route"] if table not in tables]
    return "".join("\n" + "\n".join([f"[[{table}]]", *NEEDS[table]]) for table in wanted)


def configurations():
    """(name, file) of everything that is a configuration."""
    annotated = Annotated()
    yield "the annotated file", "\n".join(text if not off else f"# {text}" for text, _, off, _ in annotated.lines)
    for kept in [("imei", "secret_file"), ("iccid", "secret_credential"), ("usb_path", "secret"), ("port", "secret_file")]:
        yield f"all examples with {' and '.join(kept)}", annotated.together(kept)
    yield from annotated.examples()
    yield "every key of a carrier file", carrier_keys()
    yield from own_files()
    for name, kind, text in blocks():
        if kind == "config":
            yield name, text

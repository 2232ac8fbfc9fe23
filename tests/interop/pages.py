"""Landing pages in a real Chromium at phone width, in English, Korean and Thai: looked at, measured, used, photographed."""

import json
import os
import re
import shutil
import subprocess
import zlib

from chromium import PHONE, Chromium, binary
from process import Process, call, free_port

LANGUAGES = ["en", "ko", "th"]
# Which fonts have the letters: whatever else was used, one of these must have been.
FONTS = {"ko": r"CJK|KR|Nanum|Baekmuk|Un ", "th": r"Thai|Loma|Garuda|Waree|Laksaman|Norasi|Kinnari|Sawasdee|Umpush|Tlwg|Purisa"}
# The largest page, in octets, and the least height of what a finger presses, in CSS pixels.
SIZE_MAX, TARGET_MIN = 20 << 10, 44
BARCODE = re.compile(r"CODE-128:(\S+)")

CONFIG = """
[http]
listen = ["127.0.0.1:{http}"]

[pages]
listen = ["127.0.0.1:{pages}"]
url = "http://127.0.0.1:{pages}/"

[store]
path = "{folder}/pages.db"
disk_free_min = "16 MiB"

[consent]
brand = "Kim's Tea House"
"""

NUMBERS = {"en": "+12125550101", "ko": "+821012345678", "th": "+66812345678"}
NAMES = {"en": "Ana Miller", "ko": "김지수", "th": "สมชาย ใจดี"}
BUTTON = {"en": "See the new teas", "ko": "신상품 보러 가기", "th": "ดูชาใหม่"}
PAGES = {
    "offer": {
        "kind": "offer",
        "title": {
            "en": "{{ first_name }}, 20 % off your next tea", "ko": "{{ name }}님, 다음 주문 20% 할인",
            "th": "คุณ{{ first_name }} รับส่วนลด 20% สำหรับชาครั้งต่อไป",
        },
        "body": {
            "en": "We have missed you. This code is for you alone, for any tea in our shop and on the web.\n\n"
                  "First flush Darjeeling and our own winter blend have just come in.",
            "ko": "오랜만에 뵙고 싶어 고객님만을 위한 쿠폰을 준비했습니다. 매장과 온라인에서 모든 차에 사용하실 수 있습니다.\n\n"
                  "퍼스트 플러시 다즐링과 겨울 블렌드가 새로 들어왔습니다.",
            "th": "เราคิดถึงคุณ รหัสนี้สำหรับคุณเท่านั้น ใช้ได้กับชาทุกชนิดทั้งที่ร้านและออนไลน์\n\n"
                  "ชาดาร์จีลิงเก็บเกี่ยวครั้งแรกและชาสูตรฤดูหนาวของเราเพิ่งมาถึง",
        },
        "button": {"text": BUTTON, "link": "https://shop.example/tea"}, "coupon": "spring", "expires": "3d",
    },
    "text": {
        "kind": "text",
        "title": {"en": "We are closed on Friday", "ko": "금요일은 휴무입니다", "th": "ร้านหยุดวันศุกร์"},
        "body": {
            "en": "The whole house gets new pipes.\nOrders of Thursday leave on Saturday.\n\n"
                  "https://shop.example/a-very-long-address-that-nobody-would-ever-type/and-that-has-no-blank-in-it-at-all",
            "ko": "건물 전체 배관 공사로 하루 쉽니다.\n목요일 주문은 토요일에 발송됩니다.\n\n불편을 드려 죄송합니다.",
            "th": "อาคารทั้งหลังเปลี่ยนท่อน้ำใหม่\nคำสั่งซื้อวันพฤหัสบดีจะจัดส่งในวันเสาร์\n\nขออภัยในความไม่สะดวก",
        },
    },
    "survey": {"kind": "survey", "survey": "why-away"},
    "contest": {
        "kind": "contest", "contest": "winter-tea",
        "body": {
            "en": "Win one of three boxes of winter tea.", "ko": "겨울 차 세트를 세 분께 드립니다.",
            "th": "ลุ้นรับชาฤดูหนาวสามกล่อง",
        },
    },
    "preferences": {
        "kind": "preferences",
        "lists": [
            {"name": "news", "label": {"en": "New teas", "ko": "신상품 소식", "th": "ชาใหม่"}},
            {"name": "tastings", "label": {"en": "Tastings in the shop", "ko": "매장 시음회", "th": "กิจกรรมชิมชาที่ร้าน"}},
        ],
    },
}
SURVEY = {
    "title": {"en": "Three questions", "ko": "세 가지 질문", "th": "คำถามสามข้อ"},
    "thanks": {"en": "Thank you, {{ first_name }}!", "ko": "{{ name }}님, 감사합니다!", "th": "ขอบคุณคุณ{{ first_name }}!"},
    "question": [
        {
            "id": "rating", "kind": "number", "min": 1, "max": 5,
            "ask": {"en": "How did you like our tea?", "ko": "저희 차는 어떠셨나요?", "th": "คุณชอบชาของเราแค่ไหน"},
        },
        {
            "id": "why", "kind": "choice", "attribute": "why_away",
            "ask": {"en": "Why did you stay away?", "ko": "그동안 찾지 않으신 이유는 무엇인가요?", "th": "ทำไมคุณหายไป"},
            "choices": [
                {"value": "late", "label": {"en": "The parcel came late", "ko": "배송이 늦었어요", "th": "ของมาช้า"}},
                {"value": "dear", "label": {"en": "Too dear", "ko": "가격이 비싸요", "th": "ราคาแพง"}},
                {"value": "other", "label": {"en": "Something else", "ko": "기타", "th": "อื่น ๆ"}},
            ],
        },
        {
            "id": "words", "kind": "text", "required": False,
            "ask": {"en": "What should we do better?", "ko": "개선할 점을 알려 주세요", "th": "เราควรปรับปรุงอะไร"},
        },
    ],
}
CONTEST = {"title": {"en": "Winter tea", "ko": "겨울 차 이벤트", "th": "ชาฤดูหนาว"}, "winners": 3}
ORDER = ["offer", "text", "survey", "contest", "preferences", "appointment", "opt-out"]
# What is pressed on each page.
PRESSED = {
    "survey": "button", "contest": "button", "preferences": "button", "appointment": "button[value=confirm]", "opt-out": "button",
}

# What can be measured of a page: what is too wide or cut off, what is too small to press, what is too pale to read.
MEASURE = """
(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => { const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
  const back = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const words = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const wrong = [];
  for (const e of document.querySelectorAll('main *')) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e), name = e.tagName + ' ' + e.textContent.slice(0, 30);
    if (!box.width || !box.height) { if (words(e) && e.tagName !== 'OPTION') wrong.push('not shown: ' + name); continue; }
    if (box.left < -0.5 || box.right > innerWidth + 0.5) wrong.push('beyond the edge: ' + name);
    if (!['SELECT', 'TEXTAREA', 'INPUT'].includes(e.tagName) && style.display !== 'inline' && !e.closest('svg')
        && (e.scrollWidth > e.clientWidth + 1)) wrong.push('cut off: ' + name);
    if (['BUTTON', 'SELECT', 'TEXTAREA'].includes(e.tagName) || e.matches('a.button, .pick, input[type=text], input[type=date]'))
      if (box.height < TARGET_MIN) wrong.push('too small to press: ' + name + ' ' + box.height);
    if (words(e) || e.tagName === 'BUTTON') {
      const a = light(parse(style.color)), b = light(back(e));
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) wrong.push('too pale: ' + name + ' ' + ratio.toFixed(2));
      if (parseFloat(style.fontSize) < 14) wrong.push('too small to read: ' + name);
    }
  }
  return { wrong, wide: document.documentElement.scrollWidth, inner: innerWidth, lang: document.documentElement.lang,
    scripts: document.scripts.length, text: document.body.innerText, title: document.title };
})()
""".replace("TARGET_MIN", str(TARGET_MIN))


class House(Process):
    """`postrider run` with pages and no carrier, and a token for all of it."""

    def __init__(self, folder, program):
        self.http, self.pages, self.program = free_port(), free_port(), program
        self.config = os.path.join(folder, "pages.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(http=self.http, pages=self.pages, folder=folder))
        os.chmod(self.config, 0o600)
        self.token = ""
        super().__init__("pages", [program, "run", "--config", self.config], folder)

    def start(self):
        words = [self.program, "token", "create", "--config", self.config, "--name", "pages", "--scope", "admin"]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, stdin=subprocess.DEVNULL)
        self.token = re.search(r"pr_[0-9a-z]{56}", done.stdout)[0]
        super().start()
        self.wait_listening(self.http)
        return self.wait_listening(self.pages)

    def ask(self, method, path, body=None):
        """One request to the API that must succeed."""
        headers = {"authorization": f"Bearer {self.token}"}
        status, answer = call(f"http://127.0.0.1:{self.http}{path}", body, method, headers)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def fill(self):
        """The contacts, and what their pages need."""
        for language, number in NUMBERS.items():
            self.ask("PUT", f"/v1/contacts/{number}", {"name": NAMES[language], "locale": language, "lists": ["news"]})
            booked = {"type": "appointment_booked", "contact": number, "properties": {"at": "2030-03-05T05:30:00Z"}}
            self.ask("POST", "/v1/events", booked)
        self.ask("PUT", "/v1/coupons/spring", {"generated": True, "prefix": "SPRING-", "length": 8})
        self.ask("PUT", "/v1/surveys/why-away", SURVEY)
        self.ask("PUT", "/v1/contests/winter-tea", CONTEST)
        for name, page in PAGES.items():
            self.ask("PUT", f"/v1/pages/{name}", page)

    def link(self, page, language):
        """The link of a contact to a page, as its row and its address."""
        made = self.ask("POST", "/v1/short-links", {"target": f"page:{page}", "contact": NUMBERS[language]})
        return made["code"], made["url"]


def is_blank(picture):
    """Whether a PNG shows one colour or hardly more: its octets are then few and alike."""
    data, place = b"", 8
    while place < len(picture):
        length = int.from_bytes(picture[place:place + 4], "big")
        if picture[place + 4:place + 8] == b"IDAT":
            data += picture[place + 8:place + 8 + length]
        place += 12 + length
    return len(set(zlib.decompress(data))) < 40


def check(checks, bench):
    """Every kind of page in every language."""
    if not binary():
        raise RuntimeError("there is no Chromium; `.ci/run tools` installs it")
    pictures = bench.options.pictures
    shutil.rmtree(pictures, ignore_errors=True)
    os.makedirs(pictures)
    with House(bench.folder, bench.options.binary) as house, Chromium(bench.folder) as browser:
        house.fill()
        for language in LANGUAGES:
            for page in ORDER:
                check_page(checks, house, browser, page, language, pictures)
            browser.open(f"http://127.0.0.1:{house.pages}/00000000", language)
            look(checks, browser, f"not-found-{language}", language, pictures)
        check_wrong_answers(checks, house, browser, pictures)
        check_people(checks, house, browser)


def check_page(checks, house, browser, page, language, pictures):
    """One page: as it is opened, in the dark, and after its button was pressed."""
    _code, url = house.link(page, language)
    answers = browser.open(url, "fr")
    name = f"{page}-{language}"
    checks.equal(f"{name} is answered, and loads nothing else", [answer[:2] for answer in answers], [[url, 200]])
    checks.expect(f"{name} is small", answers and 0 < answers[0][2] < SIZE_MAX, answers)
    look(checks, browser, name, language, pictures)
    if page == "offer":
        code = browser.run("document.querySelector('.code').innerText")
        checks.equal(f"{name}: a scanner reads the barcode", scanned(os.path.join(pictures, f"{name}.png")), code)
        browser.dark(True)
        look(checks, browser, f"{name}-dark", language, pictures)
        checks.equal(f"{name}-dark: and in the dark", scanned(os.path.join(pictures, f"{name}-dark.png")), code)
        browser.dark(False)
    if page == "survey":
        browser.run("document.querySelector('input[name=rating][value=\"4\"]').click()")
        browser.run("document.querySelector('input[name=why]').click()")
    if page in PRESSED:
        answers = browser.press(PRESSED[page])
        checks.equal(f"{name}: its form comes back to it", [answer[:2] for answer in answers], [[url, 200]])
        look(checks, browser, f"{name}-done", language, pictures)


def look(checks, browser, name, language, pictures):
    """Measures what is shown, and takes its picture."""
    seen = browser.run(MEASURE)
    checks.equal(f"{name} is in its language", seen["lang"].split("-")[0], language)
    checks.equal(f"{name} needs no scroll to the side", seen["wide"], seen["inner"])
    checks.equal(f"{name}: nothing is cut off, too small or too pale", seen["wrong"], [])
    checks.expect(f"{name} has no script, and a text", seen["scripts"] == 0 and len(seen["text"].strip()) > 10, seen)
    fonts = browser.fonts()
    if language in FONTS:
        found = any(re.search(FONTS[language], font) for font in fonts)
        checks.expect(f"{name} is written with letters of its script", found, fonts)
    checks.expect(f"{name}: its picture shows something", not is_blank(browser.photograph(f"{pictures}/{name}.png")))


def scanned(picture):
    """What a barcode reader of others finds in a picture."""
    done = subprocess.run(["zbarimg", "-q", picture], capture_output=True, text=True, check=False, timeout=60)
    found = BARCODE.search(done.stdout)
    return found[1] if found else done.stdout + done.stderr


def check_wrong_answers(checks, house, browser, pictures):
    """A form that lacks answers comes back with what was given, and says what is missing."""
    _code, url = house.link("survey", "ko")
    browser.open(url, "ko")
    browser.run("document.querySelector('textarea').value = '<b>포장</b>'")
    browser.press("button")
    kept = browser.run("document.querySelector('textarea').value")
    checks.equal("a form that lacks answers keeps what was written", kept, "<b>포장</b>")
    checks.equal("and marks what is missing", browser.run("document.querySelectorAll('fieldset .bad').length"), 2)
    look(checks, browser, "survey-ko-wrong", "ko", pictures)


def check_people(checks, house, browser):
    """A browser's visit counts once, and is the contact's; a preview before it does not count."""
    made = house.ask("POST", "/v1/short-links", {"target": f"http://127.0.0.1:{house.http}/healthz", "contact": NUMBERS["en"]})
    call(made["url"], headers={"user-agent": "WhatsApp/2.24.20.89 A"})
    for _visit in range(3):
        browser.open(made["url"], "en")
    shown = house.ask("GET", f"/v1/short-links/{made['code']}")
    counts = [shown["clicks"], shown["unique"], shown["machines"]]
    checks.equal("three looks of one browser are one click, the preview before them none", counts, [1, 1, 1])
    contact = house.ask("GET", f"/v1/contacts/{NUMBERS['en']}")
    clicked = [event["properties"]["code"] for event in contact["events"] if event["type"] == "clicked"]
    checks.equal("the contact has the click", clicked.count(made["code"]), 1)
    held = house.ask("GET", "/v1/suppressions")["suppressions"]
    checks.equal("who pressed the button is suppressed", sorted(one["number"] for one in held), sorted(NUMBERS.values()))
    checks.expect("the browser is a phone", PHONE in json.dumps(browser.run("navigator.userAgent")))

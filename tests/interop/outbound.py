"""The main job against node-smpp: every script and length arrives byte-exact and once, is delivered, and is called back.

`texts` is the clean run, `faults` the one with a carrier that misbehaves.
"""

import gsm
import listener as listening
import pdu
import texts
from carriers import NodeCarrier
from checks import wait_until
from clients import check_arrivals, numbered
from gateway import SECRET, Gateway, request_of
from listener import Listener

SHORT = texts.Sample("korean", 1, "주문하신 상품이 도착했습니다", None, 8)
LONG_TURKISH = "Değerli müşterimiz, İğdır şubemizde kış indirimi başladı; ışıl ışıl çörekler sizi bekliyor. " * 3
UNICODE, UDH16 = 8, 0x08


def check_texts(checks, bench):
    """Everything that a well-behaved carrier shows."""
    with Listener() as listener, bench.smsc("smsc") as smsc:
        carriers = ("plain", "udh16", "sar", "payload", "turkish", "korea", "latin", "pair", "hex")
        with Gateway("gateway", bench.folder, bench.options.binary, smsc.port, listener, carriers) as gateway:
            checks.expect("binds every account", gateway.all_up())
            bench.sent[smsc.port] = send_everything(checks, gateway, smsc, listener)
            send_forms(checks, gateway, smsc)
            send_receipt_forms(checks, gateway, smsc)
            receive(checks, gateway, smsc, listener)
            code = gateway.stop()
        checks.equal("ends in good order when it is asked to", code, 0)
        unbinds = len(smsc.events("unbind"))
        checks.expect("unbinds every session before it ends", unbinds >= len(carriers), f"{unbinds} unbinds")
        checks.equal("sends nothing that node-smpp cannot read", smsc.events("error"), [])


def send_everything(checks, gateway, smsc, listener):
    """All scripts and lengths over the plain account."""
    sent = numbered(texts.samples(), "821014")
    ids = gateway.post([request_of(to, sample) for to, sample in sent])
    states = gateway.wait_final(ids, 60)
    checks.equal("every message ends delivered", {state: states.count(state) for state in states}, {"delivered": 60})
    check_arrivals(checks, smsc, sent)
    checks.holds("every segment fits its 140 octets and splits no character", lambda: judge_segments(smsc, sent))
    checks.holds("no segment goes out twice", lambda: judge_once(smsc))
    checks.holds("node-smpp reads the same texts", lambda: judge_reading(smsc, sent))
    counts = [gateway.message(identifier)["segments"] for identifier in ids]
    arrived = [len([submit for submit in smsc.submits() if submit.destination.number == to]) for to, _ in sent]
    checks.equal("the API counts the segments that arrive", counts, arrived)
    check_callbacks(checks, listener, dict(zip(ids, (to for to, _ in sent))))
    return sent


def judge_segments(smsc, sent):
    """Each segment by itself."""
    samples = dict(sent)
    for submit in smsc.submits():
        sample = samples.get(submit.destination.number)
        if sample is None:
            continue
        used, most = pdu.room_used(submit)
        assert used <= most, f"{submit.destination.number}: {used} of {most}"
        assert not gsm.broken_ends(submit.body, submit.data_coding), f"{submit.destination.number}: a split character"
        assert submit.data_coding == sample.coding, f"{submit.destination.number}: coding {submit.data_coding}"


def judge_once(smsc):
    """No part of a message to one recipient is there twice."""
    seen = set()
    for submit in smsc.submits():
        part = pdu.part_of(submit)
        key = (submit.destination.number, part.number if part else 0)
        assert key not in seen, f"{key} twice"
        seen.add(key)


def judge_reading(smsc, sent):
    """node-smpp's own decoder gives the text back."""
    for to, sample in sent:
        if sample.text is not None:
            text = "".join(smsc.texts(to))
            assert text == sample.text, f"{to}: {text[:60]!r}"


def check_callbacks(checks, listener, recipients):
    """Every message is called back, signed, in order, under ids that do not change."""

    def notices():
        found = {}
        for request in listener.seen("/callback"):
            notice = listening.verify_signature(request, SECRET)
            found.setdefault(notice["data"]["id"], []).append((request.headers["webhook-id"], notice))
        return found

    def delivered():
        found = notices()
        return all(any(n["type"] == "message.delivered" for _, n in found.get(one, [])) for one in recipients)

    wait_until("a callback for every delivery", delivered, 30)
    found = {one: notices()[one] for one in recipients}
    checks.expect("every callback has a good Standard Webhooks signature", len(found) == len(recipients))
    words = {one: [notice["data"]["state"] for _, notice in told] for one, told in found.items()}
    odd = {one: told for one, told in words.items() if told != ["sent", "delivered"]}
    checks.equal("each message is told sent, then delivered, once each", odd, {})
    ids = [identifier for told in found.values() for identifier, _ in told]
    checks.equal("no two callbacks share an id", len(ids), len(set(ids)))
    references = {one: {notice["data"].get("reference") for _, notice in told} for one, told in found.items()}
    wrong = {one for one, seen in references.items() if seen != {recipients[one]}}
    checks.equal("callbacks carry the tool's reference", wrong, set())


def send_forms(checks, gateway, smsc):
    """The other ways to carry a long text, the other codings, the other kinds of message."""
    long = next(s for s in texts.samples() if (s.script, s.segments) == ("thai", 4))
    latin = "Crème brûlée à 5 £, façon maison"
    korean = "안녕하세요 단골 고객님 주말 할인 쿠폰"
    messages = {
        "821015000001": request_of("821015000001", long, "udh16"),
        "821015000002": request_of("821015000002", long, "sar"),
        "821015000003": request_of("821015000003", long, "payload"),
        "821015000004": {"to": "+821015000004", "route": "turkish", "text": LONG_TURKISH},
        "821015000005": {"to": "+821015000005", "route": "korea", "text": korean},
        "821015000006": {"to": "+821015000006", "route": "latin", "text": latin},
        "821015000007": {"to": "+821015000007", "route": "plain", "text": "Kod 1234", "flash": True, "class": "otp"},
        "821015000008": {
            "to": "+821015000008", "route": "plain", "data": {"hex": "0001feff"}, "udh": {"hex": "06050415820000"},
        },
        "821015000009": request_of("821015000009", long, "pair"),
    }
    ids = gateway.post(list(messages.values()))
    states = gateway.wait_final(ids)
    wrong = {to: state for to, state in zip(messages, states) if state != "delivered"}
    checks.equal("every form of message ends delivered", wrong, {})
    found = {}
    for submit in smsc.submits():
        found.setdefault(submit.destination.number, []).append(submit)
    whole = gsm.encode(long.text, UNICODE)
    for to, name in (("821015000001", "udh16"), ("821015000002", "sar"), ("821015000009", "a tx+rx pair")):
        checks.holds(
            f"a long text by {name} arrives byte-exact",
            lambda to=to: same(pdu.reassemble(found[to]), whole),
        )
    checks.expect("udh16 has 16-bit references", pdu.elements(found["821015000001"][0].header)[0][0] == UDH16)
    checks.expect("sar has no header", all(not s.header and pdu.SAR_TOTAL in s.tlvs for s in found["821015000002"]))
    checks.equal("message_payload is one submit", [s.body == whole for s in found["821015000003"]], [True])
    checks.holds("Turkish by national tables arrives as its septets", lambda: judge_turkish(found["821015000004"]))
    one = found["821015000005"][0]
    checks.equal("EUC-KR arrives as such", (one.data_coding, one.body), (14, gsm.encode(korean, 14)))
    one = found["821015000006"][0]
    checks.equal("Latin-1 arrives as such", (one.data_coding, one.body), (3, gsm.encode(latin, 3)))
    one = found["821015000007"][0]
    checks.expect("flash is class 0", one.data_coding in (0x10, 0xF0) and one.body == gsm.septets("Kod 1234"), one)
    one = found["821015000008"][0]
    checks.equal("a header of the tool's own goes with its data", (one.header, one.body), (
        bytes.fromhex("06050415820000"), bytes.fromhex("0001feff"),
    ))


def same(seen, expected):
    """Asserts that octets agree, and shows where they do not."""
    place = next((i for i, (a, b) in enumerate(zip(seen, expected)) if a != b), min(len(seen), len(expected)))
    assert seen == expected, f"{len(seen)} octets for {len(expected)}, different from octet {place}"


def judge_turkish(submits):
    """Whichever tables were chosen, the header names them and the septets read back with them."""
    kinds = {kind: octets for kind, octets in pdu.elements(submits[0].header) if kind in (0x24, 0x25)}
    assert kinds and set(kinds.values()) == {b"\x01"}, f"elements {kinds}"
    assert all(submit.data_coding == 0 for submit in submits)
    locking = gsm.TURKISH_LOCKING if 0x25 in kinds else None
    single = gsm.TURKISH_SINGLE if 0x24 in kinds else gsm.EXTENSION
    same(pdu.reassemble(submits), gsm.septets(LONG_TURKISH, locking, single))


def send_receipt_forms(checks, gateway, smsc):
    """Receipts in every form, early and doubled ones."""
    forms = {
        "in TLVs alone": {"receipts": "tlv"},
        "in TLVs and text": {"receipts": "both"},
        "before the submit answer": {"receipt_first": True},
        "twice": {"receipt_twice": True},
        "with a padded id": {"ids": "padded"},
        "with the id in hex, then in decimal": {"ids": "hex-then-decimal", "route": "hex"},
    }
    usual = {"receipts": "text", "receipt_first": False, "receipt_twice": False, "ids": "decimal"}
    for place, (name, form) in enumerate(forms.items()):
        route = form.pop("route", "plain")
        smsc.behave(**{**usual, **form})
        ids = gateway.post([request_of(f"8210160{place}000{n}", SHORT, route) for n in range(3)])
        states = gateway.wait_final(ids)
        checks.equal(f"receipts {name} are matched", states, ["delivered"] * 3)
    smsc.behave(**usual, receipt_state="UNDELIV")
    ids = gateway.post([request_of("821016900001", SHORT)])
    checks.equal("a receipt of failure is told as such", gateway.wait_final(ids), ["undelivered"])
    smsc.behave(receipt_state="DELIVRD")


def receive(checks, gateway, smsc, listener):
    """Messages from handsets: one part, and three parts out of order."""
    handset, ours = "821077001122", "15551000"
    checks.equal("an incoming message is acknowledged", smsc.deliver(handset, ours, "STOP 그만", account="shop"), 0)
    parts = ["첫째 " * 20, "둘째 " * 20, "셋째 😀" * 5]
    statuses = []
    for number in (3, 1, 2):
        header = bytes((5, 0, 3, 0x5A, 3, number))
        statuses.append(smsc.deliver(handset, ours, parts[number - 1], header, account="shop"))
    checks.equal("the parts of a long one are acknowledged", statuses, [0, 0, 0])

    def inbound(requests):
        found = [listening.verify_signature(request, SECRET) for request in requests if request.path == "/inbound"]
        return found if len(found) >= 2 else None

    notices = listener.wait_for("two incoming messages called back", inbound)
    told = sorted((n["data"]["text"], n["data"]["from"].lstrip("+"), n["data"]["to"].lstrip("+")) for n in notices)
    expected = sorted([("STOP 그만", handset, ours), ("".join(parts), handset, ours)])
    checks.equal("incoming messages are put together and called back, signed", told, expected)
    _status, page = gateway.ask("/v1/inbound")
    listed = sorted(message["text"] for message in page["messages"])
    checks.equal("incoming messages are listed", listed, sorted(text for text, _from, _to in expected))


def check_faults(checks, bench):
    """A carrier that answers late, twice, wrongly or not at all; each time the link comes back and nothing is doubled."""
    usual = {
        "answer_delay_ms": 0, "silent": False, "silent_bind": False, "refuse_bind": 0, "double_answers": False,
        "unknown_answers": False, "accept_but_cut_after": 0, "refuse_next": 0,
    }
    with Listener() as listener, NodeCarrier("faulty", bench.folder, bench.fault_port, bench.options.modules) as smsc:
        for place, (name, fault) in enumerate(FAULTS.items()):
            # One gateway for each fault: after many broken links in a row it rests longer and longer, as it should.
            config = f"faults-{fault.__name__}"
            smsc.behave(**usual)
            with Gateway(config, bench.folder, bench.options.binary, smsc.port, listener, response="3s") as gateway:
                trouble = Trouble(checks, gateway, smsc, f"82101{7000000 + place * 1000}")
                try:
                    checks.holds(name, lambda fault=fault, trouble=trouble: fault(trouble))
                    smsc.behave(**usual)
                    trouble.recovers(name)
                except TimeoutError as error:
                    checks.expect(name, False, str(error))
                code = gateway.stop()
            if code != 0:
                checks.expect(f"ends in good order ({name})", False, f"exit code {code}")


class Trouble:
    """One fault: a few messages under it, then one to see that the link works again."""

    def __init__(self, checks, gateway, smsc, prefix):
        self.checks, self.gateway, self.smsc, self.prefix, self.count = checks, gateway, smsc, prefix, 0

    def post(self, count, **more):
        """Posts short messages; gives ids and recipients."""
        recipients = [f"{self.prefix[:-3]}{self.count + n:03d}" for n in range(count)]
        self.count += count
        return self.gateway.post([request_of(to, SHORT, **more) for to in recipients]), recipients

    def accepted(self, to):
        """How often the SMSC took a message for one recipient."""
        return len([s for s in self.smsc.submits() if s.accepted and s.destination.number == to])

    def all_delivered(self, count, copies_max=1, **more):
        """Under the fault, messages are delivered, and none is taken more often than allowed."""
        ids, recipients = self.post(count, **more)
        # What is in doubt is `uncertain` until its receipt comes, so a final state is not always the last one.
        try:
            wait_until("every message delivered", lambda: set(self.gateway.states(ids)) == {"delivered"}, 60, 0.2)
        except TimeoutError:
            raise AssertionError(f"states {self.gateway.states(ids)}") from None
        copies = [self.accepted(to) for to in recipients]
        assert all(1 <= n <= copies_max for n in copies), f"copies {copies}"
        return ids

    def recovers(self, name):
        """After the fault the link is up and carries."""
        wait_until(f"the link after: {name}", self.gateway.all_up, 60)
        self.checks.holds(f"afterwards messages flow again ({name})", lambda: self.all_delivered(1))


def late(trouble):
    """Answers within the response timer but after others."""
    trouble.smsc.behave(answer_delay_ms=1500)
    trouble.all_delivered(3)


def doubled(trouble):
    """Each answer twice."""
    trouble.smsc.behave(double_answers=True)
    trouble.all_delivered(5)


def unknown(trouble):
    """Answers for sequence numbers that nobody sent."""
    trouble.smsc.behave(unknown_answers=True)
    trouble.all_delivered(5)


def throttled(trouble):
    """RTHROTTLED a few times: slower, and no try counted."""
    trouble.smsc.behave(refuse_next=6, refuse_status=0x58)
    trouble.all_delivered(5)


def refused(trouble):
    """A permanent refusal is told as failed, and not tried again."""
    trouble.smsc.behave(refuse_next=1, refuse_status=0x0B)
    ids, recipients = trouble.post(1)
    assert trouble.gateway.wait_final(ids) == ["failed"]
    assert trouble.accepted(recipients[0]) == 0


def cut_hold(trouble):
    """The link drops with accepted but unanswered messages. Held, each stays at one copy, and says that it is in doubt:
    without an answer nobody knows its id, so its receipt, which is acknowledged, cannot settle it.
    """
    trouble.smsc.behave(accept_but_cut_after=4)
    ids, recipients = trouble.post(4, on_doubt="hold", **{"class": "marketing"})
    assert trouble.gateway.wait_final(ids) == ["uncertain"] * 4, trouble.gateway.states(ids)
    wait_until("the receipts", lambda: trouble.smsc.state()["waiting_receipts"] == 0)
    assert [trouble.accepted(to) for to in recipients] == [1] * 4, "more than one copy"
    timelines = [trouble.gateway.message(one)["timeline"] for one in ids]
    told = [[event.get("note") for event in events if event["state"] == "uncertain"] for events in timelines]
    assert all(notes and all(notes) for notes in told), f"no doubt on record: {told}"


def cut_resend(trouble):
    """The same with resending: at most two copies, and the doubt is on the timeline."""
    trouble.smsc.behave(accept_but_cut_after=4)
    ids = trouble.all_delivered(4, copies_max=2, on_doubt="resend", **{"class": "otp"})
    assert all(trouble.gateway.message(one)["doubts"] >= 1 for one in ids), "no doubt on record"


def silent(trouble):
    """Bound, but nothing is answered any more: the link is given up and comes back."""
    before = trouble.smsc.state()["binds"]
    trouble.smsc.behave(silent=True)
    trouble.post(1, on_doubt="hold")
    wait_until("a new bind", lambda: trouble.smsc.state()["binds"] > before, 60)


def silent_bind(trouble):
    """The connection is taken and the bind never answered."""
    trouble.smsc.behave(silent_bind=True)
    trouble.smsc.ask("cut")
    before = trouble.smsc.state()["binds"]
    wait_until("another try to bind", lambda: trouble.smsc.state()["binds"] > before, 60)


def unknown_command(trouble):
    """A well-framed PDU with a command that does not exist is answered with generic_nack, and the session goes on."""
    before = trouble.smsc.state()
    trouble.smsc.ask("raw", hex="00000014" "000000aa" "00000000" "00000077" "01020304")
    wait_until("a generic_nack", lambda: trouble.smsc.state()["nacks"] > before["nacks"])
    nack = trouble.smsc.events("generic_nack")[-1]
    assert (nack["status"], nack["sequence"]) == (3, 0x77), nack
    assert trouble.smsc.state()["binds"] == before["binds"], "the session was ended"


def cut_deliver(trouble):
    """A deliver_sm whose body ends too early is answered by its sequence number, and the session goes on."""
    before = trouble.smsc.state()["binds"]
    trouble.smsc.ask("raw", hex="00000018" "00000005" "00000000" "00000078" "0001013832313000")
    answers = lambda: [
        event for event in trouble.smsc.events()
        if event.get("sequence") == 0x78 and event["event"] in ("deliver_sm_resp", "generic_nack")
    ]
    wait_until("an answer to it", answers)
    assert answers()[0]["status"] != 0, answers()
    assert trouble.smsc.state()["binds"] == before, "the session was ended"


def bad_length(trouble):
    """A length that cannot be: nothing after it can be trusted, so the link is made anew."""
    before = trouble.smsc.state()["binds"]
    trouble.smsc.ask("raw", hex="00000003" "00000005" "00000000" "00000079")
    wait_until("a new bind", lambda: trouble.smsc.state()["binds"] > before, 60)


def noise(trouble):
    """Octets of another protocol."""
    before = trouble.smsc.state()["binds"]
    trouble.smsc.ask("raw", hex=b"HTTP/1.1 400 Bad Request\r\n\r\n".hex())
    wait_until("a new bind", lambda: trouble.smsc.state()["binds"] > before, 60)


def unbound(trouble):
    """The carrier unbinds: the link binds again."""
    before = trouble.smsc.state()["binds"]
    trouble.smsc.ask("unbind")
    wait_until("a new bind", lambda: trouble.smsc.state()["binds"] > before, 60)


def unknown_receipt(trouble):
    """A receipt for an id that nobody knows is acknowledged, so that the carrier does not repeat it for ever."""
    text = "id:9999999999 sub:001 dlvrd:001 submit date:2611220900 done date:2611220901 stat:DELIVRD err:000 text:"
    answer = trouble.smsc.ask(
        "deliver", source_addr="821012345678", source_addr_ton=1, destination_addr="15551000", esm_class=4,
        short_message={"message": {"hex": text.encode().hex()}},
    )
    assert answer == {"status": 0}, answer


FAULTS = {
    "late answers count": late,
    "doubled answers change nothing": doubled,
    "answers to nothing change nothing": unknown,
    "throttling slows down and loses nothing": throttled,
    "a permanent refusal fails the message at once": refused,
    "a link cut in mid-window doubles nothing that is held": cut_hold,
    "a link cut in mid-window resends a code at most once": cut_resend,
    "a carrier that goes silent is left and bound again": silent,
    "a bind without an answer is tried again": silent_bind,
    "an unknown command is answered with generic_nack": unknown_command,
    "a cut deliver_sm is answered and the session goes on": cut_deliver,
    "an impossible length makes a new session": bad_length,
    "noise makes a new session": noise,
    "a carrier that unbinds is bound again": unbound,
    "an unknown receipt is acknowledged": unknown_receipt,
}

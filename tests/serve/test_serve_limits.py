"""Every bound of the service, on a stub of the recommender: what is refused, how, and that it stays well after."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from firstlight.base.errors import LimitError
from firstlight.cli.serve import run as serve_verb
from firstlight.corpus import Catalogue, Item, ItemKey
from firstlight.corpus.pictures import decode
from firstlight.recommender.answers import Answer
from firstlight.serve import Limits, make_app, serve
from firstlight.serve.gate import BodyLimit, Queue

LIMITS = Limits(
    body_bytes=4_000,
    image_bytes=20_000,
    history=5,
    k=20,
    explained=3,
    text_bytes=100,
    keys=6,
    seconds=0.5,
    waiting=3,
)


JSON = {"content-type": "application/json"}


class Stub:
    """Answers at once, unless told to wait; remembers what it was asked."""

    def __init__(self, folder) -> None:
        (folder / "a.png").write_bytes(b"png")
        (folder / "secret.txt").write_text("secret")
        items = [
            Item(ItemKey("a"), "A", image=folder / "a.png"),
            Item(ItemKey("b"), "B", image=folder / "secret.txt"),
            Item(ItemKey("c"), "C"),
            Item(ItemKey("shop/d e?"), "D", image=folder / "a.png"),
        ]
        self.catalogue, self.version = Catalogue.from_items(items), "1"
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list = []
        self.degraded = False

    def answer(self, question):
        self.asked.append(question)
        if isinstance(question.image, bytes):
            decode(question.image)
        self.gate.wait(5)
        return Answer((), degraded=self.degraded)


@pytest.fixture
def stub(tmp_path):
    return Stub(tmp_path)


@pytest.fixture
def client(stub):
    with TestClient(make_app(stub, LIMITS), raise_server_exceptions=False) as client:
        yield client


def well(client):
    begin = time.monotonic()
    assert client.get("/health").json()["status"] == "ok"
    return time.monotonic() - begin < 0.3


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        ({"history": ["a"] * 6}, 422),
        ({"k": 10**9}, 422),
        ({"k": -1}, 422),
        ({"k": 4, "explain": True}, 422),
        ({"query": "q" * 101}, 422),
        ({"query": "é" * 51}, 422),  # bytes, not letters
        ({"allow": ["a"] * 7}, 422),
        ({"deny": ["a"] * 7}, 422),
        ({"where": ["a=1"] * 33}, 422),
        ({"where": ["a=" + "1" * 511]}, 422),
        ({"where": ["a=" + "1" * 510]}, 200),
        ({"user": "u" * 513}, 422),
        ({"image": "http://169.254.169.254/latest"}, 422),  # no field takes an address
        ({"unknown": "maybe"}, 422),
        ({"query": "é" * 50, "k": 20}, 200),
        ({"k": 3, "explain": True}, 200),
    ],
)
def test_fields_are_bounded(client, stub, ask, status):
    assert client.post("/recommend", json=ask).status_code == status
    assert bool(stub.asked) == (status == 200)
    assert well(client)


def test_a_refusal_names_the_field_and_repeats_nothing(client):
    answer = client.post("/recommend", json={"k": 99, "surprise": "a private thing"})
    assert answer.json() == {
        "error": "k: Input should be less than or equal to 20; surprise: Extra inputs are not permitted"
    }


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 3_900,
        b'{"history": ' + b"[" * 1_900 + b"]" * 1_900 + b"}",
        b'{"query": "\xff\xfe"}',
        b'{"k": NaN}',
        b'{"k": 1e999}',
        b"",
        b"null",
    ],
)
def test_odd_bodies_are_refused_and_nothing_breaks(client, stub, body):
    answer = client.post("/recommend", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert not stub.asked
    assert well(client)


@pytest.mark.parametrize("path", ["/recommend", "/explain"])
@pytest.mark.parametrize("field", ["user", "query", "item", "history.0", "allow.0", "deny.0", "where.0"])
def test_half_a_surrogate_pair_is_refused_wherever_it_stands(client, stub, path, field):
    name, in_list, _ = field.partition(".")
    value = rb'["\ud83d"]' if in_list else rb'"\ud83d"'
    answer = client.post(path, content=b'{"%s": %s}' % (name.encode(), value), headers=JSON)
    assert answer.status_code == 422
    known = name in ("user", "query", "history") or (name == "item") == (path == "/explain")
    assert not known or f"{field}: Value error, half a surrogate pair is no text" in answer.json()["error"]
    assert not stub.asked


@pytest.mark.parametrize("path", ["/recommend", "/explain", "/recommend/picture", "/nowhere"])
def test_large_bodies_get_413(client, path):
    most = LIMITS.image_bytes if path.endswith("picture") else LIMITS.body_bytes

    def pieces():
        for _ in range(100):
            yield b" " * 1_000

    for content in (b" " * (most + 1), pieces()):
        answer = client.post(path, content=content)
        assert answer.status_code == 413
        assert answer.json() == {"error": f"the body is larger than {most} bytes"}


def test_a_body_of_unknown_length_is_not_read_to_its_end():
    """However long a body claims to go on, no more than the bound and one piece is taken in."""
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    sent = run_gate(receive, BodyLimit(never, most=10_000, larger={}, seconds=5, held=99_999))
    assert sent[0]["status"] == 413
    assert taken == 11


def test_a_slow_body_gets_408():
    async def receive():
        await asyncio.sleep(10)

    begin = time.monotonic()
    sent = run_gate(receive, BodyLimit(never, most=10_000, larger={}, seconds=0.1, held=99_999))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"]) == {"error": "the body did not arrive within 0.1 s"}
    assert time.monotonic() - begin < 2


def test_bodies_are_held_up_to_a_bound_and_let_go_when_answered():
    """Three of 1,000 bytes at a bound of 2,500: two get through, the third is told to come back."""

    async def story():
        free, reached, sent = asyncio.Event(), [], []

        async def app(scope, receive, send):
            reached.append(len((await receive())["body"]))
            await free.wait()

        async def receive():
            return {"type": "http.request", "body": b"x" * 1_000}

        async def send(message):
            sent.append(message)

        gate = BodyLimit(app, most=10_000, larger={}, seconds=5, held=2_500)
        waiting = [asyncio.create_task(gate(SCOPE, receive, send)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert reached == [1_000, 1_000]
        assert sent[0]["status"] == 503
        assert (b"retry-after", b"1") in sent[0]["headers"]
        assert json.loads(sent[1]["body"]) == {"error": "too many bodies are held; try again in a moment"}
        assert gate.holding == 2_000
        free.set()
        await asyncio.gather(*waiting)
        await gate(SCOPE, receive, send)
        assert reached == [1_000] * 3
        assert gate.holding == 0

    asyncio.run(story())


SCOPE = {"type": "http", "path": "/recommend", "headers": []}


async def never(scope, receive, send):
    raise AssertionError("the request must not get through")


def run_gate(receive, gate):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(gate(SCOPE, receive, send))
    return sent


def test_a_picture_bomb_is_refused_before_it_is_decoded(client):
    """44 KB of PNG that claim 19,000 x 19,000 pixels."""
    header = struct.pack(">IIBBBBB", 19_000, 19_000, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000, 9)

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    answer = client.post("/recommend/picture", files={"picture": ("a.png", io.BytesIO(bomb))})
    assert answer.status_code == 422
    assert "pixels" in answer.json()["error"]
    assert well(client)


def test_other_formats_are_refused(client):
    for content in (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"",
    ):
        answer = client.post("/recommend/picture", files={"picture": ("a.png", content)})
        assert answer.status_code == 422


def test_only_pictures_are_served_as_pictures(client):
    assert client.get("/items/a/image").status_code == 200
    for key in ("b", "c", "zzz", "..%2F..%2Fetc%2Fpasswd", "%00"):
        answer = client.get(f"/items/{key}/image")
        assert answer.status_code == 404
        assert "secret" not in answer.text


def test_a_key_may_hold_what_an_address_is_made_of(client):
    assert client.get(f"/items/{quote('shop/d e?', safe='')}/image").content == b"png"


@pytest.mark.parametrize("path", ["/", "/health", "/items/a/image"])
def test_whoever_only_asks_whether_it_is_there_is_answered(client, path):
    assert client.head(path).status_code == client.get(path).status_code == 200


@pytest.mark.parametrize("field", ["explain", "history", "where", "user"])
def test_a_picture_with_what_it_cannot_be_asked_with_is_refused(client, stub, field):
    answer = client.post("/recommend/picture", files={"picture": ("a.png", b"")}, data={field: "1"})
    assert answer.status_code == 422
    assert answer.json() == {"error": f"{field}: Extra inputs are not permitted"}
    assert not stub.asked


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/nowhere", b"", 404, "Not Found"),
        ("GET", "/recommend", b"", 405, "Method Not Allowed"),
        ("POST", "/recommend", b'{"query": "\xff"}', 400, "There was an error parsing the body"),
        ("GET", "/items/zzz/image", b"", 404, "unknown item"),
        ("POST", "/recommend/picture", b"", 422, "picture: Field required"),
        ("POST", "/explain", b'{"item": "a"}', 500, "the answer failed; the log of the service says why"),
    ],
)
def test_every_refusal_has_the_same_body(client, method, path, body, status, said):
    headers = {} if "picture" in path else JSON
    answer = client.request(method, path, content=body, headers=headers)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]


def test_the_description_of_the_service_tells_of_its_refusals(client):
    told = client.get("/openapi.json").json()
    error = {"type": "object", "properties": {"error": {"type": "string", "title": "Error"}}}
    assert told["components"]["schemas"]["Refusal"].items() >= error.items()
    assert "HTTPValidationError" not in json.dumps(told)
    for path in told["paths"].values():
        for action in path.values():
            assert set(action["responses"]) == {"200", "4XX", "500", "503"}
    form = told["paths"]["/recommend/picture"]["post"]["requestBody"]["content"]
    assert list(form) == ["multipart/form-data"]


def test_conditions_are_read_in_line_and_not_between_requests(client, stub):
    """What costs time waits its turn: while the line is busy, a condition is not looked at."""
    stub.gate.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/recommend", json={})
        time.sleep(0.1)
        answer = client.post("/recommend", json={"where": ["no condition"]})
        assert (answer.status_code, first.result().status_code) == (503, 503)
    stub.gate.set()
    answer = client.post("/recommend", json={"where": ["no condition"]})
    assert answer.status_code == 422
    assert '"no condition" is not a condition' in answer.json()["error"]


def test_a_hanging_model_costs_503_and_not_the_service(client, stub):
    stub.gate.clear()
    begin = time.monotonic()
    answer = client.post("/recommend", json={})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert 0.4 < time.monotonic() - begin < 3
    assert well(client)
    stub.gate.set()
    assert client.post("/recommend", json={}).status_code == 200


def test_a_full_line_is_refused_at_once_and_empties_again():
    async def story():
        queue, gate = Queue(waiting=2, seconds=5), threading.Event()
        waiting = [asyncio.create_task(queue.run(lambda: gate.wait(5))) for _ in range(2)]
        await asyncio.sleep(0.05)
        begin = time.monotonic()
        with pytest.raises(LimitError, match="too many requests are waiting; try again in a moment"):
            await queue.run(lambda: gate.wait(5))
        assert time.monotonic() - begin < 0.1
        gate.set()
        await asyncio.gather(*waiting)
        await asyncio.sleep(0)
        assert queue.inside == 0
        for _ in range(50):
            await queue.run(lambda: None)
        await asyncio.sleep(0)
        assert queue.inside == 0

    asyncio.run(story())


def test_one_whose_time_is_over_leaves_the_line(client, stub):
    async def story():
        queue, gate = Queue(waiting=9, seconds=0.1), threading.Event()
        first = asyncio.create_task(queue.run(lambda: gate.wait(5)))
        await asyncio.sleep(0.01)
        ran = []
        with pytest.raises(LimitError, match=r"no answer within 0\.1 s"):
            await queue.run(lambda: ran.append(1))
        gate.set()
        with pytest.raises(LimitError):
            await first
        await asyncio.sleep(0.05)
        assert queue.inside == 0
        assert not ran  # nobody waits for it any more, so it is not done

    asyncio.run(story())


def test_an_error_says_nothing_of_the_inside(client, stub, monkeypatch):
    def fail(question):
        raise RuntimeError("secret path /home/x")

    monkeypatch.setattr(stub, "answer", fail)
    answer = client.post("/recommend", json={})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert well(client)


def test_degraded_reaches_the_caller(client, stub):
    assert client.post("/recommend", json={}).json()["degraded"] is False
    stub.degraded = True
    assert client.post("/recommend", json={}).json()["degraded"] is True


def test_it_binds_to_this_machine_unless_told():
    for verb in (serve, serve_verb):
        assert inspect.signature(verb).parameters["host"].default == "127.0.0.1"


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/").text
    assert "http://" not in page
    assert "https://" not in page
    assert client.get("/docs").status_code == 404
    assert client.get("/openapi.json").status_code == 200


def test_the_page_holds_long_titles_shows_errors_and_asks_once_at_a_time(client):
    """What headless screenshots showed, held by what made it so."""
    page = client.get("/").text
    assert "grid-template-columns: 96px minmax(0, 1fr); overflow-wrap: anywhere" in page
    assert "--accent: #f0a060; --on-accent: #14181f" in page
    assert page.index("button.disabled = true") < page.index("fetch(") < page.index("button.disabled = false")
    assert 'say(answer.error, "wrong")' in page
    assert "Not met: ${unmet.join" in page


def test_no_question_is_logged(client, stub, caplog, capfd):
    client.post("/recommend", json={"history": ["a"], "query": "a private wish", "user": "someone"})
    said = caplog.text + "".join(capfd.readouterr())
    assert "private" not in said
    assert "someone" not in said

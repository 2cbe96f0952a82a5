"""The service: what it answers, and what it refuses."""

from __future__ import annotations

import io
import time

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from firstlight.recommender import Recommender
from firstlight.serve import Limits, make_app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recommender(tuned):
    return Recommender.from_pretrained(tuned)


@pytest.fixture(scope="module")
def client(recommender):
    return TestClient(
        make_app(recommender, Limits(history=5, k=20, text_bytes=200, body_bytes=4_000, image_bytes=50_000))
    )


def test_it_answers_in_json(client, recommender):
    key = recommender.catalogue.keys[0]
    answer = client.post(
        "/recommend", json={"history": [key], "query": "a quiet story", "k": 3, "explain": True}
    )
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert len(items) == 3
    assert items[0]["explanation"]["sentences"]
    told = {"status": "ok", "items": len(recommender.catalogue), "run": recommender.version}
    assert client.get("/health").json() == told
    assert "<title>Firstlight</title>" in client.get("/").text


def test_it_explains(client, recommender):
    keys = recommender.catalogue.keys
    answer = client.post("/explain", json={"item": keys[0], "history": [keys[1]]})
    assert answer.status_code == 200
    assert answer.json()["evidence"]["item"] == keys[0]


def test_a_picture_may_be_uploaded(client):
    data = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(data, "PNG")
    answer = client.post("/recommend/picture", files={"picture": ("a.png", data.getvalue())}, data={"k": "2"})
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 2
    broken = client.post("/recommend/picture", files={"picture": ("a.png", b"no picture")})
    assert broken.status_code == 422
    assert "error" in broken.json()


def test_pictures_of_items_are_served_by_key_only(client, recommender):
    table = recommender.catalogue.table
    key = next(
        k
        for k, image in zip(recommender.catalogue.keys, table.column("image").to_pylist(), strict=True)
        if image
    )
    assert client.get(f"/items/{key}/image").headers["content-type"] == "image/jpeg"
    assert client.get("/items/..%2F..%2Fmanifest.json/image").status_code == 404


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        ({"history": ["x"] * 6}, 422),
        ({"k": 21}, 422),
        ({"k": 0}, 422),
        ({"query": "q" * 201}, 422),
        ({"surprise": 1}, 422),
        ({"history": ["zzz"]}, 404),
        ({"user": "nobody"}, 404),
        ({"where": ["nonsense"]}, 422),
    ],
)
def test_what_is_out_of_bounds_is_refused(client, ask, status):
    assert client.post("/recommend", json=ask).status_code == status


def test_a_large_body_is_refused_with_and_without_its_length(client):
    large = b'{"query": "' + b"q" * 10_000 + b'"}'
    assert client.post("/recommend", content=large).status_code == 413

    def pieces():
        for _ in range(10):
            yield b" " * 1_000

    assert client.post("/recommend", content=pieces()).status_code == 413
    assert client.get("/health").status_code == 200


def test_a_slow_answer_gets_503(recommender, monkeypatch):
    monkeypatch.setattr(recommender, "answer", lambda question: time.sleep(0.5))
    slow = TestClient(make_app(recommender, Limits(seconds=0.05)))
    answer = slow.post("/recommend", json={})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "no answer within 0.05 s" in answer.json()["error"]

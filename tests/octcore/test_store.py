"""The store keeps what it said it kept, for whom it kept it, with several processes at work."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from octcore.store import MIGRATIONS, Store, UserExists


def save(
    store: Store, user: int, data: bytes, name: str = "scan.png", label: str = "CNV", p: float = 0.9, version: str = "1"
) -> str:
    return store.save_result(
        user, scan_bytes=data, file_name=name, sha256=hashlib.sha256(data).hexdigest(), result={"probabilities": {label: p}},
        thumbnail_png=b"thumb" + data, heatmap_png=b"heat" + data, label=label, probability=p, model="ensemble", version=version,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_result_comes_back_as_it_was_saved_also_in_a_new_process(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    saved = save(store, ada, b"pixels")
    again = Store(store.folder)
    result = again.result(ada, saved)
    assert result and result.label == "CNV" and result.result == {"probabilities": {"CNV": 0.9}}
    assert abs(result.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert again.file_bytes(ada, saved, "scan") == b"pixels"
    assert again.file_bytes(ada, saved, "heatmap") == b"heatpixels"


def test_nobody_reaches_another_users_result_by_any_id(store: Store) -> None:
    ada, eve = (store.create_user(n, n, f"{n}@example.org", "hash") for n in ("ada", "eve"))
    mine = save(store, ada, b"pixels")
    assert store.result(eve, mine) is None
    assert store.delete_result(eve, mine) is False
    assert store.results(eve) == ([], 0)
    for kind in ("scan", "thumbnail", "heatmap"):
        with pytest.raises(KeyError):
            store.file_bytes(eve, mine, kind)
    assert store.result(ada, mine) is not None


def test_the_same_content_is_one_result_and_two_scans_of_one_name_are_two(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    first = save(store, ada, b"one", "scan.jpg")
    assert save(store, ada, b"one", "renamed.jpg") == first
    second = save(store, ada, b"two", "scan.jpg")
    assert second != first
    assert save(store, ada, b"one", version="2") not in (first, second)
    assert store.results(ada)[1] == 3


def test_a_file_goes_with_its_last_result_and_not_before(store: Store) -> None:
    ada, bob = (store.create_user(n, n, f"{n}@example.org", "hash") for n in ("ada", "bob"))
    hers, his = save(store, ada, b"same"), save(store, bob, b"same")
    assert store.delete_result(ada, hers)
    assert store.file_bytes(bob, his, "scan") == b"same"
    store.delete_user(bob)
    assert [p for p in (store.folder / "files").rglob("*") if p.is_file()] == []


def test_search_filter_sort_and_pages(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    for k in range(30):
        save(store, ada, b"%d" % k, f"100%_{k}.png" if k % 2 else f"eye{k}.png", "CNV" if k % 3 else "DME", k / 30)
    assert store.results(ada, search="100%_")[1] == 15
    assert store.results(ada, labels=["DME"])[1] == 10
    page, total = store.results(ada, sort="probability", limit=10, offset=10)
    assert total == 30 and [round(r.probability * 30) for r in page] == list(range(19, 9, -1))
    oldest, _ = store.results(ada, sort="oldest", limit=1)
    newest, _ = store.results(ada, limit=1)
    assert (oldest[0].file_name, newest[0].file_name) == ("eye0.png", "100%_29.png")
    now = datetime.now(UTC)
    assert store.results(ada, date_from=now + timedelta(hours=1))[1] == 0
    assert store.results(ada, date_from=now - timedelta(hours=1), date_to=now + timedelta(hours=1))[1] == 30


def test_user_names_are_taken_once_in_any_case(store: Store) -> None:
    store.create_user("ada", "Ada", "ada@example.org", "first")
    with pytest.raises(UserExists):
        store.create_user("ADA", "Eve", "eve@example.org", "second")
    found = store.user("Ada")
    assert found and found.password_hash == "first"


def test_a_deleted_users_name_never_becomes_somebody_elses(store: Store) -> None:
    store.delete_user(store.create_user("ada", "Ada", "ada@example.org", "hash"))
    with pytest.raises(UserExists):
        store.create_user("Ada", "Eve", "eve@example.org", "hash")


def _writer(folder: Path, user: int, start: int) -> None:
    store = Store(folder)
    for k in range(start, start + 15):
        save(store, user, b"%d" % k)


def _registers(folder: Path, k: int, queue: multiprocessing.Queue[int]) -> None:
    try:
        Store(folder).create_user("same", f"n{k}", f"{k}@example.org", "hash")
        queue.put(k)
    except UserExists:
        queue.put(-1)


def test_several_processes_write_at_once_and_nothing_is_lost(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_writer, args=(store.folder, ada, start)) for start in (0, 10, 100)]
    queue: multiprocessing.Queue[int] = context.Queue()
    rivals = [context.Process(target=_registers, args=(store.folder, k, queue)) for k in range(3)]
    for process in writers + rivals:
        process.start()
    winners = [queue.get(timeout=60) for _ in rivals]
    for process in writers + rivals:
        process.join(60)
        assert process.exitcode == 0
    assert store.results(ada)[1] == 25 + 15  # 0..24 overlap by content, 100..114 do not
    assert sorted(winners)[:2] == [-1, -1] and max(winners) >= 0


def _writes_until_killed(folder: Path, user: int) -> None:
    store = Store(folder)
    for k in range(10_000):
        save(store, user, b"crash %d" % k)


def test_what_was_saved_outlives_a_killed_process(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    process = multiprocessing.get_context("spawn").Process(target=_writes_until_killed, args=(store.folder, ada))
    process.start()
    deadline = time.monotonic() + 30
    while store.results(ada)[1] < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    results, total = Store(store.folder).results(ada, limit=10_000)
    assert total >= 5
    for result in results:
        assert hashlib.sha256(store.file_bytes(ada, result.id, "scan")).hexdigest() == result.sha256


def test_migrations_ran_once_and_are_counted(store: Store) -> None:
    Store(store.folder)
    version = sqlite3.connect(store.folder / "studio.db").execute("pragma user_version").fetchone()[0]
    assert version == len(MIGRATIONS)
    assert store.setting("cookie_key") == Store(store.folder).setting("cookie_key")

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

from octcore import migrations
from octcore.reviewed import newest
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


def segment(store: Store, user: int, data: bytes, label: str = "IRF+SRF") -> str:
    return store.save_result(
        user, scan_bytes=data, file_name="seg.png", sha256=hashlib.sha256(data).hexdigest(), result={"milliseconds": 3.0},
        thumbnail_png=b"thumb" + data, label=label, probability=None, model="ensemble", version="1", task="segment",
        lesions_png=b"lesions" + data, surfaces_npz=b"surfaces" + data,
    )  # fmt: skip


def files(store: Store) -> list[Path]:
    return [p for p in (store.folder / "files").rglob("*") if p.is_file()]


def test_a_scan_has_a_result_a_task(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    oct, seg = save(store, ada, b"pixels"), segment(store, ada, b"pixels")
    assert oct != seg and segment(store, ada, b"pixels") == seg and store.results(ada)[1] == 2
    sha = hashlib.sha256(b"pixels").hexdigest()
    found = store.find(ada, sha, "ensemble", "1", task="segment")
    assert found and found.id == seg and found.task == "segment" and found.probability is None
    kept = store.find(ada, sha, "ensemble", "1")
    assert kept and kept.id == oct and kept.task == "oct"
    assert store.file_bytes(ada, seg, "lesions") == b"lesionspixels"
    assert store.file_bytes(ada, seg, "surfaces") == b"surfacespixels"
    with pytest.raises(KeyError):
        store.file_bytes(ada, seg, "heatmap")
    store.delete_result(ada, oct)
    assert store.file_bytes(ada, seg, "scan") == b"pixels"


def test_a_task_and_any_of_several_lesions_are_found(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    save(store, ada, b"1", label="DRUSEN")
    for data, label in ((b"2", "IRF+SRF"), (b"3", "DRUSEN+SHRM"), (b"4", "NONE")):
        segment(store, ada, data, label)
    assert [store.results(ada, labels=[name])[1] for name in ("SRF", "DRUSEN", "RF", "IRF+")] == [1, 2, 0, 0]
    assert store.results(ada, labels=["SRF", "SHRM"])[1] == 2
    assert store.results(ada, labels=["DRUSEN"], tasks=["segment"])[1] == 1 and store.results(ada, tasks=["oct"])[1] == 1
    by_probability = store.results(ada, sort="probability")[0]
    assert by_probability[0].task == "oct", "what has no probability comes last"


def test_a_review_stands_beside_its_result_and_goes_with_it(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    result = segment(store, ada, b"pixels")
    first, second = store.save_review(ada, result, b"mask 1", "too small"), store.save_review(ada, result, b"mask 2")
    again = Store(store.folder)
    assert [(r.id, r.note) for r in again.reviews(ada, result)] == [(second, ""), (first, "too small")]
    assert again.review_mask(ada, first) == b"mask 1" and again.file_bytes(ada, result, "lesions") == b"lesionspixels"
    assert store.delete_result(ada, result) and files(store) == [] and store.reviews(ada, result) == []
    with pytest.raises(KeyError):
        store.review_mask(ada, first)


def test_slices_of_a_volume_are_reviewed_one_by_one(store: Store) -> None:
    ada, eve = (store.create_user(n, n.title(), f"{n}@example.org", "hash") for n in ("ada", "eve"))
    mine, hers = segment(store, ada, b"volume"), segment(store, eve, b"volume")
    first = store.save_review(ada, mine, b"slice 3", "too small", slice_index=3)
    other = store.save_review(ada, mine, b"slice 0", slice_index=0)
    second = store.save_review(ada, mine, b"slice 3 again", slice_index=3)
    store.save_review(ada, mine, b"of no slice")
    again = Store(store.folder)
    assert [(r.slice, r.by) for r in again.reviews(ada, mine)] == [(None, "Ada"), (3, "Ada"), (0, "Ada"), (3, "Ada")]
    latest = newest(again.reviews(ada, mine))
    assert [(k, r.id) for k, r in latest.items()] == [(0, other), (3, second)]
    assert again.review_mask(ada, second) == b"slice 3 again" and again.review_mask(ada, first) == b"slice 3"
    assert abs(latest[3].created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert store.reviews(eve, hers) == [] and store.reviews(eve, mine) == []
    with pytest.raises(KeyError):
        store.save_review(eve, mine, b"not hers", slice_index=3)
    with pytest.raises(KeyError):
        store.review_mask(eve, second)
    store.delete_result(eve, hers)
    assert store.delete_result(ada, mine) and files(store) == [], "the reviews' files went with it"
    assert store._connection.execute("select count(*) from reviews").fetchone()[0] == 0


def _reviews_until_killed(folder: Path, user: int, result: str) -> None:
    store = Store(folder)
    for k in range(10_000):
        store.save_review(user, result, b"mask %d" % k, slice_index=k)


def test_reviews_outlive_a_killed_process(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    result = segment(store, ada, b"volume")
    process = multiprocessing.get_context("spawn").Process(target=_reviews_until_killed, args=(store.folder, ada, result))
    process.start()
    deadline = time.monotonic() + 30
    while len(store.reviews(ada, result)) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    again = Store(store.folder)
    kept = again.reviews(ada, result)
    assert len(kept) >= 5 and [r.slice for r in kept] == list(range(len(kept)))[::-1]
    assert all(again.review_mask(ada, r.id) == b"mask %d" % (r.slice or 0) for r in kept)


def test_reviews_of_before_slices_stay(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    old = sqlite3.connect(folder / "studio.db")
    for step in migrations.MIGRATIONS[:4]:
        step(old)
    old.execute("insert into users values (1, 'ada', 'Ada', 'ada@example.org', 'hash', null, '2026-01-01')")
    when = "2026-01-02T03:04:05.000000+00:00"
    row = ("abc", 1, when, "segment", "eye.png", "sha", "IRF", None, "ensemble", "1", "{}", "s", "t", None, "l", "u", None)
    old.execute(f"insert into results values ({', '.join('?' * 17)})", row)
    old.execute("insert into reviews values ('r', 'abc', 1, ?, 'mask', 'a note')", (when,))
    old.execute("pragma user_version = 4")
    old.commit()
    old.close()
    (kept,) = Store(folder).reviews(1, "abc")
    assert (kept.id, kept.note, kept.slice, kept.by) == ("r", "a note", None, "Ada")


def test_a_mask_that_is_also_a_results_file_stays_with_it(store: Store) -> None:
    ada, bob = (store.create_user(n, n, f"{n}@example.org", "hash") for n in ("ada", "bob"))
    hers, his = segment(store, ada, b"pixels"), segment(store, bob, b"pixels")
    store.save_review(ada, hers, b"lesionspixels")
    store.delete_user(ada)
    assert store.file_bytes(bob, his, "lesions") == b"lesionspixels"
    store.delete_user(bob)
    assert files(store) == []


def test_nobody_reviews_or_sees_anothers(store: Store) -> None:
    ada, eve = (store.create_user(n, n, f"{n}@example.org", "hash") for n in ("ada", "eve"))
    mine = segment(store, ada, b"pixels")
    review = store.save_review(ada, mine, b"mask")
    assert store.reviews(eve, mine) == [] and not store.annotate(eve, mine, {"note": "hers"})
    with pytest.raises(KeyError):
        store.review_mask(eve, review)
    with pytest.raises(KeyError):
        store.save_review(eve, mine, b"another mask")
    assert len(files(store)) == 5, "a refused review leaves no file"


def test_what_a_person_knows_is_added_to_a_result_and_taken_away(store: Store) -> None:
    ada = store.create_user("ada", "Ada", "ada@example.org", "hash")
    result = segment(store, ada, b"pixels")
    assert store.annotate(ada, result, {"spacing_by_hand_mm": [0.00387, 0.0113]})
    kept = store.result(ada, result)
    assert kept and kept.result == {"milliseconds": 3.0, "spacing_by_hand_mm": [0.00387, 0.0113]}
    store.annotate(ada, result, {"spacing_by_hand_mm": None})
    kept = store.result(ada, result)
    assert kept and kept.result == {"milliseconds": 3.0}


def test_a_database_of_before_segmentation_keeps_its_results(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    old = sqlite3.connect(folder / "studio.db")
    for step in migrations.MIGRATIONS[:2]:
        step(old)
    old.execute("insert into users values (1, 'ada', 'Ada', 'ada@example.org', 'hash', null, '2026-01-01')")
    row = ("abc", 1, "2026-01-02T03:04:05.000000+00:00", "eye.png", "sha", "CNV", 0.9, "ensemble", "1", "{}", "s", "t", "h")
    old.execute(f"insert into results values ({', '.join('?' * 13)})", row)
    old.execute("pragma user_version = 2")
    old.commit()
    old.close()
    store = Store(folder)
    kept = store.result(1, "abc")
    assert kept and (kept.label, kept.probability, kept.task, kept.file_name) == ("CNV", 0.9, "oct", "eye.png")
    store.save_review(1, "abc", b"mask")
    store.delete_user(1)
    assert store.results(1) == ([], 0)

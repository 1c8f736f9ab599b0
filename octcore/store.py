"""Users, results, reviews and the files they came from, in SQLite (sqlite-utils); files by content hash beside it.

Safe with several processes: write-ahead log, a busy timeout, one transaction a change. A file is on the disk, synced,
before the row that names it is committed, so a crash loses at most a file that nobody refers to.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import sqlite_utils

from octcore.migrations import MIGRATIONS

Kind = Literal["scan", "thumbnail", "heatmap", "lesions", "surfaces", "volume"]
Task = Literal["oct", "fundus", "segment"]
FILE_COLUMNS = "scan_file, thumbnail_file, heatmap_file, lesions_file, surfaces_file, volume_file"
SORTS = {
    "newest": "created_at desc",
    "oldest": "created_at asc",
    "probability": "probability desc",
    "name": "file_name collate nocase asc",
}


class UserExists(ValueError):
    """Somebody has that user name already."""


@dataclass(frozen=True)
class User:
    """A person with an account. ``password_hash`` is bcrypt's; ``language``: en, zh or None (the browser's)."""

    id: int
    username: str
    name: str
    email: str
    password_hash: str
    language: str | None


@dataclass(frozen=True)
class Result:
    """What a model said of one person's scan, as it was saved. ``created_at`` is aware, in UTC.

    ``label``: a class, or of a segmentation the lesions that were found, as ``IRF+SRF``, ``NONE`` for none;
    ``probability``: None where the task has none.
    """

    id: str
    user_id: int
    created_at: datetime
    file_name: str
    sha256: str
    label: str
    probability: float | None
    model: str
    version: str
    result: dict[str, Any]
    task: Task = "oct"


@dataclass(frozen=True)
class Review:
    """What a person said of a result: a corrected mask (`Store.review_mask`) and a note. ``created_at``: aware, in UTC.
    ``slice``: which one of a volume, from 0; None for a single scan. ``by``: the person's name."""

    id: str
    result_id: str
    user_id: int
    created_at: datetime
    note: str
    slice: int | None = None
    by: str = ""


def data_folder() -> Path:
    """OCT_STUDIO_HOME, or .data beside the package."""
    return Path(os.environ.get("OCT_STUDIO_HOME", Path(__file__).resolve().parent.parent / ".data"))


class Store:
    """The database of a data folder. One object may serve many threads; each gets a connection of its own."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._local = threading.local()
        self._migrate()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.folder / "studio.db", timeout=30, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma foreign_keys = on")
            self._local.connection = connection
        return connection

    @property
    def _tables(self) -> sqlite_utils.Database:
        return sqlite_utils.Database(self._connection)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; holds the write lock from the start, so that what was read stays true until it commits."""
        connection = self._connection
        connection.execute("begin immediate")
        try:
            yield connection
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")

    def _migrate(self) -> None:
        with self._transaction() as connection:
            done = int(connection.execute("pragma user_version").fetchone()[0])
            for step in MIGRATIONS[done:]:
                step(connection)
            connection.execute(f"pragma user_version = {len(MIGRATIONS)}")

    # -- people

    def create_user(self, username: str, name: str, email: str, password_hash: str) -> int:
        """A new user's id. Raises `UserExists` (names are compared without regard to case), also under a race and for
        the name of a deleted user."""
        try:
            with self._transaction() as connection:
                if connection.execute("select 1 from retired_names where username = ?", (username,)).fetchone():
                    raise UserExists(username)
                cursor = connection.execute(
                    "insert into users (username, name, email, password_hash, created_at) values (?, ?, ?, ?, ?)",
                    (username, name, email, password_hash, _now()),
                )
        except sqlite3.IntegrityError as error:
            raise UserExists(username) from error
        return int(cursor.lastrowid or 0)

    def user(self, username: str) -> User | None:
        """The user of that name, in any case, or None."""
        return next(
            (_user(row) for row in self._tables.query("select * from users where username = ? collate nocase", [username])), None
        )

    def users(self) -> list[User]:
        """Everybody, by id."""
        return [_user(row) for row in self._tables.query("select * from users order by id")]

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Replace a user's password."""
        with self._transaction() as connection:
            connection.execute("update users set password_hash = ? where id = ?", (password_hash, user_id))

    def set_language(self, user_id: int, language: str) -> None:
        """Keep the language that a user chose."""
        with self._transaction() as connection:
            connection.execute("update users set language = ? where id = ?", (language, user_id))

    def delete_user(self, user_id: int) -> None:
        """Remove a user with every result and every file that was theirs alone."""
        with self._transaction() as connection:
            files = self._files_of(connection, "user_id = ?", user_id)
            connection.execute("insert or ignore into retired_names select username from users where id = ?", (user_id,))
            connection.execute("delete from users where id = ?", (user_id,))
        self._drop_unused(files)

    def revoke(self, token: str, lasting: timedelta) -> None:
        """From now on that sign-in token counts no more. ``lasting``: how long a token is good at most; what was called back
        before that is forgotten."""
        with self._transaction() as connection:
            connection.execute("delete from revoked_tokens where revoked_at < ?", (_text(datetime.now(UTC) - lasting),))
            connection.execute("insert or ignore into revoked_tokens values (?, ?)", (_digest(token), _now()))

    def is_revoked(self, token: str) -> bool:
        """Whether somebody has signed out of it."""
        return bool(self._connection.execute("select 1 from revoked_tokens where digest = ?", (_digest(token),)).fetchone())

    def setting(self, name: str, default: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
        """A value of this installation, made once; several processes get the same one."""
        with self._transaction() as connection:
            row = connection.execute("select value from settings where key = ?", (name,)).fetchone()
            if row:
                return str(row[0])
            value = default()
            connection.execute("insert into settings (key, value) values (?, ?)", (name, value))
        return value

    # -- results

    def save_result(
        self,
        user_id: int,
        *,
        scan_bytes: bytes,
        file_name: str,
        sha256: str,
        result: dict[str, Any],
        thumbnail_png: bytes,
        label: str,
        probability: float | None,
        model: str,
        version: str,
        task: Task = "oct",
        heatmap_png: bytes | None = None,
        lesions_png: bytes | None = None,
        surfaces_npz: bytes | None = None,
        volume_npz: bytes | None = None,
    ) -> str:
        """Save a result and return its id, which cannot be guessed. The same content under the same task, model and
        version is the same result: its id comes back and nothing is changed."""
        with self._transaction() as connection:
            known = connection.execute(
                "select id from results where user_id = ? and task = ? and sha256 = ? and model = ? and version = ?",
                (user_id, task, sha256, model, version),
            ).fetchone()
            if known:
                return str(known[0])
            # Inside the write lock: a deletion elsewhere cannot take a file away between here and the commit.
            given = (scan_bytes, thumbnail_png, heatmap_png, lesions_png, surfaces_npz, volume_npz)
            files = [None if data is None else self._keep(data) for data in given]
            name = uuid.uuid4().hex
            said = (label, probability, model, version, json.dumps(result))
            connection.execute(
                "insert into results (id, user_id, created_at, task, file_name, sha256, label, probability, model, version, "
                f"result, {FILE_COLUMNS}) values ({', '.join('?' * 17)})",
                (name, user_id, _now(), task, file_name, sha256, *said, *files),
            )
        return name

    def result(self, user_id: int, result_id: str) -> Result | None:
        """One of this user's results; None for another user's id as for one that never was."""
        rows = self._tables.query("select * from results where id = ? and user_id = ?", [result_id, user_id])
        return next((_result(row) for row in rows), None)

    def find(self, user_id: int, sha256: str, model: str, version: str, task: Task = "oct") -> Result | None:
        """This user's earlier result for the same content, task, model and version."""
        rows = self._tables.query(
            "select * from results where user_id = ? and task = ? and sha256 = ? and model = ? and version = ?",
            [user_id, task, sha256, model, version],
        )
        return next((_result(row) for row in rows), None)

    def results(
        self,
        user_id: int,
        *,
        search: str = "",
        labels: Sequence[str] = (),
        tasks: Sequence[Task] = (),
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        sort: str = "newest",
        limit: int = 25,
        offset: int = 0,
    ) -> tuple[list[Result], int]:
        """A page of this user's results and how many there are in all.

        ``search``: part of the file's name or label; ``labels``: results that name any of them (``SRF`` finds ``IRF+SRF``);
        ``tasks``: of any of them; ``date_from`` <= created < ``date_to``, aware; ``sort``: a key of SORTS.
        """
        where, values = ["user_id = ?"], [user_id]  # type: tuple[list[str], list[Any]]
        if search.strip():
            pattern = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            where.append("(file_name like ? escape '\\' or label like ? escape '\\')")
            values += [f"%{pattern}%"] * 2
        if labels:
            where.append("(" + " or ".join(["instr('+' || label || '+', ?) > 0"] * len(labels)) + ")")
            values += [f"+{label}+" for label in labels]
        if tasks:
            where.append(f"task in ({','.join('?' * len(tasks))})")
            values += list(tasks)
        for moment, sign in ((date_from, ">="), (date_to, "<")):
            if moment:
                where.append(f"created_at {sign} ?")
                values.append(_text(moment))
        condition = " and ".join(where)
        total = int(self._connection.execute(f"select count(*) from results where {condition}", values).fetchone()[0])
        rows = self._tables.query(
            f"select * from results where {condition} order by {SORTS[sort]}, id limit ? offset ?", [*values, limit, offset]
        )
        return [_result(row) for row in rows], total

    def delete_result(self, user_id: int, result_id: str) -> bool:
        """Delete one of this user's results with its reviews, and their files where nobody else has the same. False: there
        is none."""
        with self._transaction() as connection:
            if not self._owns(connection, user_id, result_id):
                return False
            files = self._files_of(connection, "id = ?", result_id)
            connection.execute("delete from results where id = ?", (result_id,))
        self._drop_unused(files)
        return True

    def annotate(self, user_id: int, result_id: str, said: dict[str, Any]) -> bool:
        """Set keys of a result's JSON that a person, not the model, knows (a pixel's size). None removes a key."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "update results set result = json_patch(result, ?) where id = ? and user_id = ?",
                (json.dumps(said), result_id, user_id),
            )
        return cursor.rowcount > 0

    def file_bytes(self, user_id: int, result_id: str, kind: Kind) -> bytes:
        """A result's scan as it was uploaded, its thumbnail, heat map or lesions' label map (PNG), or surfaces (NPZ);
        or what was found in a volume's slices (NPZ).

        Raises KeyError for no result of this user, or none with such a file.
        """
        place = FILE_COLUMNS.split(", ").index(f"{kind}_file")
        row = self._connection.execute(
            f"select {FILE_COLUMNS} from results where id = ? and user_id = ?", (result_id, user_id)
        ).fetchone()
        if row is None or row[place] is None:
            raise KeyError(result_id)
        return self._path(str(row[place])).read_bytes()

    # -- reviews

    def save_review(self, user_id: int, result_id: str, mask_png: bytes, note: str = "", slice_index: int | None = None) -> str:
        """Keep a person's correction beside a result of theirs, which stays as it is; of a volume's slice (from 0) where
        ``slice_index`` says which. Returns the review's id. Raises KeyError for no result of this user."""
        with self._transaction() as connection:
            if not self._owns(connection, user_id, result_id):
                raise KeyError(result_id)
            name = uuid.uuid4().hex
            connection.execute(
                "insert into reviews (id, result_id, user_id, created_at, mask_file, note, slice) values (?, ?, ?, ?, ?, ?, ?)",
                (name, result_id, user_id, _now(), self._keep(mask_png), note, slice_index),
            )
        return name

    def reviews(self, user_id: int, result_id: str) -> list[Review]:
        """This user's reviews of a result, the newest first; none of anybody else's."""
        rows = self._tables.query(
            "select reviews.*, users.name as by from reviews join users on users.id = reviews.user_id "
            "where result_id = ? and user_id = ? order by reviews.created_at desc, reviews.rowid desc",
            [result_id, user_id],
        )
        return [_review(row) for row in rows]

    def review_mask(self, user_id: int, review_id: str) -> bytes:
        """A review's label map (PNG). Raises KeyError for no review of this user."""
        row = self._connection.execute(
            "select mask_file from reviews where id = ? and user_id = ?", (review_id, user_id)
        ).fetchone()
        if row is None:
            raise KeyError(review_id)
        return self._path(str(row[0])).read_bytes()

    # -- files

    def _path(self, name: str) -> Path:
        return self.folder / "files" / name[:2] / name

    def _keep(self, data: bytes) -> str:
        """Store bytes under their hash, synced and in one step; returns the hash."""
        name = hashlib.sha256(data).hexdigest()
        place = self._path(name)
        if place.exists():
            return name
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f"{name}.{uuid.uuid4().hex}.part")
        with open(draft, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name

    @staticmethod
    def _owns(connection: sqlite3.Connection, user_id: int, result_id: str) -> bool:
        found = connection.execute("select 1 from results where id = ? and user_id = ?", (result_id, user_id)).fetchone()
        return found is not None

    @staticmethod
    def _files_of(connection: sqlite3.Connection, which: str, value: str | int) -> set[str]:
        """Every file that the results where ``which`` holds, and their reviews, refer to."""
        rows = connection.execute(f"select {FILE_COLUMNS} from results where {which}", (value,)).fetchall()
        masks = connection.execute(
            f"select mask_file from reviews where result_id in (select id from results where {which})", (value,)
        ).fetchall()
        return {str(name) for row in (*rows, *masks) for name in row if name is not None}

    def _drop_unused(self, files: set[str]) -> None:
        """Remove files that nothing refers to. Called after the deletion has been committed (a crash before leaves a file
        too many, never a result without its file), and under the write lock, so that nobody saves one meanwhile."""
        with self._transaction() as connection:
            for name in files:
                used = connection.execute(
                    f"select 1 from results where ? in ({FILE_COLUMNS}) union select 1 from reviews where mask_file = ?",
                    (name, name),
                ).fetchone()
                if not used:
                    self._path(name).unlink(missing_ok=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _text(moment: datetime) -> str:
    """UTC with microseconds always: texts of one length sort as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _now() -> str:
    return _text(datetime.now(UTC))


def _user(row: dict[str, Any]) -> User:
    return User(row["id"], row["username"], row["name"], row["email"], row["password_hash"], row["language"])


def _review(row: dict[str, Any]) -> Review:
    made = datetime.fromisoformat(row["created_at"])
    return Review(row["id"], row["result_id"], row["user_id"], made, row["note"], row["slice"], row["by"])


def _result(row: dict[str, Any]) -> Result:
    return Result(
        row["id"],
        row["user_id"],
        datetime.fromisoformat(row["created_at"]),
        row["file_name"],
        row["sha256"],
        row["label"],
        row["probability"],
        row["model"],
        row["version"],
        json.loads(row["result"]),
        row["task"],
    )

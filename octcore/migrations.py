"""How the store's database came to be what it is, step by step."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable


def _first(connection: sqlite3.Connection) -> None:
    for statement in (
        "create table users (id integer primary key, username text not null unique collate nocase, name text not null, "
        "email text not null, password_hash text not null, language text, created_at text not null)",
        "create table settings (key text primary key, value text not null)",
        "create table results (id text primary key, user_id integer not null references users(id) on delete cascade, "
        "created_at text not null, file_name text not null, sha256 text not null, label text not null, "
        "probability real not null, model text not null, version text not null, result text not null, "
        "scan_file text not null, thumbnail_file text not null, heatmap_file text not null, "
        "unique (user_id, sha256, model, version))",
        "create index results_by_user on results (user_id, created_at)",
    ):
        connection.execute(statement)


def _retired_names(connection: sqlite3.Connection) -> None:
    """A browser's cookie names its user: a deleted user's name must never become somebody else's."""
    connection.execute("create table retired_names (username text primary key collate nocase)")


def _segmentations_and_reviews(connection: sqlite3.Connection) -> None:
    """A scan may have a result a task; a segmentation has outlines and no probability; people review results.

    SQLite cannot loosen a column or a unique rule in place: the table is made anew. Nothing refers to it yet.
    """
    for statement in (
        "create table results_3 (id text primary key, user_id integer not null references users(id) on delete cascade, "
        "created_at text not null, task text not null, file_name text not null, sha256 text not null, label text not null, "
        "probability real, model text not null, version text not null, result text not null, "
        "scan_file text not null, thumbnail_file text not null, heatmap_file text, lesions_file text, surfaces_file text, "
        "unique (user_id, task, sha256, model, version))",
        "insert into results_3 select id, user_id, created_at, 'oct', file_name, sha256, label, probability, model, version, "
        "result, scan_file, thumbnail_file, heatmap_file, null, null from results",
        "drop table results",
        "alter table results_3 rename to results",
        "create index results_by_user on results (user_id, created_at)",
        "create table reviews (id text primary key, result_id text not null references results(id) on delete cascade, "
        "user_id integer not null references users(id) on delete cascade, created_at text not null, "
        "mask_file text not null, note text not null)",
        "create index reviews_by_result on reviews (result_id, created_at)",
    ):
        connection.execute(statement)


def _volumes(connection: sqlite3.Connection) -> None:
    """What was found in every slice of a volume, in one file."""
    connection.execute("alter table results add column volume_file text")


def _reviews_of_slices(connection: sqlite3.Connection) -> None:
    """A volume's slices are reviewed one by one; a review of a single scan has no slice."""
    connection.execute("alter table reviews add column slice integer")


def _revoked_tokens(connection: sqlite3.Connection) -> None:
    """Signing out counts here, not only in the browser. Of a token its digest is kept."""
    connection.execute("create table revoked_tokens (digest text primary key, revoked_at text not null)")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _retired_names,
    _segmentations_and_reviews,
    _volumes,
    _reviews_of_slices,
    _revoked_tokens,
)
"""Applied in order, each once; ``pragma user_version`` counts them. Never change one: add one."""

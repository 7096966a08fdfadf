"""Who was an operator before approvals came has been one since their account was made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from api.record.database import Database

MADE = datetime(2026, 11, 1, 8)


def test_an_account_that_was_there_has_its_role_since_it_was_made(tmp_path, url):
    database = Database(url or f"sqlite:///{tmp_path / 'kail.sqlite'}")
    database.migrate()
    database.migrate("0008")
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO organisations (id, name, created_at) VALUES ('o', 'Koja', :at)"), {"at": MADE}
        )
        columns = "id, organisation_id, login, name, role, password_hash, active, version, created_at"
        values = "'a', 'o', 'budi', 'Budi', 'operator', 'x', true, 1, :at"
        connection.execute(text(f"INSERT INTO accounts ({columns}) VALUES ({values})"), {"at": MADE})
    database.migrate()
    with database.read() as connection:
        found = connection.execute(text("SELECT role_since = created_at FROM accounts")).scalar_one()
        assert bool(found)
        assert connection.execute(text("SELECT mentor_reset_alone_from FROM organisations")).scalar_one() is None
    database.close()

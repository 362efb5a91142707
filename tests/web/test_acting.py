"""What the page asks for goes to the service where one listens, and is done by a process of its own where none does."""

import json
import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import select
from support.page import add_people

from voicemark.actions.acts import ActError, Ignore, Name
from voicemark.config import Config
from voicemark.control.place import listen, socket_of
from voicemark.store.database import Database
from voicemark.store.schema import VoiceRow
from voicemark.web.acting import submit


def test_without_a_service_a_process_of_its_own_does_it(config: Config, database: Database) -> None:
    add_people(database)
    did = submit(config, Name(person=3, name="Carla"))
    assert did.act_id == 1 and "Carla" in did.message
    with database.reading() as session:
        assert "Carla" in session.scalars(select(VoiceRow.name)).all()
    with pytest.raises(ActError, match="has a name"):
        submit(config, Ignore(person=3))


def test_a_service_that_listens_does_it(config: Config, database: Database) -> None:
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        listener.setblocking(True)
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as lines:
            heard.append(lines.readline())
            lines.write(b'{"done": {"act_id": 7, "message": "done so"}}\n')

    with listen(socket_of(config)) as listener:
        service = threading.Thread(target=serve, args=(listener,))
        service.start()
        did = submit(config, Ignore(person=3))
        service.join()
    assert (did.act_id, did.message) == (7, "done so")
    told = json.loads(heard[0])
    assert told["act"] == {"act": "ignore", "person": 3} and Path(told["database"]) == config.database.path

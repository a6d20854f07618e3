"""Finding and downloading data files, against servers on the loopback interface."""

import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data import __main__ as command
from data import files, imdb
from data.errors import DataError

CONTENT = b"the published bytes"
BOOKS = {
    files.ALICE: b"CHAPTER I.     Down the Rabbit-Hole\n",
    files.NIETZSCHE: b"PREFACE\n\n\nSUPPOSING that Truth is a woman--what then?\n",
}
HEADER = b'"Date Time","p (mbar)"\r\n01.01.2009 00:10:00,996.52\r\n'


def archive_bytes(member: str = files.JENA, content: bytes = HEADER) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
        archive.writestr(f"__MACOSX/._{member}", b"as in the published archive")
    return buffer.getvalue()


class Server:
    """Serves `answers[name] = (status, body, bytes left out at the end)`."""

    def __init__(self):
        self.answers: dict[str, tuple[int, bytes, int]] = {}
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                outer.requests.append(name)
                status, body, left_out = outer.answers.get(name, (404, b"<h1>not here</h1>", 0))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) - left_out])

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/"

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch):
    server = Server()
    names = {name: f"{name}.zip" if name == files.JENA else name for name in files.URLS}
    monkeypatch.setattr(files, "URLS", {name: server.url + names[name] for name in names})
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def empty_places(monkeypatch, tmp_path):
    """No setting, an empty Keras cache, an own download folder, published hashes of `CONTENT`."""
    monkeypatch.delenv(files.DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(files, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # pooch waits between attempts
    hashes = {
        files.IMDB: "sha256:" + hashlib.sha256(CONTENT).hexdigest(),
        files.IMDB_WORD_INDEX: "md5:" + hashlib.md5(CONTENT).hexdigest(),
    }
    monkeypatch.setattr(files, "PUBLISHED_HASHES", hashes)


def put(folder: Path, name: str, content: bytes = CONTENT) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_search_order_is_setting_cache_downloads(monkeypatch, tmp_path):
    in_downloads = put(tmp_path / "downloads", files.IMDB)
    assert files.locate(files.IMDB).path == in_downloads
    in_cache = put(tmp_path / "keras" / "datasets", files.IMDB)
    assert files.locate(files.IMDB).path == in_cache
    in_variable = put(tmp_path / "variable", files.IMDB)
    monkeypatch.setenv(files.DATA_DIR_VARIABLE, str(tmp_path / "variable"))
    assert files.locate(files.IMDB).path == in_variable
    in_argument = put(tmp_path / "argument", files.IMDB)
    assert files.locate(files.IMDB, tmp_path / "argument").path == in_argument


def test_record_says_whether_the_file_is_the_published_one(tmp_path):
    put(tmp_path, files.IMDB)
    put(tmp_path, files.IMDB_WORD_INDEX, b"something else")
    put(tmp_path, files.JENA, HEADER)
    assert files.locate(files.IMDB, tmp_path).record() == {
        "name": files.IMDB,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "bytes": len(CONTENT),
        "published": True,
    }
    assert files.locate(files.IMDB_WORD_INDEX, tmp_path).published is False
    assert files.locate(files.JENA, tmp_path).published is None


@pytest.mark.parametrize(
    "place",
    [
        files.JENA,
        f"{files.JENA}.zip",
        f"jena_climate_2009_2016_extracted/{files.JENA}",  # get_file(fname=..., extract=True)
        f"{files.JENA}.zip/{files.JENA}",  # get_file(origin=..., extract=True)
    ],
)
def test_jena_is_found_where_keras_puts_it(tmp_path, place):
    path = put(tmp_path / "keras" / "datasets", place, HEADER)
    assert files.locate(files.JENA).path == path


@pytest.mark.parametrize(
    ("place", "reason"),
    [("nowhere", "No such file"), ("a-file", "Not a directory"), ("\x1b" * 3000, "name too long")],
)
def test_unusable_data_directory(monkeypatch, tmp_path, place, reason):
    put(tmp_path, "a-file")
    with pytest.raises(DataError, match="Name an existing directory") as raised:
        files.locate(files.IMDB, tmp_path / place)
    assert "--data-dir" in str(raised.value)
    assert reason in str(raised.value)
    assert len(str(raised.value)) < 1000
    monkeypatch.setenv(files.DATA_DIR_VARIABLE, str(tmp_path / place))
    with pytest.raises(DataError, match=files.DATA_DIR_VARIABLE):
        files.locate(files.IMDB)


@pytest.mark.parametrize("name", [files.IMDB, files.IMDB_WORD_INDEX])
def test_download_goes_to_the_setting_else_to_downloads(server, tmp_path, name):
    server.answers[name] = (200, CONTENT, 0)
    (tmp_path / "own").mkdir()
    assert files.locate(name).path == tmp_path / "downloads" / name
    (tmp_path / "downloads" / name).unlink()
    found = files.locate(name, tmp_path / "own")
    assert found.path == tmp_path / "own" / name
    assert found.published
    assert list((tmp_path / "own").iterdir()) == [found.path]
    files.locate(name, tmp_path / "own")
    assert server.requests == [name, name]  # the second look found the file


def test_a_file_that_the_user_names(tmp_path):
    path = put(tmp_path, "mine.txt")
    found = files.own_file(path)
    assert (found.path, found.published, found.name) == (path, None, "mine.txt")
    for wrong in (tmp_path / "nowhere.txt", tmp_path, "\x1b" * 3000):
        with pytest.raises(DataError, match=r"there is no file .*folder, or name alice or bob\.$"):
            files.own_file(wrong, ("alice", "bob"))
    with pytest.raises(DataError, match=r"there is no file .*nowhere\.txt; check its name"):
        files.read_bytes(tmp_path / "nowhere.txt")


FAILURES = {
    "error page": (files.IMDB, (503, b"<h1>busy</h1>", 0), "503 Service Unavailable"),
    "wrong hash": (files.IMDB, (200, b"<h1>please log in</h1>", 0), "not the published file"),
    "broken off": (files.IMDB, (200, CONTENT, 5), "broke off"),
    "half a zip": (files.JENA, (200, archive_bytes()[:-30], 0), "not a zip archive"),
    "page about a book": (files.ALICE, (200, b"\n<p>" + BOOKS[files.ALICE], 0), "'<p>CHAPTER"),
    "other table": (files.JENA, (200, archive_bytes(content=b"a,b\n1,2\n"), 0), '"Date Time"'),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failed_download_leaves_nothing_behind(server, tmp_path, failure):
    name, answer, expected = FAILURES[failure]
    served = f"{name}.zip" if name == files.JENA else name
    server.answers[served] = answer
    with pytest.raises(DataError) as raised:
        files.locate(name)
    message = str(raised.value)
    assert expected in message
    assert server.url + served in message
    assert "make data" in message
    assert "--sample" in message
    assert "\n" not in message
    assert list(tmp_path.glob("downloads/*")) == []


def test_make_data_makes_the_directory_and_lists_every_file(server, tmp_path, capsys, monkeypatch):
    server.answers[files.IMDB] = (200, CONTENT, 0)
    server.answers[files.IMDB_WORD_INDEX] = (200, CONTENT, 0)
    server.answers[f"{files.JENA}.zip"] = (200, archive_bytes(), 0)
    server.answers |= {name: (200, book, 0) for name, book in BOOKS.items()}
    monkeypatch.setenv(files.DATA_DIR_VARIABLE, str(tmp_path / "new"))
    assert command.main([]) == 0
    listed = capsys.readouterr().out
    for name in (files.IMDB, files.IMDB_WORD_INDEX, f"{files.JENA}.zip", *BOOKS):
        assert str(tmp_path / "new" / name) in listed
    assert listed.count("the published file") == 2


@pytest.mark.parametrize("is_published_content", [True, False])
def test_make_data_knows_the_published_content(
    server, tmp_path, capsys, monkeypatch, is_published_content
):
    put(tmp_path, files.IMDB, b"another archive")
    monkeypatch.setattr(imdb, "has_published_content", lambda path: is_published_content)
    command.main(["--data-dir", str(tmp_path)])
    (line,) = (li for li in capsys.readouterr().out.splitlines() if li.startswith(files.IMDB))
    said = "the published content (another" if is_published_content else "NOT the published file"
    assert said in line


def test_make_data_attempts_every_file_and_reports_the_failure(server, tmp_path, capsys):
    server.answers[files.IMDB] = (200, CONTENT, 0)
    assert command.main([]) == 1
    output = capsys.readouterr()
    assert files.IMDB in output.out
    errors = [line for line in output.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == len(files.NAMES) - 1

"""The page over HTTP: one examination from its files to its map, and what is refused on the way."""

from __future__ import annotations

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cbvsynth.page.app import MOST_REGIONS
from cbvsynth.page.guard import HEADERS
from cbvsynth.records.storage import sha256_of
from cbvsynth.wire.tensors import array_of
from tests.client.heads import AFFINES, PATIENT_NAME, SHAPE, image, write
from tests.page.hostile import UPLOADS
from tests.page.running import Running, Visitor, running


@pytest.fixture(scope="module")
def done(page: Running, head: dict[str, Path]) -> tuple[Visitor, dict]:
    visitor = page.visitor()
    return visitor, visitor.map(head)


def test_an_examination_becomes_a_map_with_what_it_rests_on(done: tuple[Visitor, dict]) -> None:
    visitor, study = done
    assert (study["state"], study["error"]) == ("done", "")
    assert list(study["stages"]) == ["reading", "registering", "brain mask", "synthesis"]
    record = study["result"]["record"]
    assert record["Synthetic"] is True
    assert record["InputsUsed"]
    assert study["result"]["unit"] == "mL/100 g"
    status, body, headers = visitor.ask("GET", f"/api/studies/{study['id']}/results/cbv.nii.gz")
    made = nib.Nifti1Image.from_bytes(gzip.decompress(body))
    assert (status, made.shape) == (200, SHAPE)
    assert headers["content-disposition"] == 'attachment; filename="synthetic-cbv.nii.gz"'
    sidecar = json.loads(visitor.ask("GET", f"/api/studies/{study['id']}/results/cbv.json")[1])
    assert sidecar == record
    assert visitor.ask("GET", f"/api/studies/{study['id']}/results/cbv.png")[1].startswith(b"\x89PNG")
    shown = nib.Nifti1Image.from_bytes(visitor.ask("GET", f"/api/studies/{study['id']}/view/cbv.nii")[1])
    np.testing.assert_array_equal(np.asarray(shown.dataobj), np.asarray(made.dataobj))


def test_missing_sequences_are_no_obstacle(visitor: Visitor, head: dict[str, Path]) -> None:
    study = visitor.map({"t1.nii.gz": head["t1.nii.gz"]})
    assert study["state"] == "done", study["error"]
    assert study["result"]["record"]["InputsLeftOut"]["t1c"] == "not given"


def test_what_a_file_is_taken_as_can_be_corrected(visitor: Visitor, head: dict[str, Path]) -> None:
    study = visitor.give({"a.nii.gz": head["t1.nii.gz"], "scan_T1.nii.gz": head["t1c.nii.gz"]})
    rows = {row["name"]: row for row in visitor.study(study)["rows"]}
    assert (rows["a.nii.gz"]["role"], rows["scan_T1.nii.gz"]["role"]) == ("", "t1")
    keys = {name: row["key"] for name, row in rows.items()}
    roles = {keys["a.nii.gz"]: "t1", keys["scan_T1.nii.gz"]: ""}
    assert visitor.act(study, "recognise", {"roles": roles}) == (204, "")
    assert [(row["role"], row["reason"]) for row in visitor.study(study)["rows"]] == [
        ("t1", "chosen by hand"),
        ("", "chosen by hand"),
    ]
    assert visitor.act(study, "start") == (204, "")
    given = visitor.wait(study)["result"]["record"]["InputSha256"]
    assert given == {"t1": sha256_of(head["t1.nii.gz"])}


def test_measured_cbv_is_compared(visitor: Visitor, head: dict[str, Path], tmp_path: Path) -> None:
    measured = write(tmp_path / "cbv.nii.gz", image("t1") / np.float32(100), AFFINES["RAS"])
    study = visitor.map({**head, "cbv.nii.gz": measured})
    assert {"real", "difference"} <= set(study["result"]["layers"])
    assert study["result"]["compared"]["mae"] > 0
    other = write(tmp_path / "other_cbv.nii.gz", np.ones((8, 8, 8), np.float32), AFFINES["RAS"])
    study = visitor.map({**head, "other_cbv.nii.gz": other})
    assert study["state"] == "done"
    assert "could not be registered" in study["result"]["compared"]["problem"]


UPENN = {"T1": "t1", "T1GD": "t1c", "T2": "t2", "FLAIR": "flair", "DTI_TR": "adc", "DSC_ap-rCBV": "asl"}
"""Files of the collection by the image that lies in them; the trace is three times ADC."""


def upenn(folder: Path) -> dict[str, Path]:
    """One examination, as it lies in a data root."""
    files = {}
    for name, content in UPENN.items():
        path = f"images/UPENN-GBM-00001_11/UPENN-GBM-00001_11_{name}.nii.gz"
        voxels = image(content) * np.float32(3.0 if name == "DTI_TR" else 1.0)
        files[path] = write(folder / path, voxels, AFFINES["RAS"])
    return files


def sent_adc(page: Running) -> float:
    """Median of the brain of what the model was sent last."""
    adc = array_of(page.server.predictions()[-1].inputs["adc"], "adc")
    return float(np.median(adc[adc > 0]))


def test_files_are_taken_with_the_factor_and_the_unit_that_their_collection_has(
    page: Running, visitor: Visitor, tmp_path: Path
) -> None:
    """The model was sent an ADC three times too large, and a relative map compared as if in mL/100 g."""
    study = visitor.map(upenn(tmp_path))
    adc = image("adc")
    assert sent_adc(page) == pytest.approx(float(np.median(adc[adc > 0])), rel=1e-4)
    assert "measured CBV is relative" in study["result"]["compared"]["problem"]
    assert "real" not in study["result"]["layers"]
    (trace,) = (row for row in study["rows"] if row["role"] == "adc")
    assert trace["scale"] == pytest.approx(1 / 3)


def test_an_example_is_taken_as_predict_takes_it(tmp_path: Path) -> None:
    """Its factors, its unit and the orientation that its manifest states were dropped, and so was ASL."""
    upenn(tmp_path / "data")
    with running(tmp_path / "page", data=tmp_path / "data") as page:
        visitor = page.visitor()
        study = visitor.begin()
        assert visitor.act(study, "example", {"examination": "UPENN-GBM-00001_11"}) == (204, "")
        assert visitor.act(study, "recognise") == (204, "")
        assert visitor.act(study, "start") == (204, "")
        found = visitor.wait(study)
        adc = image("adc")
        assert sent_adc(page) == pytest.approx(float(np.median(adc[adc > 0])), rel=1e-4)
        assert "measured CBV is relative" in found["result"]["compared"]["problem"]


def test_a_region_is_measured_and_taken_away(done: tuple[Visitor, dict]) -> None:
    """One that is not there was removed without a word, and one of 5000 digits was a bare 500."""
    visitor, study = done
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[8:12, 8:12, 3:5] = 1
    body = nib.Nifti1Image(drawn, AFFINES["RAS"]).to_bytes()
    path = f"/api/studies/{study['id']}/regions"
    status, answer, _ = visitor.ask("POST", path, body, {"X-Region-Name": "%3Dlesion"})
    region = json.loads(answer)
    assert status == 201, answer
    assert region["volume_ml"] == pytest.approx(4 * 4 * 2 * 16 / 1000)
    table = visitor.ask("GET", f"/api/studies/{study['id']}/results/regions.csv")[1].decode()
    assert table.splitlines()[1].startswith("'=lesion,32,0.512,")
    assert "For research only" in table
    assert visitor.ask("DELETE", f"{path}/0")[0] == 204
    assert visitor.study(study["id"])["regions"] == []
    for number in ("0", "-1", "x", "9" * 5000):
        assert visitor.ask("DELETE", f"{path}/{number}")[0] == 404


def ball(*place: slice) -> bytes:
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[place] = 1
    return bytes(nib.Nifti1Image(drawn, AFFINES["RAS"]).to_bytes())


def test_regions_that_are_measured_at_once_are_each_their_own(
    page: Running, visitor: Visitor, head: dict[str, Path]
) -> None:
    """Both were one file: figures of one under the other's name, or none, and more than there may be."""
    study = visitor.map({"t1.nii.gz": head["t1.nii.gz"]})["id"]
    bodies = {2: ball(*np.s_[9:11, 8:9, 3:4]), 80: ball(*np.s_[8:12, 7:12, 2:6])}

    def measure(voxels: int) -> tuple[int, int, int]:
        other = Visitor(page.port, visitor.cookie)
        status, answer, _ = other.ask("POST", f"/api/studies/{study}/regions", bodies[voxels])
        return status, voxels, json.loads(answer).get("voxels", 0)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(measure, [2, 80] * (MOST_REGIONS // 2 + 3)))
    assert [one for one in found if one[0] == 201 and one[1] != one[2]] == []
    assert sorted(status for status, *_ in found) == [201] * MOST_REGIONS + [400] * 6
    assert len(visitor.study(study)["regions"]) == MOST_REGIONS
    folder = page.page.store.folder(study)
    assert sorted(one.name for one in folder.iterdir()) == ["files", "results", "study.json", "view"]


def test_a_second_visitor_sees_nothing_of_the_first(page: Running, done: tuple[Visitor, dict]) -> None:
    _, study = done
    stranger = page.visitor()
    assert stranger.studies() == []
    for method, path in (
        ("GET", "view/cbv.nii"),
        ("GET", "results/cbv.nii.gz"),
        ("GET", "results/cbv.json"),
        ("PUT", "files"),
        ("POST", "recognise"),
        ("POST", "start"),
        ("POST", "cancel"),
        ("POST", "regions"),
        ("POST", "example"),
        ("DELETE", "regions/0"),
    ):
        assert stranger.ask(method, f"/api/studies/{study['id']}/{path}")[0] == 404, path
    assert stranger.ask("DELETE", f"/api/studies/{study['id']}")[0] == 404
    assert Visitor(page.port).ask("GET", "/api/state")[0] == 401
    forged = Visitor(page.port, "cbvsynth_page=" + "0" * 32 + "." + "0" * 64)
    assert forged.ask("GET", "/api/state")[0] == 401


def test_nothing_names_the_patient(
    page: Running, head: dict[str, Path], capfd: pytest.CaptureFixture
) -> None:
    """Names stand in the files' headers and in their folder's name; the list of files may show the last."""
    visitor = page.visitor()
    study = visitor.map({f"{PATIENT_NAME}/{name}": path for name, path in head.items()})
    assert study["state"] == "done"
    folder = page.page.store.folder(study["id"])
    paths = [str(path) for path in folder.rglob("*")]
    assert not [path for path in paths if PATIENT_NAME in path]
    for name in ("results/cbv.json", "results/cbv.png", "results/cbv.nii.gz", "view/t1.nii", "view/cbv.nii"):
        body = visitor.ask("GET", f"/api/studies/{study['id']}/{name}")[1]
        body = gzip.decompress(body) if name.endswith(".gz") else body
        assert PATIENT_NAME.encode() not in body
    del study["rows"]
    assert PATIENT_NAME not in json.dumps(study)
    written = capfd.readouterr()
    assert PATIENT_NAME not in written.out + written.err


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Host": "evil.example.org"}, "names another host"),
        ({"Origin": "https://evil.example.org"}, "another page"),
        ({"Sec-Fetch-Site": "cross-site"}, "another site"),
        ({"Origin": "null"}, "another page"),
        ({"Origin": "http://["}, "another page"),
    ],
)
def test_another_site_cannot_ask_in_a_visitors_name(visitor: Visitor, headers: dict, words: str) -> None:
    """An origin that is no address was answered with a bare 500."""
    status, body, _ = visitor.ask("POST", "/api/studies", headers=headers)
    assert (status, visitor.studies()) == (403, [])
    assert words in json.loads(body)["error"]


def test_a_form_of_another_site_cannot_either(visitor: Visitor) -> None:
    visitor.own = {}
    assert visitor.ask("POST", "/api/studies")[0] == 403


def test_browsers_are_told_what_to_forbid(visitor: Visitor) -> None:
    for path in ("/", "/api/state", "/static/page.js", "/nothing"):
        headers = visitor.ask("GET", path)[2]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
    page = visitor.ask("GET", "/")[1].decode()
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/')
    assert "For research only" in page
    cookie = Visitor(visitor.port).ask("GET", "/")[2]["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_visit_lasts_as_long_as_what_was_given_last(page: Running) -> None:
    """It ended so long after the first load: one given late outlived it, and nobody could delete it."""
    visitor = Visitor(page.port)
    first = visitor.ask("GET", "/")[2]["set-cookie"]
    for method, path in (("GET", "/"), ("POST", "/api/studies"), ("GET", "/api/state")):
        assert visitor.ask(method, path)[2]["set-cookie"] == first
    assert "Max-Age=86400;" in first
    assert "set-cookie" not in Visitor(page.port).ask("GET", "/api/state")[2]


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2fapp.py",
        "/static/../app.py",
        "/static/%2e%2e/%2e%2e/cli.py",
        "/api/studies/{id}/view/..%2fstudy.json",
        "/api/studies/{id}/view/mask.nii%2f..%2f..%2fstudy.json",
        "/api/studies/{id}/results/..%2fstudy.json",
        "/api/studies/{id}/results/%2fetc%2fpasswd",
        "/api/studies/..%2f{id}/results/cbv.json",
    ],
)
def test_no_path_leads_elsewhere(done: tuple[Visitor, dict], path: str) -> None:
    visitor, study = done
    assert visitor.ask("GET", path.format(id=study["id"]))[0] == 404


@pytest.mark.parametrize("kind", UPLOADS)
def test_a_hostile_upload_gets_one_clear_line(visitor: Visitor, tmp_path: Path, kind: str) -> None:
    make, words = UPLOADS[kind]
    study = visitor.begin()
    error = ""
    for name, content in make(tmp_path / "made"):
        status, error = visitor.send(study, name, content)
    if not error:
        status, error = visitor.act(study, "recognise")
    if status == 204:
        rows = visitor.study(study)["rows"]
        error = rows[0]["reason"] if not rows[0]["role"] else ""
        if not error:
            assert visitor.act(study, "start") == (204, "")
            error = visitor.wait(study)["error"]
    print(f"{kind}: {error}")
    assert error
    assert re.search(words, error), error
    for unwanted in ("Traceback", str(tmp_path.parent.parent), "MUELLER", "\n", "--"):
        assert unwanted not in error
    assert visitor.ask("DELETE", f"/api/studies/{study}")[0] == 204
    assert visitor.ask("GET", "/healthz")[0] == 200


def test_every_hostile_upload_is_listed() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/hostile-uploads.md").read_text(encoding="utf-8")
    assert len(UPLOADS) >= 20
    assert [kind for kind in UPLOADS if f"| {kind} |" not in text] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("scan.zip", "archive is not unpacked"),
        ("study.tar.gz", "archive is not unpacked"),
        ("", "no name"),
        ("x" * 2000, "no name"),
        ("a\x00b.nii", "no name"),
    ],
)
def test_names_that_are_refused(visitor: Visitor, name: str, words: str) -> None:
    status, error = visitor.send(visitor.begin(), name, b"x")
    assert status == 400
    assert words in error


def test_a_name_is_never_a_path_on_the_disk(page: Running, visitor: Visitor, tmp_path: Path) -> None:
    study = visitor.begin()
    for name in ("../../../escaped.nii", "/etc/escaped.nii", "..\\..\\escaped.nii", "C:\\escaped.nii"):
        assert visitor.send(study, name, b"x")[0] == 204
    folder = page.page.store.folder(study)
    assert len(list((folder / "files").iterdir())) == 4
    assert not list(page.page.settings.folder.parent.rglob("*escaped*"))


def test_uploads_are_capped(tmp_path: Path, head: dict[str, Path]) -> None:
    """All files together, in bytes and in number, voxels as declared, examinations at a time."""
    caps = {"max_upload_mb": 0.01, "max_files": 3, "max_voxels_million": 0.001, "max_studies": 2}
    with running(tmp_path, **caps) as started:
        visitor = started.visitor()
        study = visitor.begin()
        assert visitor.send(study, "a.nii", bytes(6000)) == (204, "")
        status, error = visitor.send(study, "b.nii", bytes(6000))
        assert status == 400
        assert "0.01 MB together" in error
        assert len(list((started.page.store.folder(study) / "files").iterdir())) == 1
        for name in ("c", "d"):
            visitor.send(study, name, b"x")
        assert "more than 3 files" in visitor.send(study, "e", b"x")[1]
        other = visitor.give(
            {"t1.nii": Path(write(tmp_path / "t1.nii", np.ones((20, 20, 3), np.uint8), np.eye(4)))}
        )
        assert "more than the 0.001 million" in visitor.study(other)["rows"][0]["reason"]
        assert "as many as there may be" in json.loads(visitor.ask("POST", "/api/studies")[1])["error"]
        assert visitor.ask("DELETE", f"/api/studies/{study}")[0] == 204
        assert not started.page.store.folder(study).exists()
        visitor.begin()


def test_away_from_this_machine_a_token_is_asked_for(tmp_path: Path) -> None:
    """Half a character as the token was answered with a bare 500, before anybody had logged in."""
    with running(tmp_path, token="0123456789abcdef0123", hosts=("127.0.0.1",)) as started:
        visitor = Visitor(started.port).come()
        assert visitor.cookie == ""
        assert visitor.ask("GET", "/api/state")[0] == 401
        assert visitor.ask("POST", "/api/login", {"token": "wrong"})[0] == 403
        assert visitor.ask("POST", "/api/login", {"token": 7})[0] == 403
        assert visitor.ask("POST", "/api/login", {"token": "\ud800"})[0] == 403
        assert visitor.ask("POST", "/api/login", {"token": "0123456789abcdef0123"})[0] == 200
        assert visitor.studies() == []


def test_requests_of_no_sense(visitor: Visitor) -> None:
    study = visitor.begin()
    path = f"/api/studies/{study}/recognise"
    assert visitor.ask("POST", path, "not json")[0] == 400
    assert visitor.ask("POST", path, "[1]")[0] == 400
    assert visitor.ask("POST", path, "[" * 100_000)[0] == 400
    assert visitor.ask("POST", path, "x" * 2_000_000)[0] == 413
    assert "No file came" in visitor.act(study, "recognise")[1]
    assert "cannot be started" in visitor.act(study, "start")[1]
    visitor.send(study, "a.nii", b"x")
    assert "one of t1, t2" in visitor.act(study, "recognise", {"roles": {"1": "brain"}})[1]
    assert "cannot be read" in visitor.act(study, "recognise", {"roles": {"1": 7}})[1]
    assert visitor.act(study, "recognise")[0] == 204
    assert "No image is taken as" in visitor.act(study, "start")[1]


def test_a_fault_of_ours_is_answered_as_other_refusals_are(page: Running) -> None:
    """What nobody had thought of was a bare line, without the headers that every answer has."""

    def fails(_: Request) -> Response:
        raise RuntimeError("secret detail")

    page.app.router.routes.append(Route("/fails", fails))
    status, body, headers = page.visitor().ask("GET", "/fails")
    assert (status, headers["content-type"]) == (500, "application/json")
    assert "a fault of its own" in json.loads(body)["error"]
    assert b"secret" not in body
    assert HEADERS.items() <= headers.items()


def test_no_command_line_is_needed_to_see_that_it_lives(visitor: Visitor) -> None:
    assert visitor.ask("GET", "/healthz")[1] == b"ok\n"
    assert visitor.ask("GET", "/static/niivue.js")[0] == 200
    assert b"--ink" in visitor.ask("GET", "/static/page.css")[1]

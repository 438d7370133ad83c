"""A folder of objects, as they came, in; the files of a result out."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, JPEGLSLossless, RLELossless

from cbvsynth.client import CbvClient
from cbvsynth.errors import ManifestError
from cbvsynth.node.settings import NodeSettings, Part
from cbvsynth.node.synthesis import Result, inputs_digest, make_result
from cbvsynth.study.dicom.examinations import convert_folder
from cbvsynth.study.nifti import read_volume
from tests.client.predict_command import server
from tests.client.prediction_server import serve
from tests.node.parts import Node, synthesis_of, write_study
from tests.node.programs import dcmtk
from tests.study.dicom.dicom_files import T1, T1C, T2, write_series


def make(folder, start, *, former="", **more) -> Result:
    node = start(**more)
    work = folder / "work"
    work.mkdir()
    return make_result(
        folder / "in",
        work=work,
        target=folder / "out",
        label="study 1",
        former=former,
        settings=node.settings,
        synthesis=node.synthesis,
        on_stage=lambda _: None,
    )


@pytest.mark.parametrize(
    ("send", "count"),
    [((Part.MAP,), 1), ((Part.MAP, Part.PICTURES), 9), (tuple(Part), 17), ((Part.SERIES,), 8)],
)
def test_what_is_to_be_sent_is_what_was_asked_for(tmp_path, start, send, count):
    write_study(tmp_path / "in")
    assert len(make(tmp_path, start, send=send, uid_root="1.2.840.99999").files) == count


def test_the_same_images_are_not_made_again(tmp_path, start):
    write_study(tmp_path / "in")
    digest = inputs_digest(convert_folder(tmp_path / "in", tmp_path))
    assert make(tmp_path, start, former=digest) == Result(digest)
    assert not (tmp_path / "out").exists()
    write_series(tmp_path / "in", T2, number=3)
    assert inputs_digest(convert_folder(tmp_path / "in", tmp_path)) != digest


def test_a_t1c_that_cannot_serve_leaves_the_map_to_the_others(tmp_path):
    """The map was to lie on T1C, whatever it held: the study failed."""
    write_series(tmp_path / "in", T1, number=1)
    write_series(tmp_path / "in", T1C, number=2, voxels=np.full((8, 20, 16), 3, np.int16))
    with serve(server()) as running, CbvClient(running.address) as client:
        result = make(tmp_path, lambda **more: Node(tmp_path / "node", more, synthesis_of(client)))
    named = {dcmread(path).SourceImageSequence[0].ReferencedSOPInstanceUID for path in result.files[1:]}
    assert named == {dcmread(path).SOPInstanceUID for path in (tmp_path / "in").glob("IM001*")}


def test_a_series_that_declares_too_much_is_refused_before_it_is_unpacked(tmp_path, start):
    write_study(tmp_path / "in")
    with pytest.raises(
        ManifestError, match=r"series 1 declares 16 x 20 x 8 voxels, more than the 0\.002 million"
    ):
        make(tmp_path, start, max_voxels_million=0.002)


def compressed(folder, name):
    folder.mkdir()
    for path in write_series(folder / "plain", T1):
        target = folder / path.name
        if name == "jpeg":
            subprocess.run([dcmtk("dcmcjpeg"), str(path), str(target)], check=True)
        elif name == "big":
            subprocess.run([dcmtk("dcmconv"), "+tb", str(path), str(target)], check=True)
        elif name == "implicit":
            subprocess.run([dcmtk("dcmconv"), "+ti", str(path), str(target)], check=True)
        else:
            dataset = dcmread(path)
            dataset.compress(
                {"rle": RLELossless, "jpeg-ls": JPEGLSLossless}[name], generate_instance_uid=False
            )
            dataset.save_as(target)
        path.unlink()


@pytest.mark.parametrize("name", ["jpeg", "jpeg-ls", "rle", "big", "implicit"])
def test_the_converter_reads_what_the_node_accepts(tmp_path, name):
    write_series(tmp_path / "in", T1)
    plain = convert_folder(tmp_path / "in", tmp_path / "a").files["t1"]
    compressed(tmp_path / "other", name)
    other = convert_folder(tmp_path / "other", tmp_path / "b").files["t1"]
    np.testing.assert_array_equal(read_volume(other, "t1").data, read_volume(plain, "t1").data)


def test_deflated_objects_are_not_accepted_for_the_converter_reads_none(tmp_path):
    (tmp_path / "in").mkdir()
    for path in write_series(tmp_path / "plain", T1):
        dataset = dcmread(path)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(tmp_path / "in" / path.name)
    with pytest.raises(ManifestError):
        convert_folder(tmp_path / "in", tmp_path / "a")
    assert ExplicitVRBigEndian.is_little_endian is False
    assert NodeSettings().send == tuple(Part)

"""benchmark(): interleaved ratios to the first artefact."""

import numpy as np
import pytest

import keras_export
from keras_export import benchmark_inputs, benchmarking


@pytest.fixture(scope="module")
def files(make_model, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("files")
    model = make_model("mlp", 0.95, "1x4")
    paths = {
        "dense": tmp_path / "dense.tflite",
        "sparse": tmp_path / "sparse.tflite",
    }
    keras_export.litert(model, paths["dense"], sparse=False)
    keras_export.litert(model, paths["sparse"])
    return paths


def test_rows_per_thread_count_and_artefact(files, make_inputs):
    rows = keras_export.benchmark(
        files, make_inputs("mlp", 2), threads=(1, 2), repeats=5, warmup=1
    )
    keys = [(row.threads, row.name) for row in rows]
    assert keys == [(1, "dense"), (1, "sparse"), (2, "dense"), (2, "sparse")]
    assert [row.ratio for row in rows if row.name == "dense"] == [1.0, 1.0]
    for row in rows:
        assert 0 < row.ratio_low <= row.ratio <= row.ratio_high
        assert row.milliseconds > 0
        assert row.bytes == files[row.name].stat().st_size > row.gzip_bytes


def test_ratio_is_the_median_of_paired_ratios(files, make_inputs, monkeypatch):
    # Seconds of three rounds; the load doubles in the second one.
    seconds = {"dense": [1.0, 2.0, 1.0], "sparse": [0.5, 1.0, 0.9]}
    log = []

    def time(name, calls):
        log.append(name)
        return seconds[name][log.count(name) - 1]

    monkeypatch.setattr(
        benchmarking, "_prepared", lambda path, *rest: path.stem
    )
    monkeypatch.setattr(benchmarking, "_calls_per_sample", lambda runner: 1)
    monkeypatch.setattr(benchmarking, "_time", time)
    rows = keras_export.benchmark(
        files, make_inputs("mlp", 1), repeats=3, warmup=0
    )
    assert rows[1].ratio == pytest.approx(0.5)
    assert rows[1].milliseconds == pytest.approx(900)
    assert log == ["dense", "sparse", "sparse", "dense", "dense", "sparse"]


def test_rows_per_batch_size(files, make_inputs):
    rows = keras_export.benchmark(
        files, make_inputs("mlp", 3), repeats=2, batch_sizes=(1, 4)
    )
    keys = [(row.batch_size, row.name) for row in rows]
    assert keys == [(1, "dense"), (1, "sparse"), (4, "dense"), (4, "sparse")]
    assert {row.cpu for row in rows} == {keras_export.cpu_model()}


def test_batches_repeat_the_examples(files):
    inputs = np.arange(2 * 64).reshape(2, 64)
    (three,) = benchmark_inputs.checked_batches(
        "dense", files["dense"], inputs, [3], [1]
    )
    (array,) = three.values()
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, inputs[[0, 1, 0]])


def test_cpu_model(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Fast: one\nmodel name : b")
    assert keras_export.cpu_model(info) == "Fast: one"
    info.write_text("model name: Fast\nflags\t: fpu avx2 avx avx512f\n")
    assert keras_export.cpu_model(info) == "Fast (avx, avx2, avx512f)"
    assert keras_export.cpu_model(tmp_path / "none")  # the architecture


def test_a_damaged_file_is_named_and_does_not_end_the_process(
    files, damaged, make_inputs
):
    bad = {**files, "bad": damaged}
    with pytest.raises(ValueError, match=r"damaged.tflite.*crashed \(SIGSEGV"):
        keras_export.benchmark(bad, make_inputs("mlp", 1), repeats=1)


def test_a_file_that_gives_nan_is_named(files, tiny, make_inputs, tmp_path):
    tiny.layers[0].bias.assign([0.0, np.nan])
    path = tmp_path / "nan.tflite"
    keras_export.litert(tiny, path, verify=False)
    with pytest.raises(ValueError, match="'only'.*nan.tflite.*are NaN"):
        keras_export.benchmark({"only": path}, np.ones((1, 4)), repeats=1)


def test_several_inputs_by_name(make_model, tmp_path):
    path = tmp_path / "m.tflite"
    keras_export.litert(make_model("two_inputs"), path)
    inputs = {"z": np.ones((2, 3)), "a": np.ones((2, 4))}
    assert len(keras_export.benchmark({"only": path}, inputs, repeats=1)) == 1
    with pytest.raises(ValueError, match="`inputs`.*'a', 'z'"):
        keras_export.benchmark({"only": path}, np.ones((2, 3)))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"artefacts": {}}, "`artefacts` must be a dict"),
        ({"artefacts": "m.tflite"}, "`artefacts` must be a dict.*m.tflite"),
        ({"artefacts": {"a": "no.tflite"}}, "`artefacts`.*no.tflite.*litert"),
        ({"threads": ()}, r"`threads` must be.*threads=\(\)"),
        ({"threads": 0}, r"`threads` must be.*threads=\(0,\)"),
        ({"threads": (1, 1.5)}, r"`threads` must be.*threads=\(1, 1.5\)"),
        ({"batch_sizes": 0}, r"`batch_sizes` must be.*=\(0,\)"),
        ({"batch_sizes": ()}, r"`batch_sizes` must be.*=\(\)"),
        ({"repeats": 0}, "`repeats` must be an int >= 1.*repeats=0"),
        ({"warmup": -1}, "`warmup` >= 0.*warmup=-1"),
        ({"inputs": np.ones((1, 5))}, r"`inputs` must fit 'dense'.*\(1, 5\)"),
        ({"inputs": np.ones(64)}, r"`inputs` must fit 'dense'.*\(64,\)"),
    ],
)
def test_bad_arguments(arguments, message, files):
    good = {"artefacts": files, "inputs": np.ones((1, 64))}
    with pytest.raises(ValueError, match=message):
        keras_export.benchmark(**{**good, **arguments})


def test_a_saved_model_is_refused(tiny, tmp_path):
    keras_export.saved_model(tiny, tmp_path / "served")
    with pytest.raises(ValueError, match="`.tflite` files, the only format"):
        keras_export.benchmark({"a": tmp_path / "served"}, np.ones((1, 4)))

import pytest

from keras_sparse.report_sections import exports, headline, summary


def run(accuracy, live_weights, tflite_bytes):
    return {
        "accuracy": accuracy,
        "weights": 1000,
        "live_weights": live_weights,
        "multiply_adds": 500 * live_weights,
        "tflite_bytes": tflite_bytes,
        "tflite_gzip_bytes": tflite_bytes // 2,
    }


@pytest.fixture
def metrics():
    names = ("dataset", "model", "distribution", "epochs", "batch_size", "seed")
    return dict.fromkeys(names, "") | {
        "method": "rigl",
        "sparsity": 0.9,
        "dense": run(0.969, 1000, 8200),
        "sparse": run(0.964, 100, 2000),
    }


def test_headline_says_the_result(metrics):
    assert (
        "At 90 % sparsity the RigL model reaches 96.4 % test accuracy, 0.5 "
        "points below its dense twin, with 10.0 % of the weights and a 4.1× "
        "smaller .tflite file."
    ) in headline(metrics)


@pytest.mark.parametrize(
    "accuracy, words",
    [
        (0.969, "level with"),
        (0.9692, "level with"),
        (0.979, "1.0 point above"),
        (0.949, "2.0 points below"),
    ],
)
def test_headline_compares_in_points(metrics, accuracy, words):
    metrics["sparse"]["accuracy"] = accuracy
    assert f"accuracy, {words} its dense twin" in headline(metrics)


@pytest.mark.parametrize(
    "plain, gzipped, ending",
    [
        (8200, 2050, " and a 2.0× smaller gzipped .tflite file."),
        (8200, 4100, "10.0 % of the weights."),
        (None, None, "10.0 % of the weights."),
    ],
)
def test_headline_names_the_file_that_shrank(metrics, plain, gzipped, ending):
    metrics["sparse"]["tflite_bytes"] = plain
    metrics["sparse"]["tflite_gzip_bytes"] = gzipped
    assert ending in headline(metrics)


def test_summary_shows_both_models_and_their_ratio(metrics):
    text = summary(metrics)
    for cells in (
        ("Live weights", "1,000", "100", "0.10 ×"),
        ("MFLOPs per example", "1.000", "0.100", "0.10 ×"),
        (".tflite file", "8.2 kB", "2.0 kB", "0.24 ×"),
        ("Test accuracy", "96.9 %", "96.4 %", "−0.5 points"),
    ):
        row = "".join(f"<td>{cell}</td>" for cell in cells[1:])
        assert f'<th scope="row">{cells[0]}</th>{row}' in text


@pytest.mark.parametrize("missing", [True, False])
def test_unknown_numbers_are_printed_as_unknown(metrics, missing):
    metrics["sparse"]["multiply_adds"] = None
    if missing:
        del metrics["sparse"]["multiply_adds"]
    row = "MFLOPs per example</th><td>1.000</td><td>unknown</td><td></td>"
    assert row in summary(metrics)


def test_exports_say_what_each_file_loses(metrics):
    assert exports(metrics) == ""
    metrics["sparse"]["exports"] = [
        {"format": "dynamic", "accuracy": 0.9597, "bytes": 2500}
        | {"gzip_bytes": 1200, "latency_ratio": 0.123},
        {"format": "float16", "accuracy": 0.9651, "bytes": 9, "gzip_bytes": 9},
    ]
    text = exports(metrics)
    for cells in (
        ("dynamic", "95.97 %", "0.43 points", "2.5 kB", "1.2 kB", "0.12"),
        ("float16", "96.51 %", "−0.11 points", "0.0 kB", "0.0 kB", "unknown"),
    ):
        row = "".join(f"<td>{cell}</td>" for cell in cells[1:])
        assert f'<th scope="row">sparse, {cells[0]}</th>{row}' in text

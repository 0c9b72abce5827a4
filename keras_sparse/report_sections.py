"""The sections of a report that are words and numbers, as HTML."""

from html import escape

from keras_sparse import report_html as write

_METHODS = {
    "deep_r": "Deep R",
    "dsr": "DSR",
    "grasp": "GraSP",
    "magnitude": "magnitude-pruned",
    "rigl": "RigL",
    "set": "SET",
    "snfs": "SNFS",
    "snip": "SNIP",
    "static": "static sparse",
    "synflow": "SynFlow",
    "topkast": "Top-KAST",
}
_ROWS = (
    ("Test accuracy", "accuracy", write.percent, write.points),
    ("Test accuracy, .tflite", "tflite_accuracy", write.percent, write.points),
    ("Test loss", "loss", write.decimals, write.ratio),
    ("Live weights", "live_weights", write.count, write.ratio),
    ("MFLOPs per example", "multiply_adds", write.megaflops, write.ratio),
    (".keras file", "keras_bytes", write.size, write.ratio),
    ("SavedModel folder", "saved_model_bytes", write.size, write.ratio),
    (".tflite file", "tflite_bytes", write.size, write.ratio),
    (".tflite file, gzip", "tflite_gzip_bytes", write.size, write.ratio),
    ("Latency, relative", "latency_ratio", write.two_decimals, write.ratio),
    ("Largest export error", "max_difference", write.decimals, None),
)
_MEANINGS = (
    (
        "Live weights",
        "Weights that exist. All others are exactly 0 and stay 0 in "
        "every exported file.",
    ),
    (
        "MFLOPs",
        "Millions of operations for one example, two per multiply-add, "
        "counting only live weights: what is left to compute in theory.",
    ),
    (
        "Latency",
        "Single zeros make files smaller, not faster: LiteRT expands them "
        "and runs the layers dense, so expect a ratio near 1. Layers stored "
        "in blocks of zeros run on a sparse kernel, in less time. The ratio "
        "is taken on one machine, both models in turns.",
    ),
    (
        "Files",
        "Zeros save room where a format stores them compressed, as the "
        ".tflite file can, or after gzip. A .keras file and a SavedModel "
        "store every zero; a .keras file also holds the optimizer, and there "
        "the masks.",
    ),
    (
        "Largest export error",
        "The largest absolute difference between the outputs of the Keras "
        "model and of its exported model, on the same inputs.",
    ),
)


def title(metrics):
    """Returns the plain-text title of the page."""
    method = _method(metrics)
    return f"{metrics['dataset']}, {metrics['model']}: {method} and dense"


def headline(metrics):
    """Says the result in one sentence, and the settings in one line."""
    dense, sparse = metrics["dense"], metrics["sparse"]
    sentence = (
        f"At {100 * metrics['sparsity']:.4g} % sparsity the "
        f"{_method(metrics)} model reaches {write.percent(sparse['accuracy'])}"
        f" test accuracy, {_gap(dense, sparse)} its dense twin, with "
        f"{write.percent(sparse['live_weights'] / sparse['weights'])} of the "
        f"weights{_saving(dense, sparse)}."
    )
    facts = (
        f"{metrics['epochs']} epochs, batch size {metrics['batch_size']}, "
        f"seed {metrics['seed']}, distribution {metrics['distribution']}"
    )
    return (
        f"<header>\n<h1>{escape(title(metrics))}</h1>\n"
        f'<p class="headline">{escape(sentence)}</p>\n'
        f'<p class="soft">{escape(facts)}</p>\n</header>'
    )


def summary(metrics):
    """Puts dense and sparse side by side."""
    dense, sparse = metrics["dense"], metrics["sparse"]
    rows = []
    for label, key, form, compare in _ROWS:
        pair = dense.get(key), sparse.get(key)
        change = compare(*pair) if compare else ""
        rows.append([label, *map(form, pair), change])
    header = ("", "Dense", "Sparse", "Ratio")
    return write.section("summary", "Summary", write.table(header, rows))


def exports(metrics):
    """Lists the LiteRT files of both models, or gives nothing without any."""
    rows = []
    for kind in ("dense", "sparse"):
        keras_accuracy = metrics[kind]["accuracy"]
        for file in metrics[kind].get("exports", ()):
            lost = f"{100 * (keras_accuracy - file['accuracy']) + 0.0:.2f}"
            rows.append(
                [
                    f"{kind}, {escape(file['format'])}",
                    f"{100 * file['accuracy']:.2f} %",
                    f"{lost.replace('-', '−')} points",
                    write.size(file["bytes"]),
                    write.size(file["gzip_bytes"]),
                    write.two_decimals(file.get("latency_ratio")),
                ]
            )
    if not rows:
        return ""
    return write.section(
        "exports",
        "LiteRT files",
        "<p>Each file was run in every interpreter configuration and compared "
        "with its Keras model before it was kept. Accuracy is that of the file "
        "on the whole test set; latency is relative to the first file.</p>",
        write.table(
            ("", "Test accuracy", "Lost", "File", "gzip", "Latency"), rows
        ),
    )


def layers(metrics):
    """Lists the share of live weights of each masked layer, with bars."""
    found = metrics["layers"]
    total = {
        key: sum(layer[key] for layer in found)
        for key in ("weights", "live_weights")
    }
    named = [(layer["path"], layer["shape"], layer) for layer in found]
    if len(found) > 1:
        named.append(("all masked layers", (), total))
    rows = []
    for path, shape, counts in named:
        density = counts["live_weights"] / max(counts["weights"], 1)
        dims = escape(" × ".join(map(str, shape)))
        name = f'{escape(path)}<br><span class="soft">{dims}</span>'
        numbers = map(write.count, (counts["live_weights"], counts["weights"]))
        rows.append([name, *numbers, write.percent(density)])
        rows[-1].append(write.bar(density))
    return write.section(
        "layers",
        "Density per layer",
        "<p>The share of a layer's connections that exist.</p>",
        write.table(("Layer", "Live", "Weights", "Density", ""), rows),
    )


def reading():
    """Explains the numbers of the summary."""
    terms = "".join(
        f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>"
        for term, text in _MEANINGS
    )
    return write.section(
        "reading", "What the numbers mean", f"<dl>{terms}</dl>"
    )


def reproduction(metrics):
    """Gives the command of the run and the versions it ran with."""
    versions = ", ".join(
        f"{name} {number}" for name, number in metrics["versions"].items()
    )
    return write.section(
        "reproduction",
        "Run it again",
        f"<pre><code>{escape(metrics['command'])}</code></pre>",
        f'<p class="soft">{escape(versions)}</p>' if versions else "",
    )


def _method(metrics):
    return _METHODS.get(metrics["method"], str(metrics["method"]))


def _gap(dense, sparse):
    gap = round(100 * (sparse["accuracy"] - dense["accuracy"]), 1)
    if gap == 0:
        return "level with"
    unit = "point" if abs(gap) == 1 else "points"
    return f"{abs(gap):.1f} {unit} {'above' if gap > 0 else 'below'}"


def _saving(dense, sparse):
    for key, name in (
        ("tflite_bytes", ".tflite file"),
        ("tflite_gzip_bytes", "gzipped .tflite file"),
    ):
        if dense.get(key) and sparse.get(key):
            factor = dense[key] / sparse[key]
            if factor >= 1.05:
                return f" and a {factor:.1f}× smaller {name}"
    return ""

"""The sections of a report that are pictures, as HTML."""

from html import escape

from keras_sparse import mask_plots, plots
from keras_sparse import report_html as write

MOST_SAMPLES = 40


def curves(metrics):
    """Draws accuracy and loss of both runs over the epochs."""
    histories = [metrics[run]["history"] for run in ("dense", "sparse")]
    drawn = [
        write.figure(plots.history_curves(quantity, *histories))
        for quantity in ("accuracy", "loss")
    ]
    legend = write.legend(
        (f"{run}, {split}", f"var(--{run})", line)
        for run in ("dense", "sparse")
        for split, line in (("test", "solid"), ("train", "dashed"))
    )
    pair = f'<div class="pair">{"".join(drawn)}</div>'
    parts = (legend, pair) if any(drawn) else ("<p>No history recorded.</p>",)
    return write.section("curves", "Accuracy and loss per epoch", *parts)


def masks(history, image_shape, found):
    """Shows which connections of the first masked layer exist."""
    parts = []
    if mask_plots.sees_pixels(history[-1][1], image_shape):
        pixels, most = mask_plots.pixel_maps(history, image_shape)
        scale = write.scale(most, "live connections of the pixel")
        parts += [scale, _pair(pixels, "map")]
    parts.append(_pair(mask_plots.mask_pictures(history)))
    path = f"<p>{escape(found[0]['path'])}</p>" if found else ""
    return write.section("mask", "What the first layer sees", path, *parts)


def moved(metrics):
    """Draws how many connections each update moved."""
    heading = "moved", "Connections moved per update"
    paths = [layer["path"] for layer in metrics["layers"]]
    found = plots.moved_per_layer(metrics["updates"], paths)
    if not found:
        text = "This run recorded no moves: its connections stayed in place."
        return write.section(*heading, f"<p>{text}</p>")
    steps = [update["step"] for update in metrics["updates"]]
    colours = plots.layer_colours(found).items()
    legend = write.legend((path, colour, "solid") for path, colour in colours)
    svg = plots.connections_moved(steps, found)
    return write.section(*heading, legend, write.figure(svg, kind="wide"))


def predictions(samples):
    """Shows images with what both models say; wrong answers carry a cross."""
    shown = min(len(samples["labels"]), MOST_SAMPLES)
    tiles = "".join(_tile(samples, index) for index in range(shown))
    dense, sparse = (
        int((samples[key] != samples["labels"])[:shown].sum())
        for key in ("dense_predictions", "sparse_predictions")
    )
    text = (
        f"{shown} test images with the answers of both models and their "
        "confidence, under the truth in bold. ✗ and a frame mark wrong "
        f"answers: {dense} of the dense model, {sparse} of the sparse one."
    )
    grid = f'<div class="samples">{tiles}</div>'
    return write.section(
        "predictions", "Sample predictions", f"<p>{text}</p>", grid
    )


def _tile(samples, index):
    label = samples["labels"][index]
    truth = _class_name(samples["class_names"], label)
    answers, missed = [], False
    for run in ("dense", "sparse"):
        guess = samples[f"{run}_predictions"][index]
        share = f"{100 * samples[f'{run}_confidence'][index]:.0f}\u00a0%"
        wrong = guess != label
        missed = missed or wrong
        name = escape(_class_name(samples["class_names"], guess))
        mark = "<b>✗</b> " if wrong else ""
        answers.append(f"<span>{mark}{run}: {name}, {share}</span>")
    source = mask_plots.image_uri(samples["images"][index])
    alt = escape(f"test image {index + 1}, truth {truth}")
    return (
        f'<figure class="{"missed" if missed else "met"}">'
        f'<img src="{source}" alt="{alt}">'
        f"<b>{escape(truth)}</b>{''.join(answers)}</figure>\n"
    )


def _class_name(names, index):
    known = 0 <= index < len(names)
    return str(names[int(index)]) if known else f"class {index}"


def _pair(pictures, kind=""):
    figures = "".join(write.figure(svg, text, kind) for text, svg in pictures)
    return f'<div class="pair">{figures}</div>'

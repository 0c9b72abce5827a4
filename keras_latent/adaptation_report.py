"""The page on a network before and after domain adaptation."""

import pathlib

from _keras_sparse_common.report_page import page, picture, table
from _keras_sparse_common.whole_files import save_whole
from keras_latent.adaptation_pictures import (
    MAPPED,
    SHOWN,
    curves_picture,
    examples_picture,
    features_picture,
)
from keras_latent.frozen_networks import call_frozen

NAMES = {"source_only": "source only", "adapted": "adapted"}
MEASURES = {
    "target_accuracy": "accuracy on the target",
    "source_accuracy": "accuracy on the source",
    "domain_probe": "domain read by a fresh classifier",
}


def adaptation_rows(metrics):
    """The table of both networks: (measure, source only, adapted, change).

    Args:
        metrics: dict, as in `metrics.json`.

    Returns:
        List of tuples of str.
    """
    rows = []
    for key, words in MEASURES.items():
        values = [metrics[kind][key] for kind in NAMES]
        points = 100 * (values[1] - values[0])
        rows.append(
            (words, *[f"{v:.1%}" for v in values], f"{points:+.1f} points")
        )
    return rows


def write_adaptation_report(folder, metrics, models, domains):
    """Writes `report.html` and the pictures in it as PNG files.

    Args:
        folder: path of the folder.
        metrics: dict, as in `metrics.json`.
        models: dict, "source_only" and "adapted" -> classifier, whose layers
            are "features" and "labeler".
        domains: `Domains`.
    """
    folder = pathlib.Path(folder)
    source, target = domains.source_test, domains.target_test
    shown = target[0][:SHOWN], target[1][:SHOWN]
    guesses, codes = {}, {}
    for kind, name in NAMES.items():
        guesses[name] = call_frozen(models[kind], shown[0]).argmax(axis=-1)
        features = models[kind].get_layer("features")
        parts = (call_frozen(features, x[:MAPPED]) for x, _ in (source, target))
        codes[name] = [part.reshape(len(part), -1) for part in parts]
    labels = source[1][:MAPPED], target[1][:MAPPED]
    histories = {NAMES[kind]: metrics[kind]["history"] for kind in NAMES}
    drawn = {
        "examples": examples_picture(source[0][:SHOWN], shown, guesses),
        "features": features_picture(codes, labels),
        "curves": curves_picture(histories),
    }
    for name, content in drawn.items():
        save_whole(content, folder / f"{name}.png")
    text = _page(metrics, drawn)
    save_whole(text.encode(), folder / "report.html")


def _page(metrics, drawn):
    title = f"From {metrics['source']} to {metrics['target']}"
    adapted = metrics["adapted"]["target_accuracy"]
    alone = metrics["source_only"]["target_accuracy"]
    gain, lost = 100 * metrics["gain"], -100 * metrics["source_change"]
    headline = (
        f"Adapted, the network reads {adapted:.1%} of the target; trained on "
        f"the source alone, {alone:.1%}: {gain:+.1f} points. On the source it "
        f"{'loses' if lost > 0 else 'gains'} {abs(lost):.1f}."
    )
    origins = "; ".join(f"{k}: {v}" for k, v in metrics["origins"].items())
    counts = metrics["examples"]
    parts = [
        table(
            ("on test images", *NAMES.values(), "change"),
            adaptation_rows(metrics),
        ),
        f"<p>Trained on {counts['source']:,} images of the source with labels "
        f"and {counts['target']:,} of the target without, "
        f"{metrics['epochs']} epochs of equal batches. {origins}.</p>",
        picture(
            "Images",
            "Test images of both domains, and what both networks say of those "
            "of the target.",
            drawn["examples"],
        ),
        picture(
            "Features",
            "Each point is an image, placed by its features (t-SNE); the "
            "colour is its label. Adapted, the crosses of the target should "
            "lie among the dots of the source, colour by colour.",
            drawn["features"],
        ),
        picture(
            "Training",
            "The domain classifier inside the training: at 0.5 the features "
            "mislead it. That does not show that the domain is gone: the "
            "fresh classifier of the table, trained on the finished "
            "features, does.",
            drawn["curves"],
        ),
    ]
    return page(title, headline, parts)

"""The page of a report on a GAN."""

from html import escape

from _keras_sparse_common.report_page import page, picture, table
from keras_latent.feature_batches import AS_GIVEN

READING = {
    "samples": (
        "Samples",
        "The first of the real examples, and what the generator makes of "
        "random latent points: not chosen by hand.",
    ),
    "evolution": (
        "From the first epoch to the last",
        "The same latent points in each row of images, or each panel; the "
        "numbers are epochs.",
    ),
    "curves": (
        "Training",
        "A discriminator that tells both apart has far apart mean logits. "
        "Losses of a GAN do not say how good its samples are.",
    ),
    "winners": (
        "Which mutations won",
        "Share of the surviving generators that each mutation has made.",
    ),
}
MEASURES = {
    "frechet": "Frechet distance",
    "kernel": "kernel distance",
    "inception": "inception score",
    "modes": "modes covered",
}


def gan_page(name, description, findings, wins, pictures):
    """Returns the whole document, which loads nothing.

    Args:
        name: str, of the model.
        description: str, of the features, or None.
        findings: `GANFindings`.
        wins: dict, mutation -> share of the survivors; empty without.
        pictures: dict from a key of `READING` to PNG bytes.
    """
    rows = finding_rows(findings)
    parts = [table(("measure", "value", "of"), rows)]
    if description:
        parts.append(f"<p>Features: {escape(description)}.</p>")
    for key, reason in findings.missing.items():
        words = f"{MEASURES[key]}: not measured, {reason}"
        parts.append(f"<p>{escape(words.rstrip('.'))}.</p>")
    for key, content in pictures.items():
        parts.append(picture(*READING[key], content))
        if key == "winners":
            shares = [
                (k.replace("_", " "), f"{v:.1%}") for k, v in wins.items()
            ]
            parts.append(table(("mutation", "of all epochs"), shares))
    if "curves" not in pictures:
        parts.append("<p>No training history was given, so no curves.</p>")
    if "evolution" not in pictures:
        parts.append("<p>No epochs were watched, so no evolution.</p>")
    return page(f"What {name} draws", _headline(findings), parts)


def finding_rows(findings):
    """Rows (measure, value, of what) of the numbers that there are.

    Args:
        findings: `GANFindings`.

    Returns:
        List of tuples of str; "not measured" where a number is missing.
    """
    given = {key: getattr(findings, key) for key in MEASURES}
    rows = [
        _row(key, found)
        for key, found in given.items()
        if found is not None or key in findings.missing
    ]
    low, high = findings.generated_range
    rows.append(("range of the samples", f"{low:.3g} to {high:.3g}", ""))
    rows.append(("samples", f"{findings.examples:,}", ""))
    return [row for found in rows for row in (found, *_more(found, findings))]


def _row(key, found):
    words = MEASURES[key]
    if found is None:
        return words, "not measured", ""
    if key == "frechet":
        return words, f"{found.distance:.4g}", _of(found)
    if key == "kernel":
        value = f"{found.distance:.4g} ± {found.standard_error:.2g}"
        return words, value, _of(found)
    if key == "inception":
        value = f"{found.score:.3g} ± {found.standard_deviation:.2g}"
        return words, value, found.features
    return words, f"{found.covered} of {len(found.counts)}", ""


def _more(row, findings):
    if row[0] == MEASURES["modes"] and findings.modes is not None:
        share = f"{findings.modes.high_quality:.1%}"
        return [("samples near a mode", share, "")]
    return []


def _of(found):
    features = found.features
    if features == AS_GIVEN:
        features = "coordinates"
    return f"{features}; {found.real_examples:,} real examples"


def _headline(findings):
    if findings.modes is not None:
        modes = findings.modes
        return (
            f"The generator covers {modes.covered} of {len(modes.counts)} "
            f"modes; {modes.high_quality:.1%} of its samples are near one."
        )
    if findings.frechet is not None:
        found = findings.frechet
        return (
            f"The Frechet distance of the samples to {found.real_examples:,} "
            f"real examples is {found.distance:.4g}, in features of: "
            f"{found.features}. Distances in other features, or of other "
            "numbers of examples, do not compare."
        )
    return "No distance to real examples was measured; the samples are below."

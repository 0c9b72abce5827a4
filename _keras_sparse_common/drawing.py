"""How the pictures of reports are drawn."""

import io

_STYLE = {
    "axes.edgecolor": "#8a8f98",
    "axes.linewidth": 0.5,
    "axes.titlesize": 9,
    "font.size": 9,
    "legend.fontsize": 8,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
}


def draw(size, paint, trim=False):
    """Returns a picture as the bytes of a PNG; equal data, equal bytes.

    No state of `matplotlib.pyplot` and no style of the caller takes part.

    Args:
        size: (width, height) in inches of 120 pixels.
        paint: function that draws on the figure it is given.
        trim: bool; True: `paint` places its axes itself and the picture ends
            where what is drawn does, which may be outside of `size`.
    """
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", _STYLE]):
        layout = None if trim else "constrained"
        figure = Figure(figsize=size, dpi=120, layout=layout)
        FigureCanvasAgg(figure)
        paint(figure)
        buffer = io.BytesIO()
        options = {"bbox_inches": "tight", "pad_inches": 0.08} if trim else {}
        figure.savefig(
            buffer, format="png", metadata={"Software": None}, **options
        )
    return buffer.getvalue()

"""Quantiles of each unit's activations, of which the largest are kept."""

import math

import numpy as np

from _keras_sparse_common.arguments import check_count, check_number


class UnitQuantiles:
    """Activations that only a share of all exceeds, for each unit.

    Of each unit the largest activations seen are kept, as many as the largest
    share needs: so the quantiles are exact, those of `numpy.quantile`. Where
    they would not fit into `memory`, each image gives a random sample of its
    places, the same for all units. The share that exceeds a threshold is then
    off by about share / sqrt(kept), as far as places are independent: .3 % of
    the share for 256 units and 256 MiB.

    Args:
        units: int from 1.
        shares: list of numbers in (0, 1], shares of activations above.
        images: int from 1, how many will be added.
        places: int from 1, of an image: height x width of the maps.
        memory: int, bytes for what is kept, about.
        seed: int from 0, of the sampled places.

    Attributes:
        exact: bool, whether all places are used.
        kept: int, activations kept of each unit, once so many were seen.

    Raises:
        ValueError: arguments out of range.

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.1.
    Differs from the authors' code: their sketch of the whole distribution
        errs by a share of all activations; here only the few that count are
        kept, exactly.

    Example:
        >>> from keras_latent.unit_thresholds import UnitQuantiles
        >>> quantiles = UnitQuantiles(1, [0.25], images=5, places=1)
        >>> quantiles.add(np.arange(5.0).reshape(5, 1, 1, 1))
        >>> quantiles.thresholds().tolist()
        [[3.0]]
    """

    def __init__(self, units, shares, images, places, memory=2**28, seed=0):
        check_count("units", units)
        check_count("images", images)
        check_count("places", places)
        check_count("memory", memory)
        check_count("seed", seed, minimum=0)
        for share in shares:
            check_number("shares", share, high=1.0, open_low=True)
        self.shares = np.asarray(shares, "float64")
        most = self.shares.max()
        # Twice as many as are kept are held, of 4 bytes each.
        fitting = memory / (8 * units * most)
        self.sampled = min(places, max(1, int(fitting / images)))
        self.exact = self.sampled == places
        self.count = images * self.sampled
        self.kept = min(self.count, math.floor((self.count - 1) * most) + 2)
        self.seen = 0
        self._random = np.random.default_rng(seed)
        self._held = [[] for _ in range(units)]
        self._floor = np.full(units, -np.inf, "float32")

    def add(self, maps):
        """Takes in the maps of a batch, (batch, height, width, units)."""
        batch, units = len(maps), maps.shape[-1]
        values = np.asarray(maps, "float32").reshape(batch, -1, units)
        if not self.exact:
            order = self._random.random(values.shape[:2]).argpartition(
                self.sampled - 1, axis=1
            )
            places = order[:, : self.sampled, None]
            values = np.take_along_axis(values, places, axis=1)
        self.seen += batch * self.sampled
        columns = np.ascontiguousarray(values.reshape(-1, units).T)
        for unit, column in enumerate(columns):
            # What is not above the smallest kept cannot change it.
            self._held[unit].append(column[column > self._floor[unit]])
            if sum(map(len, self._held[unit])) > 2 * self.kept:
                self._compress(unit)

    def thresholds(self):
        """float32 array (units, shares).

        Raises:
            ValueError: other images were added than announced.
        """
        if self.seen != self.count:
            raise ValueError(
                f"`images` must be as many as were added. Received: "
                f"{self.count // self.sampled} announced, "
                f"{self.seen // self.sampled} added."
            )
        for unit in range(len(self._held)):
            self._compress(unit)
        kept = np.sort(np.stack([held[0] for held in self._held]), axis=1)
        place = (self.count - 1) * self.shares  # from the largest down
        above = np.floor(place).astype(int)
        below = np.minimum(above + 1, kept.shape[1] - 1)
        high, low = kept[:, -1 - above], kept[:, -1 - below]
        return (high + (place - above) * (low - high)).astype("float32")

    def _compress(self, unit):
        values = np.concatenate(self._held[unit])
        if len(values) > self.kept:
            surplus = len(values) - self.kept
            values = np.partition(values, surplus)[surplus:].copy()
        if len(values) == self.kept:
            self._floor[unit] = values.min()
        self._held[unit] = [values]

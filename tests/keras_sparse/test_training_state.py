"""The training state on disk: enough to go on and to report, no more."""

import numpy as np

from keras_sparse import checkpoint, datasets, training
from keras_sparse.settings import Settings


def test_a_state_keeps_the_first_and_the_last_mask(tmp_path):
    state = tmp_path / "state"
    data = datasets.load("digits")
    settings = Settings(epochs=2, batch_size=128, update_every=2)
    settings = settings.with_defaults()
    model, progress = training.train(settings, data, "sparse", state, str)
    _, stored = checkpoint.load(state)
    assert len(progress.updates) > 4, "else there is nothing to leave out"
    assert stored.updates == progress.updates
    steps = [update["step"] for update in progress.updates]
    assert [step for step, _ in stored.masks] == [0, steps[-1]]
    first, last = (mask for _, mask in stored.masks)
    assert first.sum() == last.sum() and (first != last).any()
    np.testing.assert_array_equal(last, list(model.optimizer.masks.values())[0])

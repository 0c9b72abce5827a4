"""Laws of iterative magnitude pruning, most of them from open_lth's tests."""

import keras
import numpy as np
import pytest
from lottery_trainings import (
    SIZE,
    STEPS,
    Trainer,
    everything,
    iterations,
    make_model,
    numbers_of,
)

import keras_sparse as ks
from keras_sparse.lottery import lottery_ticket
from keras_sparse.lottery_model import compiled_for_masks


@pytest.fixture(scope="module")
def run():
    trainer = Trainer()
    found = lottery_ticket(
        lambda: make_model(jit_compile="auto"), trainer, sparsity=0.8, rounds=3
    )
    return trainer, found


def test_each_round_prunes_the_same_share_and_ends_exactly(run):
    trainer, found = run
    live = [sum(m.sum() for m in masks.values()) for masks in trainer.masks]
    wanted = [1 - 0.2 ** (r / 3) for r in range(3)] + [0.8]
    assert live == [SIZE - int(np.floor(s * SIZE)) for s in wanted]
    assert live[-1] == 18
    assert [r.sparsity for r in found.rounds] == [1 - n / SIZE for n in live]
    assert sum(m.sum() for m in found.masks.values()) == live[-1]


def test_two_rounds_of_a_fifth_keep_064():
    trainer = Trainer()
    found = lottery_ticket(make_model, trainer, sparsity=0.36, rounds=2)
    assert [round(r.sparsity, 2) for r in found.rounds] == [0, 0.2, 0.36]
    live = [sum(m.sum() for m in masks.values()) for masks in trainer.masks]
    assert live == [90, 72, 58]  # 90 - 18, 90 - floor(32.4)


def test_pruned_are_never_larger_than_kept(run):
    trainer, _ = run
    for state, old, new in zip(
        trainer.after, trainer.masks, trainer.masks[1:], strict=False
    ):
        magnitude = {path: abs(state[path]) for path in old}
        kept = np.concatenate([magnitude[p][new[p]] for p in old])
        gone = np.concatenate([magnitude[p][old[p] & ~new[p]] for p in old])
        assert gone.size and gone.max() <= kept.min()


def test_pruned_stay_pruned_and_what_has_no_mask_stays_dense(run):
    trainer, _ = run
    for old, new in zip(trainer.masks, trainer.masks[1:], strict=False):
        assert all((old[path] >= new[path]).all() for path in old)
    for state, masks in zip(trainer.after, trainer.masks, strict=True):
        assert set(masks) == {p for p in state if p.endswith("/kernel")}
        for path, mask in masks.items():
            assert not state[path][~mask].any()
        for path in ("/a/bias", "/norm/gamma", "/b/bias"):
            assert np.count_nonzero(numbers_of(state, path)) >= 3


def test_rewound_equals_initial_times_mask_to_the_last_bit(run):
    trainer, _ = run
    first = trainer.before[0]
    for state, masks in zip(trainer.before[1:], trainer.masks[1:], strict=True):
        assert set(state) == set(first)
        for path, value in state.items():
            expected = first[path]
            if path in masks:
                expected = np.where(masks[path], expected, 0)
            np.testing.assert_array_equal(value, expected, err_msg=path)
    for state in trainer.after:  # else the law above were empty
        assert (numbers_of(state, "norm/moving_mean") != 0).any()
        assert iterations(state) == STEPS


def test_result_is_trained_and_can_be_rewound(run):
    trainer, found = run
    now = everything(found.model)
    for path, value in trainer.after[-1].items():
        np.testing.assert_array_equal(now[path], value)
    assert [r.steps for r in found.rounds] == [STEPS] * 4
    assert len(found.rounds[0].returned["accuracy"]) == 2
    found.rewind()
    now = everything(found.model)
    for path, value in trainer.before[-1].items():
        np.testing.assert_array_equal(now[path], value)
    assert sum(m.sum() for m in ks.masks(found.model).values()) == 18


def test_scope_layer_prunes_each_layer_by_itself():
    found = lottery_ticket(make_model, Trainer(), 0.5, rounds=1, scope="layer")
    assert [mask.sum() for mask in found.masks.values()] == [30, 15]


def test_filters_choose_what_is_masked():
    model = compiled_for_masks(make_model(), filters="a/kernel")
    ((path, mask),) = ks.masks(model).items()
    assert path.endswith("/a/kernel") and mask.all()


def test_compile_arguments_and_loss_scaling_are_kept():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = make_model("adam", run_eagerly=True, loss_weights=2.0)
    finally:
        keras.config.set_dtype_policy("float32")
    found = lottery_ticket(lambda: model, Trainer(), 0.5, rounds=1)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert model.run_eagerly and found.model is model
    assert model.get_compile_config()["loss_weights"] == 2.0
    assert set(found.rounds[0].returned) == {"accuracy", "loss"}


def test_a_loss_that_has_no_config_goes_with_a_sparse_optimizer():
    def loss(labels, outputs):
        one_hot = keras.ops.one_hot(keras.ops.cast(labels, "int32"), 3)
        return keras.ops.mean((outputs - one_hot) ** 2)

    with pytest.raises(ValueError, match="with SparseOptimizer.optimizer, St"):
        lottery_ticket(
            lambda: make_model("sgd", loss=lambda y, p: loss(y, p)),
            Trainer(),
            0.5,
            rounds=1,
        )
    sparse = ks.SparseOptimizer("sgd", ks.Static(0.0))
    found = lottery_ticket(
        lambda: make_model(sparse, loss=loss), Trainer(), 0.5, rounds=1
    )
    assert found.model.optimizer is sparse
    assert sum(mask.sum() for mask in found.masks.values()) == 45

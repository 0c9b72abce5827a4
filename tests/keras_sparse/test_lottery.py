"""Laws of iterative magnitude pruning, most of them from open_lth's tests."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_sparse as ks
from keras_sparse.lottery import lottery_ticket
from keras_sparse.lottery_model import compiled_for_masks
from keras_sparse.lottery_state import RoundStore, TrainingState
from keras_sparse.sparsify import find_optimizer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6)).astype("float32")
Y = np.argmax(X[:, :3], axis=1)
STEPS = 12  # of one training: 2 epochs of 6 batches
SIZE = 6 * 10 + 10 * 3


def make_model(optimizer=None, **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(10, activation="relu", name="a"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(3, name="b"),
        ]
    )
    if optimizer is None:
        rate = keras.optimizers.schedules.CosineDecay(0.1, 2 * STEPS)
        optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # XLA would compile for longer than it runs; `run` below has it.
    defaults = {"loss": loss, "metrics": ["accuracy"], "jit_compile": False}
    model.compile(optimizer, **defaults | options)
    return model


class Trainer:
    """A `train_fn` that notes the state before and after each training."""

    def __init__(self, fail_at=None, see=None):
        self.before, self.after, self.masks = [], [], []
        self.fail_at, self.see = fail_at, see

    def __call__(self, model, callbacks):
        if self.fail_at == len(self.before):
            raise KeyboardInterrupt
        self.before.append(everything(model))
        self.masks.append(ks.masks(model))
        callbacks = [*callbacks, *([self.see] if self.see else [])]
        history = model.fit(
            X, Y, 8, epochs=2, shuffle=False, verbose=0, callbacks=callbacks
        )
        self.after.append(everything(model))
        return history


def everything(model):
    """Dict path -> array of all variables of the model and its optimizer."""
    inner = find_optimizer(model).inner_optimizer
    return {v.path: np.array(v) for v in model.variables + inner.variables}


def numbers_of(state, ending):
    (found,) = [v for path, v in state.items() if path.endswith(ending)]
    return found


def iterations(state):
    return int(numbers_of(state, "/iteration"))


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


class AtStep(keras.callbacks.Callback):
    """Notes the state at one step, and the learning rates of all."""

    def __init__(self, step):
        super().__init__()
        self.step, self.state, self.first_rates = step, None, []

    def on_train_begin(self, logs=None):
        self.first_rates.append(float(self.model.optimizer.learning_rate))

    def on_train_batch_end(self, batch, logs=None):
        state = everything(self.model)
        if self.state is None and iterations(state) == self.step:
            self.state = state


def test_rewinding_to_a_step_restores_everything_of_that_step():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 2 * STEPS)
    see = AtStep(5)
    trainer = Trainer(see=see)
    found = lottery_ticket(
        lambda: make_model(keras.optimizers.Adam(schedule)),
        trainer,
        0.5,
        rounds=2,
        rewind_step=5,
    )
    for state, masks in zip(trainer.before[1:], trainer.masks[1:], strict=True):
        assert iterations(state) == 5
        for path, value in state.items():
            expected = see.state[path]
            for masked, mask in masks.items():
                if masked == path or masked.replace("/", "_") in path:
                    assert expected[~mask].any() and value[mask].any()
                    expected = np.where(mask, expected, 0)
            np.testing.assert_array_equal(value, expected, err_msg=path)
    # Later trainings end where the first one ended.
    assert [r.steps for r in found.rounds] == [STEPS] * 3
    rates = [float(schedule(step)) for step in (0, 5, 5)]
    np.testing.assert_allclose(see.first_rates, rates, rtol=1e-6)


def test_learning_rate_rewinding_keeps_weights_and_slots():
    trainer = Trainer()
    found = lottery_ticket(
        lambda: make_model("adam"),
        trainer,
        0.5,
        rounds=2,
        rewind_step=4,
        rewind="learning_rate",
    )
    pairs = zip(
        trainer.after, trainer.before[1:], trainer.masks[1:], strict=False
    )
    for after, before, masks in pairs:
        assert iterations(before) == 4
        for path, value in before.items():
            if path.endswith("/iteration"):
                continue
            expected = after[path]
            for masked, mask in masks.items():
                if masked == path or masked.replace("/", "_") in path:
                    expected = np.where(mask, expected, 0)
            np.testing.assert_array_equal(value, expected, err_msg=path)
    assert [r.steps for r in found.rounds] == [STEPS] * 3


def test_learning_rate_rewinding_restores_a_rate_that_a_callback_changed():
    def rate(epoch):
        return 0.1 / 10**epoch

    trainer = Trainer(see=keras.callbacks.LearningRateScheduler(rate))
    lottery_ticket(
        lambda: make_model(keras.optimizers.SGD(0.5)),
        trainer,
        0.5,
        rounds=1,
        rewind="learning_rate",
    )
    after, before = trainer.after[0], trainer.before[1]
    assert numbers_of(after, "/learning_rate") == np.float32(0.01)
    assert numbers_of(before, "/learning_rate") == np.float32(0.5)


def test_without_rewinding_training_goes_on():
    trainer = Trainer()
    found = lottery_ticket(make_model, trainer, 0.5, rounds=1, rewind=None)
    assert [r.steps for r in found.rounds] == [STEPS, 2 * STEPS]
    mask = numbers_of(trainer.masks[1], "a/kernel")
    kernel = numbers_of(trainer.after[0], "a/kernel")
    np.testing.assert_array_equal(
        numbers_of(trainer.before[1], "a/kernel"), np.where(mask, kernel, 0)
    )


def test_a_step_that_no_callback_sees_is_refused():
    def spe(number):
        return lambda: make_model(steps_per_execution=number)

    with pytest.raises(ValueError, match="rewind_step=3; the first call after"):
        lottery_ticket(spe(2), Trainer(), 0.5, rounds=1, rewind_step=3)
    with pytest.raises(ValueError, match="Received: step 14 after 12"):
        lottery_ticket(spe(4), Trainer(), 0.5, rounds=1, rewind_step=4)


@pytest.mark.parametrize(
    "rewind, fail_at",
    [("weights", 1), ("learning_rate", 0)],
)
def test_an_interrupted_search_ends_as_an_uninterrupted_one(
    tmp_path, rewind, fail_at
):
    arguments = {"sparsity": 0.6, "rounds": 2, "rewind_step": 2}
    arguments |= {"rewind": rewind, "directory": tmp_path / "search"}
    whole = lottery_ticket(
        make_model, Trainer(), **arguments | {"directory": tmp_path / "whole"}
    )
    with pytest.raises(KeyboardInterrupt):
        lottery_ticket(make_model, Trainer(fail_at), **arguments)

    def other_start():  # the stored one counts
        model = make_model()
        model.set_weights([weight + 1 for weight in model.get_weights()])
        return model

    trainer = Trainer()
    resumed = lottery_ticket(other_start, trainer, **arguments)
    assert len(trainer.before) == 3 - fail_at
    assert whole.rounds == resumed.rounds
    again = lottery_ticket(make_model, None, **arguments)  # trains nothing
    assert again.rounds == whole.rounds
    for found in (resumed, again):
        assert_same(
            TrainingState.of(found.model), TrainingState.of(whole.model)
        )
        assert_same(found.start, whole.start)


def assert_same(state, other):
    assert len(state.model) == len(other.model) == 8
    pairs = zip(
        state.model + state.optimizer,
        other.model + other.optimizer,
        strict=True,
    )
    for left, right in pairs:
        np.testing.assert_array_equal(left, right)


def test_another_call_does_not_continue_in_the_folder(tmp_path):
    def call(**changes):
        arguments = {"sparsity": 0.5, "rounds": 1, "directory": tmp_path}
        return lottery_ticket(make_model, Trainer(), **arguments | changes)

    call()
    with pytest.raises(ValueError, match="with the same arguments. Received"):
        call(sparsity=0.6)

    def wider():
        model = keras.Sequential([keras.Input((6,)), layers.Dense(4)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match="must return the model that the"):
        lottery_ticket(wider, Trainer(), 0.5, rounds=1, directory=tmp_path)


def test_what_cannot_be_kept_is_refused(tmp_path):
    def train(model, callbacks):
        model.fit(X, Y, verbose=0)
        return model

    with pytest.raises(ValueError, match="Received: Sequential"):
        lottery_ticket(make_model, train, 0.5, rounds=1, directory=tmp_path)


def test_store_keeps_types(tmp_path):
    values = [
        np.array([1.5, -2.25], "float32"),
        np.array([True, False]),
        np.array(7, "int64"),
    ]
    variable = keras.Variable([1.0, 3.0], dtype="bfloat16")
    rounded = np.array(keras.ops.convert_to_numpy(variable))
    store = RoundStore(tmp_path, {})
    store.save("x", TrainingState([rounded], values), {"a": 1})
    state, notes = store.load("x")
    assert notes == {"a": 1} and store.load("y") is None
    np.testing.assert_array_equal(state.model[0], [1.0, 3.0])
    variable.assign(state.model[0])
    for value, loaded in zip(values, state.optimizer, strict=True):
        assert value.dtype == loaded.dtype
        np.testing.assert_array_equal(value, loaded)


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


def never(model, callbacks):
    return None


def without_callbacks(model, callbacks):
    model.fit(X, Y, 8, verbose=0)


def compiling(model, callbacks):
    model.compile("sgd", "mse")


def diverging(model, callbacks):
    model.fit(X, Y, verbose=0)
    model.get_layer("b").kernel.assign(np.full((10, 3), np.nan))


def trained():
    model = make_model(ks.SparseOptimizer("sgd", ks.Static(0.0)))
    model.fit(X, Y, 8, verbose=0)
    return model


class OwnCompile(keras.Sequential):
    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)


def own_compile():
    model = OwnCompile([keras.Input((6,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    return model


def ended_schedule():
    rate = keras.optimizers.schedules.CosineDecay(0.1, STEPS)
    return make_model(keras.optimizers.SGD(rate))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sparsity": 1.0}, "`sparsity` must be a number in"),
        ({"rounds": 0}, "`rounds` must be an integer of at least 1"),
        ({"rewind_step": -1}, "`rewind_step` must be an integer"),
        ({"rewind": "all"}, "`rewind` must be one of 'weights'"),
        ({"scope": "model"}, "`scope` must be one of"),
        ({"rewind": None, "rewind_step": 2}, "`rewind_step` must be 0 with"),
        ({"model_fn": lambda: None}, "Received: NoneType. Return the compiled"),
        (
            {"model_fn": lambda: keras.Sequential([layers.Dense(1)])},
            "built=False, compiled=False",
        ),
        (
            {
                "model_fn": lambda: make_model(
                    ks.SparseOptimizer("sgd", ks.RigL(0.5))
                )
            },
            r"Received: RigL\(sparsity=0.5",
        ),
        (
            {
                "model_fn": lambda: make_model(
                    ks.SparseOptimizer("sgd", ks.Static(0.5))
                )
            },
            r"Received: Static\(sparsity=0.5",
        ),
        ({"model_fn": trained}, "Received: an optimizer at step 6"),
        (
            {
                "model_fn": lambda: make_model(
                    ks.SparseOptimizer("sgd", ks.Static(0.0))
                ),
                "filters": "a",
            },
            "`filters` must be None where",
        ),
        ({"model_fn": own_compile}, "OwnCompile, which has one of its own"),
        ({"train_fn": never}, "`train_fn` must train the model"),
        (
            {"train_fn": without_callbacks, "rewind_step": 2},
            "rewind_step=2, 6 steps and no call",
        ),
        ({"train_fn": compiling}, "`train_fn` must not compile the model"),
        ({"train_fn": diverging}, "NaN or infinity in .*b/kernel"),
        (
            {"model_fn": ended_schedule, "rewind": None},
            "with a schedule that has come to 0",
        ),
    ],
)
def test_bad_input(changes, message):
    arguments = {
        "model_fn": make_model,
        "train_fn": Trainer(),
        "sparsity": 0.5,
        "rounds": 1,
    }
    with pytest.raises(ValueError, match=message):
        lottery_ticket(**arguments | changes)

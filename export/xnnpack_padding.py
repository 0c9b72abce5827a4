"""Where a convolution's windows lie, and which padding puts them there."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Windows:
    """The windows of a convolution or pooling along one axis.

    Attributes:
        size: positive int, length of the unpadded axis.
        kernel: positive int, length of a window, dilation included.
        stride: positive int, distance between windows.
        before: int >= 0, zeros in front of the axis.
        after: int >= 0, zeros behind it.
    """

    size: int
    kernel: int
    stride: int
    before: int
    after: int

    @property
    def count(self):
        """Number of windows, the length of the output."""
        total = self.size + self.before + self.after
        return (total - self.kernel) // self.stride + 1

    @property
    def unread(self):
        """Padded positions at the end which no window reaches."""
        reach = self.kernel + self.stride * (self.count - 1)
        return self.size + self.before + self.after - reach

    def mirrored(self):
        """The windows that see the same values when the axis is reversed.

        `before` is negative where the reversed axis would have to be cropped.
        """
        return dataclasses.replace(
            self, before=self.after - self.unread, after=self.before
        )

    def equals_padding(self, padding):
        """Whether `padding` zeros on both sides give the same windows."""
        other = dataclasses.replace(self, before=padding, after=padding)
        return self.before == padding and self.count == other.count


def same_padding(size, kernel, stride):
    """TensorFlow's padding "same" along one axis.

    Args:
        size: positive int, length of the axis.
        kernel: positive int, length of the kernel, dilation included.
        stride: positive int.

    Returns:
        `(before, after)`, zeros on either side; `after` is the larger one.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2

    Example:
        >>> same_padding(size=224, kernel=3, stride=2)
        (0, 1)
        >>> same_padding(size=225, kernel=3, stride=2)
        (1, 1)
    """
    last = (-(-size // stride) - 1) * stride
    total = max(last + kernel - size, 0)
    return total // 2, total - total // 2

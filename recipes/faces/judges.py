"""Judges of edited faces: networks that no loss has seen and that no model holds.

The detector, the 68 landmarks, the age and the expression are networks of face-api.js (justadudewhohacks, MIT), in
four files of weights under the names of its layers. `Judges(FOLDER)` reads them.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from pictura.encoders import load_encoder

Weights = dict[str, Tensor]
MEAN = (122.782, 117.001, 104.298)  # of the networks' training pictures, 0..255
DETECTOR_MEAN = (117.001, 114.697, 97.404)
ANCHORS = ((1.603231, 2.094468), (6.041143, 7.080126), (2.882459, 3.518061), (4.266906, 5.178857), (9.041765, 10.66308))
SIDE = 112  # of a face that is looked at
DETECTOR_SIDE = 160  # for pictures that a face fills; larger ones miss it
SCORE = 0.3  # least of a face
MARGIN = 0.1  # share of its size by which a box around landmarks is enlarged on each side
HAPPY = 1  # place of the expression
FIVE = ((36, 42), (42, 48), (30, 31), (48, 49), (54, 55))  # landmarks whose means are eyes, nose tip, mouth corners
IDENTITY_LAYER = "layer3"


class Judges:
    """What faces look like to networks of others. Pictures are N×3×H×W in [0, 1], boxes N×4 in shares of the sides."""

    def __init__(self, folder: Path) -> None:
        def read(name: str) -> Weights:
            return {key: tensor.float() for key, tensor in load_file(folder / f"{name}.safetensors").items()}

        self.detector, self.landmarks = read("face_detector_tiny"), read("face_landmark68")
        self.age, self.expression = read("face_age_gender"), read("face_expression")
        files = sorted(folder.glob("resnet18*"))
        self.resnet = load_encoder("resnet18-torchvision-to-layer3", weights=files[0]) if files else None

    @torch.no_grad()
    def find(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes of the detector, boxes around the landmarks, and whether a face was found, bool N.

        Where none was, both are the median of the others.
        """
        small = F.interpolate(pictures, size=(DETECTOR_SIDE,) * 2, mode="bicubic", antialias=True).clamp(0, 1)
        found = torch.stack([torch.tensor(_detect(self.detector, one[None])) for one in small])
        there = found[:, 0] > 0
        boxes = _fill(found[:, 1:].clamp(0, 1), there)
        marks = self.marks(pictures, boxes)
        low, high = marks.amin(1), marks.amax(1)
        around = torch.cat([low - MARGIN * (high - low), high + MARGIN * (high - low)], 1).clamp(0, 1)
        return boxes, _fill(around, there), there

    @torch.no_grad()
    def marks(self, pictures: Tensor, boxes: Tensor) -> Tensor:
        """N×68×2 landmarks (x, y) in shares of the sides, in boxes of the detector."""
        answers = []
        for one, box in zip(pictures, boxes, strict=True):
            square, scale, offset, origin = _cut(one, box)
            y = _dense_net(self.landmarks, square)
            points = F.linear(y, self.landmarks["fc.weight"], self.landmarks["fc.bias"]).view(68, 2) * SIDE
            answers.append(((points - offset) / scale + origin) / torch.tensor([one.shape[2], one.shape[1]]))
        return torch.stack(answers)

    @torch.no_grad()
    def ages(self, pictures: Tensor, boxes: Tensor) -> Tensor:
        """Years N, in boxes around the landmarks."""
        faces = torch.cat([_cut(one, box)[0] for one, box in zip(pictures, boxes, strict=True)])
        return torch.cat([_age(self.age, some) for some in torch.split(faces, 32)])

    @torch.no_grad()
    def happy(self, pictures: Tensor, boxes: Tensor) -> Tensor:
        """P(happy) N, in boxes around the landmarks."""
        faces = torch.cat([_cut(one, box)[0] for one, box in zip(pictures, boxes, strict=True)])
        w = self.expression
        answers = [F.linear(_dense_net(w, some), w["fc.weight"], w["fc.bias"]) for some in torch.split(faces, 32)]
        return torch.cat(answers).softmax(1)[:, HAPPY]

    @torch.no_grad()
    def identity(self, pictures: Tensor) -> Tensor:
        """N×C: ResNet-18's third layer over the middle of aligned faces, to be centred and compared by cosine."""
        if self.resnet is None:
            raise SystemExit("There is no file resnet18*.safetensors in the folder of the judges.")
        side = pictures.shape[-1]
        margin = side // 6
        middle = pictures[:, :, margin : side - margin // 2, margin : side - margin]
        middle = F.interpolate(middle, size=(128, 128), mode="bicubic").clamp(0, 1)
        layer = self.resnet.layers[-1]
        return torch.cat([self.resnet(some, [layer])[layer].flatten(1) for some in torch.split(middle, 16)])


def five_points(marks: Tensor) -> Tensor:
    """N×68×2 to N×5×2: left and right eye as seen, nose tip, left and right mouth corner."""
    return torch.stack([marks[:, first:last].mean(1) for first, last in FIVE], 1)


def sharpness(pictures: Tensor) -> float:
    """Std of what a mean over 3×3 pixels takes away."""
    blurred = F.avg_pool2d(F.pad(pictures, [1] * 4, mode="replicate"), 3, 1)
    return float((pictures - blurred).std())


def _fill(boxes: Tensor, there: Tensor) -> Tensor:
    return torch.where(there[:, None], boxes, boxes[there].median(0).values)


def _cut(picture: Tensor, box: Tensor) -> tuple[Tensor, float, Tensor, Tensor]:
    """A box, letterboxed in black to 1×3×112×112, 0..255; the scale, offset in it, and origin in pixels."""
    height, width = picture.shape[1:]
    left, top, right, bottom = (int(v * side) for v, side in zip(box.tolist(), (width, height) * 2, strict=True))
    part = picture[None, :, top : max(bottom, top + 8), left : max(right, left + 8)]
    scale = SIDE / max(part.shape[2:])
    h, w = (max(1, round(side * scale)) for side in part.shape[2:])
    part = F.interpolate(part, size=(h, w), mode="bilinear", antialias=True)
    x, y = (SIDE - w) // 2, (SIDE - h) // 2
    square = F.pad(255 * part.clamp(0, 1), (x, SIDE - w - x, y, SIDE - h - y))
    return square, scale, torch.tensor([x, y]), torch.tensor([left, top])


def _same(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """TensorFlow's padding SAME."""
    sides: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides, value=value)


def _conv(w: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = w[f"{name}.weight"]
    return F.conv2d(_same(x, weight.shape[-1], stride), weight, w[f"{name}.bias"], stride)


def _separable(w: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    depth = w[f"{name}.depthwise.weight"]
    x = F.conv2d(_same(x, 3, stride), depth, None, stride, groups=len(depth))
    return F.conv2d(x, w[f"{name}.pointwise.weight"], w[f"{name}.bias"])


def _normalized(x: Tensor, mean: tuple[float, float, float], scale: float) -> Tensor:
    return (x - torch.tensor(mean)[:, None, None]) / scale


def _dense_net(w: Weights, x: Tensor) -> Tensor:
    """Four dense blocks and a mean: N×256."""
    x = _normalized(x, MEAN, 255)
    for i in range(4):
        x = F.relu(_conv(w, "dense0.conv0", x, 2) if i == 0 else _separable(w, f"dense{i}.conv0", x, 2))
        total = _separable(w, f"dense{i}.conv1", x) + x
        for j in (2, 3):
            total = total + _separable(w, f"dense{i}.conv{j}", F.relu(total))
        x = F.relu(total)
    return x.mean((2, 3))


def _age(w: Weights, x: Tensor) -> Tensor:
    """Years N by a small Xception."""

    def reduce(name: str, x: Tensor, rectify: bool = True) -> Tensor:
        y = _separable(w, f"{name}.separable_conv0", F.relu(x) if rectify else x)
        y = _separable(w, f"{name}.separable_conv1", F.relu(y))
        return F.max_pool2d(_same(y, 3, 2, -torch.inf), 3, 2) + _conv(w, f"{name}.expansion_conv", x, 2)

    x = F.relu(_conv(w, "entry_flow.conv_in", _normalized(x, MEAN, 256), 2))
    x = reduce("entry_flow.reduction_block_1", reduce("entry_flow.reduction_block_0", x, rectify=False))
    for i in range(2):
        y = x
        for j in range(3):
            y = _separable(w, f"middle_flow.main_block_{i}.separable_conv{j}", F.relu(y))
        x = x + y
    x = F.relu(_separable(w, "exit_flow.separable_conv", reduce("exit_flow.reduction_block", x)))
    return F.linear(x.mean((2, 3)), w["fc.age.weight"], w["fc.age.bias"])[:, 0]


def _detect(w: Weights, x: Tensor) -> list[float]:
    """The best face of one square picture: score, left, top, right, bottom; a score of 0 if there is none."""
    x = _normalized(255 * x, DETECTOR_MEAN, 256)
    x = F.leaky_relu(F.conv2d(x, w["conv0.weight"], w["conv0.bias"]), 0.1)
    x = F.max_pool2d(_same(x, 2, 2, -torch.inf), 2, 2)
    for i in range(1, 6):
        depth = w[f"conv{i}.depthwise.weight"]
        x = F.conv2d(F.conv2d(x, depth, None, 1, 1, groups=len(depth)), w[f"conv{i}.pointwise.weight"])
        x = F.leaky_relu(x + w[f"conv{i}.bias"][:, None, None], 0.1)
        stride = 1 if i == 5 else 2
        x = F.max_pool2d(_same(x, 2, stride, -torch.inf), 2, stride)
    cells = F.conv2d(x, w["conv8.weight"], w["conv8.bias"])[0]
    side = cells.shape[-1]
    cells = cells.view(5, 5, side, side)
    best = [0.0, 0.0, 0.0, 1.0, 1.0]
    for (wide, high), (x, y, log_w, log_h, logit) in zip(ANCHORS, cells, strict=True):
        score = logit.sigmoid()
        row, column = divmod(int(score.argmax()), side)
        at = (row, column)
        if float(score[at]) > max(SCORE, best[0]):
            cx, cy = (column + float(x[at].sigmoid())) / side, (row + float(y[at].sigmoid())) / side
            w2, h2 = wide * float(log_w[at].exp()) / side / 2, high * float(log_h[at].exp()) / side / 2
            best = [float(score[at]), cx - w2, cy - h2, cx + w2, cy + h2]
    return best

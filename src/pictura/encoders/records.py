"""The weight files pictura knows, each with the preprocessing it was trained with.

Where to fetch a file is written down only where independent public projects pin the same SHA-256 for it, and the
revision is one that such a project pins with it. Where that could not be had, `hub` is None and the file
has to be put into the weights folder by hand, or is made of the published checkpoint that `origin` names; `sha256` is
None where nobody publishes one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pictura.runtime.downloads import HubFile

Family = Literal["caffe", "torchvision", "compact"]
Padding = Literal["zeros", "replicate", "reflect"]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """x in [0, 1] becomes (x - mean) / std before the first convolution; red, green, blue."""

    mean: Colour
    std: Colour


FAMILIES: dict[Family, Preprocessing] = {
    # Simonyan and Zisserman's release: 0..255 minus the mean of the training set, no division.
    "caffe": Preprocessing((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255)),
    # Mean and standard deviation of ImageNet's pixels, as torchvision trains with.
    "torchvision": Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    # As pictura.networks.compact is trained.
    "compact": Preprocessing((0.45, 0.45, 0.45), (0.25, 0.25, 0.25)),
}


@dataclass(frozen=True)
class Origin:
    """The published checkpoint that a weight file is made of: `pictura encoders get`.

    Attributes:
        url: where it is, for a person or, with `sha256`, for a download.
        sha256: its digest; None where we know of none, then a person has to fetch it.
        said: what is to be known of it.
        energy: root mean squares of the first convolution's weights for red, green and blue, by which the right
            training is told from others of the same shapes, and BGR from RGB; none: not looked at.
    """

    url: str
    sha256: str | None = None
    said: str = "the checkpoint of torchvision"
    energy: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Weights:
    """One weight file: what it is for, how pictures must be prepared for it, where it comes from."""

    name: str
    architecture: str
    family: Family
    filename: str
    licence: str
    note: str
    sha256: str | None = None
    hub: HubFile | None = None
    origin: Origin | None = None
    padding: Padding = "zeros"
    means: str = ""  # packaged file of mean activations, by which the network is normalized
    scales: Mapping[str, float] = field(default_factory=dict)  # layer to magnitude of its feature map: `Encoder.scale`


# Magnitudes of feature maps, see `Encoder.scale`; measured by ``recipes/encoders/scales.py``.
_VGG19_CAFFE_SCALES = {
    "conv1_1": 527.5,
    "relu1_1": 321.2,
    "conv1_2": 1539,
    "relu1_2": 1219,
    "pool1": 1445,
    "conv2_1": 3860,
    "relu2_1": 2089,
    "conv2_2": 5017,
    "relu2_2": 2735,
    "pool2": 3746,
    "conv3_1": 7369,
    "relu3_1": 3875,
    "conv3_2": 6413,
    "relu3_2": 4004,
    "conv3_3": 7415,
    "relu3_3": 6118,
    "conv3_4": 1.465e04,
    "relu3_4": 1.157e04,
    "pool3": 1.415e04,
    "conv4_1": 2.968e04,
    "relu4_1": 1.7e04,
    "conv4_2": 2.972e04,
    "relu4_2": 1.477e04,
    "conv4_3": 2.281e04,
    "relu4_3": 9256,
    "conv4_4": 1.258e04,
    "relu4_4": 3814,
    "pool4": 5823,
    "conv5_1": 7114,
    "relu5_1": 2787,
}
_TORCHVISION = "BSD-3-Clause (torchvision); trained on ImageNet"
_COMPACT_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")

# Both digests stand in many independent public projects; torchvision itself puts the first eight digits in the name.
_VGG19_ORIGIN = Origin(
    "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
)
_VGG16_ORIGIN = Origin(
    "https://download.pytorch.org/models/vgg16-397923af.pth",
    "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
)
# Names as torchvision has them; we know of no full digest, so that a person has to fetch these.
_RESNET18_ORIGIN = Origin("https://download.pytorch.org/models/resnet18-f37072fd.pth")
_RESNET50_ORIGIN = Origin("https://download.pytorch.org/models/resnet50-0676ba61.pth")
_DENSENET121_ORIGIN = Origin("https://download.pytorch.org/models/densenet121-a639ec97.pth")
_CAFFE_ORIGIN = Origin(
    "https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth",
    said="Simonyan and Zisserman's Caffe model as jcjohnson/pytorch-vgg converted it",
    energy=(0.190858, 0.211508, 0.169501),
)
_SQUEEZENET_ORIGIN = Origin(
    "https://github.com/forresti/SqueezeNet/tree/master/SqueezeNet_v1.1",
    said="a Caffe model, to be brought to torchvision's key names and input first",
    energy=(15.150236, 16.605249, 10.85846),
)

_ALL_WEIGHTS = (
    Weights(
        name="compact",
        architecture="compact",
        family="compact",
        filename="compact.safetensors",
        licence="MIT",
        note="shipped with pictura: VGG-19's principal components, many times faster",
        padding="replicate",
        scales=dict.fromkeys(_COMPACT_LAYERS, 1.0),  # its training divides by them
    ),
    Weights(
        name="vgg19-caffe",
        architecture="vgg19",
        family="caffe",
        filename="vgg19-caffe-features-to-conv5_1.f16.safetensors",
        licence="CC BY 4.0 (Simonyan and Zisserman, arXiv 1409.1556)",
        note="the encoder of the style transfer papers, to conv5_1",
        sha256="86503a1e5f4a1a3487bd85c4486d1e03cbcc01949aaccf98e5bdd507e3368c8f",
        scales=_VGG19_CAFFE_SCALES,
        origin=_CAFFE_ORIGIN,
    ),
    Weights(
        name="vgg19-normalised",
        architecture="vgg19",
        family="caffe",
        filename="vgg19-caffe-features-to-conv5_1.f16.safetensors",
        licence="CC BY 4.0 (Simonyan and Zisserman, arXiv 1409.1556)",
        note="the same file, filters rescaled to a mean activation of 1 as in the papers' printed settings",
        sha256="86503a1e5f4a1a3487bd85c4486d1e03cbcc01949aaccf98e5bdd507e3368c8f",
        means="vgg19-caffe-means.safetensors",
        origin=_CAFFE_ORIGIN,
    ),
    Weights(
        name="vgg19-torchvision",
        architecture="vgg19",
        family="torchvision",
        filename="vgg19-torchvision.safetensors",
        licence=_TORCHVISION,
        note="trained anew for torchvision; styles differ from vgg19-caffe",
        origin=_VGG19_ORIGIN,
    ),
    Weights(
        name="vgg16-torchvision",
        architecture="vgg16",
        family="torchvision",
        filename="vgg16-torchvision.safetensors",
        licence=_TORCHVISION,
        note="528 MB, nine tenths of it a classifier that is not read",
        sha256="57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8",
        hub=HubFile("timm/vgg16.tv_in1k", "b8d8aa2dd860af9233c8c67385a8097fd6c35d3f"),
        origin=_VGG16_ORIGIN,
    ),
    Weights(
        name="squeezenet1_1-caffe",
        architecture="squeezenet1_1",
        family="torchvision",  # the Caffe means are folded into conv1, so that it takes torchvision's input
        filename="squeezenet1_1-caffe-features.f32.safetensors",
        licence="BSD-2-Clause style (DeepScale/SqueezeNet)",
        note="small and fast; the first convolution takes torchvision's input",
        sha256="ec0943cd0ac810b07710b0453cb079a74638f64721d4c5402e847b8f83346ac6",
        origin=_SQUEEZENET_ORIGIN,
    ),
    Weights(
        name="resnet18-torchvision-to-layer3",
        architecture="resnet18",
        family="torchvision",
        filename="resnet18-torchvision-to-layer3-bnfolded.f16.safetensors",
        licence=_TORCHVISION,
        note="to layer3.1, batch norm folded into the convolutions",
        sha256="4162ca7cccc3f65e1773dd918892178aa45cc5e299d0d62069e8045a003dd6b7",
        origin=_RESNET18_ORIGIN,
    ),
    Weights(
        name="resnet18-torchvision",
        architecture="resnet18",
        family="torchvision",
        filename="resnet18-torchvision.safetensors",
        licence=_TORCHVISION,
        note="47 MB",
        sha256="694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
        hub=HubFile("timm/resnet18.tv_in1k", "bbd144b3e5565108aad885f145491d11bc6ce807"),
        origin=_RESNET18_ORIGIN,
    ),
    Weights(
        name="resnet50-torchvision",
        architecture="resnet50",
        family="torchvision",
        filename="resnet50-torchvision.safetensors",
        licence=_TORCHVISION,
        note="102 MB",
        sha256="5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
        hub=HubFile("timm/resnet50.tv_in1k", "78f3ecfdb38e06d9b8397f662e7ab8fee96026fa"),
        origin=_RESNET50_ORIGIN,
    ),
    Weights(
        name="densenet121-torchvision",
        architecture="densenet121",
        family="torchvision",
        filename="densenet121-torchvision.safetensors",
        licence=_TORCHVISION,
        note="32 MB",
        sha256="c894c6d9caa317a8ca1942986dee7a16a86c77734a4d691d2abe05389cfef358",
        hub=HubFile("timm/densenet121.tv_in1k", "f0d0f2698a02cb133b09d48396db6e1e46fe9f3b"),
        origin=_DENSENET121_ORIGIN,
    ),
)
# Short names that settings of trainings may have.
ENCODER_ALIASES = {"vgg16": "vgg16-torchvision"}
# Where Gatys et al. read style (CVPR 2016, section 3); they write conv and mean the features after its ReLU.
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
RECORDS: dict[str, Weights] = {record.name: record for record in _ALL_WEIGHTS}

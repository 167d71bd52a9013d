"""The trunks against the published layouts: key names, numbers of parameters, sides of responses."""

import pytest
import torch

from pictura.encoders.files import ARCHITECTURES

# Parameters without the classifier, as counted in torchvision's models.
PARAMETERS = {
    "vgg16": 14_714_688,
    "vgg19": 20_024_384,
    "resnet18": 11_176_512,
    "resnet34": 21_284_672,
    "resnet50": 23_508_032,
    "resnet101": 42_500_160,
    "densenet121": 6_953_856,
    "densenet169": 12_484_480,
    "squeezenet1_1": 722_496,
}
SHAPES = {
    "vgg19": {"features.0.weight": (64, 3, 3, 3), "features.28.bias": (512,), "features.34.weight": (512, 512, 3, 3)},
    "vgg19_bn": {"features.1.running_mean": (64,), "features.49.weight": (512, 512, 3, 3)},
    "resnet18": {
        "conv1.weight": (64, 3, 7, 7),
        "layer1.0.bn2.running_var": (64,),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer4.1.conv2.weight": (512, 512, 3, 3),
    },
    "resnet50": {"layer1.0.downsample.1.bias": (256,), "layer4.2.conv3.weight": (2048, 512, 1, 1)},
    "densenet121": {
        "features.conv0.weight": (64, 3, 7, 7),
        "features.denseblock4.denselayer16.conv2.weight": (32, 128, 3, 3),
        "features.transition1.conv.weight": (128, 256, 1, 1),
        "features.norm5.running_mean": (1024,),
    },
    "squeezenet1_1": {"features.0.bias": (64,), "features.12.expand3x3.weight": (256, 64, 3, 3)},
}
LAST = {"resnet18": (512, 2), "resnet50": (2048, 2), "densenet121": (1024, 2), "squeezenet1_1": (512, 3)}


@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters(name: str) -> None:
    with torch.device("meta"):
        network = ARCHITECTURES[name]()
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("name", SHAPES)
def test_keys_are_torchvisions(name: str) -> None:
    with torch.device("meta"):
        state = ARCHITECTURES[name]().state_dict()
    assert {key: tuple(state[key].shape) for key in SHAPES[name]} == SHAPES[name]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_parameter_is_in_the_chain_or_a_head_and_every_name_once(name: str) -> None:
    with torch.device("meta"):
        network = ARCHITECTURES[name]()
    chain = list(network.chain())
    reached = [p for _, module in chain for p in module.parameters()]
    heads = sum(p.numel() for key, p in network.named_parameters() if key.startswith("heads."))
    assert sum(p.numel() for p in reached) + heads == sum(p.numel() for p in network.parameters())
    assert len({layer for layer, _ in chain}) == len(chain)


@pytest.mark.parametrize("name", LAST)
def test_last_response(name: str) -> None:
    torch.manual_seed(0)
    x = torch.rand(1, 3, 64, 64)
    network = ARCHITECTURES[name]().eval()
    with torch.no_grad():
        for _, module in network.chain():
            x = module(x)
    channels, side = LAST[name]
    assert x.shape == (1, channels, side, side)
    assert x.isfinite().all()


def test_squeezenet_pools_after_fires_3_and_5() -> None:
    with torch.device("meta"):
        layers = [name for name, _ in ARCHITECTURES["squeezenet1_1"]().chain()]
    assert layers[:7] == ["conv1", "relu1", "pool1", "fire2", "fire3", "pool3", "fire4"]
    assert layers[-6:] == ["fire5", "pool5", "fire6", "fire7", "fire8", "fire9"]

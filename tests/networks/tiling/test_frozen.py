"""Statistics gathered over some pictures and held for others."""

import threading

import pytest
import torch
from torch import nn

from pictura.methods.johnson import Johnson
from pictura.networks.adain import AdaIN
from pictura.networks.layers.norm import InstanceNorm, NormLayer, use_statistics
from pictura.networks.tiling.frozen import freeze_statistics, gather_statistics


@pytest.fixture
def net():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), InstanceNorm(6), nn.ReLU(), nn.Conv2d(6, 3, 1))
    return net.requires_grad_(False)


@pytest.fixture
def clip():
    return list(torch.rand(3, 1, 3, 16, 20, generator=torch.Generator().manual_seed(1)))


def test_statistics_are_those_of_all_positions_of_all_pictures(net, clip):
    ((site, (mean, variance)),) = gather_statistics(net, clip).items()
    assert site is net[1]
    responses = net[0](torch.cat(clip))
    torch.testing.assert_close(mean, responses.mean((0, 2, 3)), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(variance, responses.var((0, 2, 3), correction=0), atol=1e-6, rtol=1e-5)


def test_a_frozen_network_does_not_look_at_the_rest_of_the_picture(net, clip):
    changed = clip[0].clone()
    changed[..., :4] = 1
    steady = freeze_statistics(net, clip)
    torch.testing.assert_close(steady(clip[0])[..., 6:], steady(changed)[..., 6:], atol=0, rtol=0)
    assert (net(clip[0])[..., 6:] - net(changed)[..., 6:]).abs().max() > 0.01


def test_one_picture_is_painted_as_it_was(net, clip):
    torch.testing.assert_close(freeze_statistics(net, clip[:1])(clip[0]), net(clip[0]), atol=1e-5, rtol=0)


def test_the_network_is_given_back_as_it_was(net, clip):
    before = net(clip[0])
    with pytest.raises(RuntimeError), use_statistics(gather_statistics(net, clip)):
        raise RuntimeError
    torch.testing.assert_close(net(clip[0]), before, atol=0, rtol=0)
    assert net.state_dict().keys() == nn.Sequential(*net).state_dict().keys()


def test_adain_is_a_site(clip):
    site, mean, std = AdaIN(), torch.zeros(1, 3), torch.ones(1, 3)
    paint = lambda x: site(x, mean, std, torch.ones(1))  # noqa: E731
    made = freeze_statistics(paint, clip)(clip[1])
    pixels = torch.cat(clip)
    expected = (clip[1] - pixels.mean((0, 2, 3), keepdim=True)) / pixels.var(
        (0, 2, 3), correction=0, keepdim=True
    ).sqrt()
    torch.testing.assert_close(made, expected, atol=1e-3, rtol=0)


def test_tiles_see_the_same_statistics():
    torch.manual_seed(0)
    johnson = Johnson(Johnson.tiny())
    clip = list(torch.rand(2, 1, 3, 120, 136, generator=torch.Generator().manual_seed(1)))
    whole, tiled = ({"memory": m, "precision": "float32"} for m in (2**30, 2**21))
    found = [gather_statistics(lambda x, o=options: johnson.stylize(x, **o), clip) for options in (whole, tiled)]
    assert found[0].keys() == found[1].keys()
    assert len(found[0]) == sum(isinstance(module, NormLayer) for module in johnson.network.modules())
    for site, statistics in found[0].items():
        torch.testing.assert_close(statistics, found[1][site], atol=1e-4, rtol=1e-3)
    made = [
        freeze_statistics(lambda x, o=options: johnson.stylize(x, **o), clip)(clip[0]) for options in (whole, tiled)
    ]
    torch.testing.assert_close(*made, atol=1e-4, rtol=0)


def test_networks_of_other_threads_are_left_alone(net, clip):
    other = nn.Sequential(InstanceNorm(3))

    def paint(picture):
        thread = threading.Thread(target=other, args=(picture,))
        thread.start()
        thread.join()
        return net(picture)

    assert list(gather_statistics(paint, clip)) == [net[1]]

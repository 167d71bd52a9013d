"""Methods in the shape of coming papers, one file each: trained, accumulated, resumed bit for bit, shipped, loaded."""

import pytest
import torch

from pictura import models
from pictura.methods import find_method, open_method
from pictura.training import checkpoint

from .conftest import Interrupted, built, interrupt_after
from .made import Made

DEPLOYED = {
    "like_vaegan": {"encoder", "decoder"},
    "like_cyclegan": {"G_A", "G_B"},
    "like_caae": {"encoder", "generator"},
    "like_gan": {"generator"},
    "like_cogan": {"g_A", "g_B"},
}


@pytest.fixture(params=DEPLOYED)
def name(request):
    return request.param


@pytest.fixture
def trained(name, train):
    def run(steps, out, **options):
        return train(built(name), out, data=Made(find_method(name).data), steps=steps, save_every=1, **options)

    return run


def last(folder):
    (*_, path) = checkpoint.list_checkpoints(folder / "checkpoints")
    return checkpoint.read_checkpoint(path)


@pytest.mark.parametrize("accumulate", [1, 2, 3])
def test_resume_is_bit_for_bit(name, trained, accumulate):
    with pytest.raises(Interrupted):
        trained(4, "stopped", accumulate=accumulate, callback=interrupt_after(2))
    stopped = last(trained(4, "stopped", accumulate=accumulate, resume=True))
    folder = trained(4, "whole", accumulate=accumulate, keep=9)
    whole, first = last(folder), checkpoint.read_checkpoint(folder / "checkpoints" / checkpoint.checkpoint_name(1))
    assert whole.tensors.keys() == stopped.tensors.keys()
    for file, tensors in whole.tensors.items():
        assert tensors.keys() == stopped.tensors[file].keys()
        for key, tensor in tensors.items():
            assert torch.equal(tensor, stopped.tensors[file][key]), f"{file}: {key}"
    for network in built(name).networks():
        keys = [key for key in whole.tensors["model"] if key.startswith(f"{network}.")]
        assert any(not torch.equal(whole.tensors["model"][k], first.tensors["model"][k]) for k in keys), network


def test_a_model_holds_what_is_deployed_and_loads(name, trained):
    method = built(name)
    folder = trained(2, "run")
    bundle = models.read_bundle(folder / "bundle")
    assert {key.partition(".")[0] for key in bundle.tensors} == DEPLOYED[name]
    assert {key.partition(".")[0] for key in last(folder).tensors["model"]} == set(method.networks())
    opened = open_method(bundle)
    for network in opened.deployed_networks():
        for key, tensor in opened.networks()[network].state_dict().items():
            assert torch.equal(tensor, bundle.tensors[f"{network}.{key}"])
    critics = {n: {k: t.clone() for k, t in method.networks()[n].state_dict().items()} for n in method.networks()}
    method.begin(bundle)
    for network in set(method.networks()) - DEPLOYED[name]:
        for key, tensor in method.networks()[network].state_dict().items():
            assert torch.equal(tensor, critics[network][key]), "what a model does not hold begins new"

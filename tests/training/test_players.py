"""Updates: each loss reaches its player only, one graph for several players, accumulation, averages."""

import pytest
import torch
from torch import nn

from pictura.training.method import Player
from pictura.training.players import EMA, Players

from .conftest import built


class Alone:
    """What `Players` asks of Fabric, for one process in float32."""

    world_size = 1

    def backward(self, loss, **options):
        loss.backward(**options)


def descent(networks, rate=1.0, **options):
    parameters = nn.ModuleList(networks if isinstance(networks, list) else [networks]).parameters()
    return Player(networks, torch.optim.SGD(parameters, lr=rate), **options)


def one_weight(value):
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, value)
    return network


def team(accumulate=1, clip=None, **networks):
    return Players({name: descent(network) for name, network in networks.items()}, Alone(), accumulate, clip)


def value(network):
    return float(network.weight.detach())


def test_several_losses_of_one_graph_are_minimized_before_any_weight_moves():
    a, b = one_weight(2.0), one_weight(3.0)
    players = team(a=a, b=b)
    players.begin(0, 0)
    product = a.weight * b.weight
    players.update(a=product.sum(), b=-product.sum())
    assert (value(a), value(b)) == (2.0 - 3.0, 3.0 + 2.0)
    assert set(players.losses) == {"a", "b"}


def test_updates_after_each_other_see_the_new_weights():
    a, b = one_weight(2.0), one_weight(3.0)
    players = team(a=a, b=b)
    players.begin(0, 0)
    players.update(a=(a.weight * b.weight).sum())
    players.update(b=(a.weight * b.weight).sum())
    assert (value(a), value(b)) == (-1.0, 4.0)


def test_players_with_a_parameter_in_common_do_not_mix_gradients():
    shared = one_weight(1.0)
    players = team(a=shared, b=shared, accumulate=2)
    for micro in range(2):
        players.begin(0, micro)
        players.update(a=2 * shared.weight.sum())
        players.update(b=3 * shared.weight.sum())
    assert value(shared) == 1.0 - 2.0 - 3.0
    assert shared.weight.grad is None


def test_a_player_updated_several_times_a_batch_takes_as_many_steps_with_any_accumulation():
    """The mean of so many losses in turn as are accumulated, each a distance from a goal of its own."""
    for accumulate, updates in [(1, 3), (2, 3), (3, 5), (4, 2)]:
        network, steps = one_weight(0.0), []
        players = Players({"a": descent(network, rate=0.25)}, Alone(), accumulate, None)
        players.players["a"].optimizer.register_step_post_hook(lambda *_, steps=steps: steps.append(1))
        goals = torch.arange(accumulate * updates, dtype=torch.float32)
        for micro in range(accumulate):
            players.begin(0, micro)
            for goal in goals[micro * updates : (micro + 1) * updates]:
                players.update(a=(network.weight - goal).square().sum())
        players.end()
        expected = 0.0
        for together in goals.split(accumulate):
            expected -= 0.5 * (expected - float(together.mean()))
        assert len(steps) == updates
        assert value(network) == pytest.approx(expected)


def test_what_is_left_at_the_end_of_a_step_is_a_step():
    network = one_weight(0.0)
    players = team(a=network, accumulate=4)
    players.begin(0, 0)
    players.update(a=2 * network.weight.sum())
    players.end()
    assert value(network) == -2.0
    players.end()
    assert value(network) == -2.0


def test_each_player_is_clipped_alone():
    a, b = one_weight(0.0), one_weight(0.0)
    players = team(a=a, b=b, clip=1.0)
    players.begin(0, 0)
    players.update(a=100 * a.weight.sum(), b=0.5 * b.weight.sum())
    assert (value(a), value(b)) == (pytest.approx(-1.0, rel=1e-4), -0.5)


def test_average_is_the_textbook_s():
    network = torch.nn.Linear(1, 1, bias=False)
    average, expected = EMA(network, 0.5), float(network.weight.detach())
    for n in range(12):
        network.weight.data.fill_(float(n))
        average.update()
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
    assert float(average.tensors["weight"]) == pytest.approx(expected)
    with average.use_ema():
        assert float(network.weight.detach()) == pytest.approx(expected)
    assert float(network.weight.detach()) == 11


def test_several_networks_of_a_player_have_averages_and_shared_layers_one():
    shared, own = one_weight(1.0), one_weight(2.0)
    player = descent([nn.Sequential(shared, own), nn.Sequential(shared)], ema=0.5)
    players = Players({"both": player}, Alone(), 1, None)
    assert sorted(players.ema_weights()) == ["both.0.0.weight", "both.0.1.weight"]
    players.begin(0, 0)
    players.update(both=shared.weight.sum() + own.weight.sum())
    with players.use_ema():
        assert (value(shared), value(own)) == (pytest.approx(0.1), pytest.approx(1.1))  # the first decay is 1/10
    assert (value(shared), value(own)) == (0.0, 1.0)


def test_update_of_a_player_that_is_none(train):
    method = built("blur")
    method.step = lambda batch, update, generator: update(generater=torch.zeros(()))
    with pytest.raises(KeyError, match="the players are blurrer"):
        train(method)


def test_players_accumulate_apart(train):
    """A generator's loss goes through the critic and leaves nothing there: one step at a rate of 0 for one player."""
    method = built("duel")
    players = type(method).players

    def still(steps):
        found = players(method, steps)
        found["critic"].optimizer.param_groups[0]["lr"] = 0.0
        return found

    method.players = still
    before = {name: t.clone() for name, t in method.critic.state_dict().items()}
    train(method, accumulate=3)
    for name, tensor in method.critic.state_dict().items():
        assert torch.equal(tensor, before[name])

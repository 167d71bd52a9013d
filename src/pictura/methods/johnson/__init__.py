"""Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, section 3.1 and 4.1.

An image transformation network f_W turns the photo x into ŷ = f_W(x) in one pass. A loss network φ judges ŷ:
λ_c ℓ_feat(ŷ, x) + λ_s ℓ_style(ŷ, y_s) + λ_TV ℓ_TV(ŷ), with content in the responses of φ and the style of the painting
y_s in their statistics.

Ours instead of the paper's, by default: a slim network that holds several styles (see `pictura.networks.slim`) and the
losses of our optimisation, Wasserstein-2 of Gaussians on the compact encoder. A style has a strength s from the photo
to all of it: at s the loss is s times the paper's and 1 - s times λ_photo |ŷ - x|². The paper's own are
``variant="paper"`` and the recipe johnson-paper.
"""

from pictura.methods.johnson.method import Johnson
from pictura.methods.johnson.settings import JohnsonSettings

__all__ = ["Johnson", "JohnsonSettings"]

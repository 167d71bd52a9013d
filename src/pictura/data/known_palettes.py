"""The palettes of well-known sets of label maps: name of a class → red, green, blue, in the order of the numbers."""

from pictura.runtime.errors import PicturaError, did_you_mean

Colour = tuple[int, int, int]

# CMP Facades (Tyleček and Šára, GCPR 2013), in the colours that pix2pix's pictures of it have.
FACADES: dict[str, Colour] = {
    "background": (0, 0, 223),
    "facade": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 223),
    "sill": (112, 255, 143),
    "balcony": (191, 255, 64),
    "blind": (255, 239, 0),
    "deco": (255, 159, 0),
    "molding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}
# CamVid (Brostow et al., ECCV 2008) in the 11 classes and colours of SegNet (arXiv 1511.00561).
CAMVID: dict[str, Colour] = {
    "Sky": (128, 128, 128),
    "Building": (128, 0, 0),
    "Pole": (192, 192, 128),
    "Road": (128, 64, 128),
    "Pavement": (60, 40, 222),
    "Tree": (128, 128, 0),
    "SignSymbol": (192, 128, 128),
    "Fence": (64, 64, 128),
    "Car": (64, 0, 128),
    "Pedestrian": (64, 64, 0),
    "Bicyclist": (0, 128, 192),
    "Unlabelled": (0, 0, 0),
}
# Cityscapes (Cordts et al., CVPR 2016, arXiv 1604.01685): the 19 classes that count, by their training numbers.
CITYSCAPES: dict[str, Colour] = {
    "road": (128, 64, 128),
    "sidewalk": (244, 35, 232),
    "building": (70, 70, 70),
    "wall": (102, 102, 156),
    "fence": (190, 153, 153),
    "pole": (153, 153, 153),
    "traffic light": (250, 170, 30),
    "traffic sign": (220, 220, 0),
    "vegetation": (107, 142, 35),
    "terrain": (152, 251, 152),
    "sky": (70, 130, 180),
    "person": (220, 20, 60),
    "rider": (255, 0, 0),
    "car": (0, 0, 142),
    "truck": (0, 0, 70),
    "bus": (0, 60, 100),
    "train": (0, 80, 100),
    "motorcycle": (0, 0, 230),
    "bicycle": (119, 11, 32),
    "void": (0, 0, 0),
}
PALETTES = {"facades": FACADES, "camvid": CAMVID, "cityscapes": CITYSCAPES}
VOID = ("unlabelled", "void")  # what these sets call pixels that belong to no class, in small letters


def find_palette(name: str) -> dict[str, Colour]:
    """The palette of a set.

    Raises:
        PicturaError: there is none, with the names of those that there are.
    """
    if name not in PALETTES:
        raise PicturaError(
            f"There is no palette '{name}', only {', '.join(PALETTES)}: name one, or give class → colour."
            f"{did_you_mean(name, PALETTES)}"
        )
    return PALETTES[name]

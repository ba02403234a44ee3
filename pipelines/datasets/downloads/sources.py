"""The public sources. Sizes and digests are those that their owners or well-kept loaders publish, None elsewhere.

Digests of Stanford Cars are those of TensorFlow Datasets, of LFW and its pairs those of scikit-learn, of cats and dogs
that of GoMLX; MD5 of LFW deep-funneled from its own page, of two of the weights from Keras.
"""

import difflib
from typing import Final

from pipelines.datasets.downloads.source import RemoteFile, Source
from pipelines.errors import DatasetError

_WITHOUT_LICENCE: Final = "none published with the files; the photographs belong to their owners"
_KERAS: Final = "https://storage.googleapis.com/tensorflow/keras-applications"

_PAIRS: Final = RemoteFile(
    "pairs.txt",
    ("https://ndownloader.figshare.com/files/5976006", "http://vis-www.cs.umass.edu/lfw/pairs.txt"),
    sha256="ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
    md5="9f1ba174e4e1c508ff7cdf10ac338a7d",
)
_LFW_CITATION: Final = (
    "Huang, Ramesh, Berg and Learned-Miller, Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments, University of Massachusetts, Technical Report 07-49, 2007."
)
_LFW_USERS: Final = "research on face verification; the people shown never agreed to be recognised by others' products"


def _weights(
    architecture: str,
    address: str,
    md5: str | None,
    citation: str,
    home: str = "https://keras.io/api/applications/",
    owner: str = "Keras itself",
) -> Source:
    return Source(
        name=f"{architecture}_weights",
        title=f"ImageNet weights without their top, for train.architecture {architecture}",
        home=home,
        licence=f"none published with the file; {owner} is Apache-2.0",
        users="whom the publisher lets; the photographs of ImageNet themselves are for research",
        citation=citation,
        files=(RemoteFile(address.rpartition("/")[2], (address,), md5=md5),),
    )


SOURCES: Final = (
    Source(
        name="cats_dogs",
        title="Kaggle cats and dogs, as Microsoft gives it: 25,000 photos, some of them broken",
        home="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
        licence="the terms on Microsoft's download page",
        users="research and teaching; read the terms before any other use",
        citation="Elson, Douceur, Howell and Saul, Asirra: A CAPTCHA that Exploits Interest-Aligned Manual Image "
        "Categorization, ACM CCS 2007.",
        files=(
            RemoteFile(
                "kagglecatsanddogs_5340.zip",
                (
                    "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
                    "kagglecatsanddogs_5340.zip",
                ),
                size_bytes=824_887_076,
                sha256="b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            ),
        ),
        classifier="cats_dogs",
        layout="kaggle_cats_dogs",
    ),
    Source(
        name="lfw",
        title="Labeled Faces in the Wild, as photographed, with the list of pairs: 13,233 photos of 5,749 people",
        home="http://vis-www.cs.umass.edu/lfw/",
        licence=_WITHOUT_LICENCE,
        users=_LFW_USERS,
        citation=_LFW_CITATION,
        files=(
            RemoteFile(
                "lfw.tgz",
                ("https://ndownloader.figshare.com/files/5976018", "http://vis-www.cs.umass.edu/lfw/lfw.tgz"),
                size_bytes=180_566_744,
                sha256="055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0",
                md5="a17d05bd522c52d84eca14327a23d494",
            ),
            _PAIRS,
        ),
        classifier="celebrities",
        layout="lfw",
    ),
    Source(
        name="lfw_deepfunneled",
        title="Labeled Faces in the Wild, turned upright by deep funneling, with the list of pairs",
        home="http://vis-www.cs.umass.edu/lfw/",
        licence=_WITHOUT_LICENCE,
        users=_LFW_USERS,
        citation=_LFW_CITATION + " Huang, Mattar, Lee and Learned-Miller, Learning to Align from Scratch, NIPS 2012.",
        files=(
            RemoteFile(
                "lfw-deepfunneled.tgz",
                ("http://vis-www.cs.umass.edu/lfw/lfw-deepfunneled.tgz",),
                md5="68331da3eb755a505a502b5aacb3c201",
            ),
            _PAIRS,
        ),
        classifier="celebrities",
        layout="lfw",
    ),
    Source(
        name="stanford_cars",
        title="Stanford Cars: 16,185 photos of 196 makes, models and years, with boxes and an official split",
        home="https://ai.stanford.edu/~jkrause/cars/car_dataset.html",
        licence=_WITHOUT_LICENCE,
        users="research and teaching",
        citation="Krause, Stark, Deng and Fei-Fei, 3D Object Representations for Fine-Grained Categorization, "
        "3dRR 2013.",
        files=(
            RemoteFile(
                "cars_train.tgz",
                ("http://ai.stanford.edu/~jkrause/car196/cars_train.tgz",),
                size_bytes=979_269_282,
                sha256="512b227b30e2f0a8aab9e09485786ab4479582073a144998da74d64b801fd288",
            ),
            RemoteFile(
                "cars_test.tgz",
                ("http://ai.stanford.edu/~jkrause/car196/cars_test.tgz",),
                size_bytes=977_350_468,
                sha256="bffea656d6f425cba3c91c6d83336e4c5f86c6cffd8975b0f375d3a10da8e243",
            ),
            RemoteFile(
                "car_devkit.tgz",
                ("https://ai.stanford.edu/~jkrause/cars/car_devkit.tgz",),
                size_bytes=330_960,
                sha256="b97deb463af7d58b6bfaa18b2a4de9829f0f79e8ce663dfa9261bf7810e9accd",
            ),
            RemoteFile(
                "cars_test_annos_withlabels.mat",
                ("http://ai.stanford.edu/~jkrause/car196/cars_test_annos_withlabels.mat",),
                size_bytes=185_758,
                sha256="790f75be8ea34eeded134cc559332baf23e30e91367e9ddca97d26ed9b895f05",
            ),
        ),
        classifier="cars",
        layout="stanford_cars",
        steps=(
            "The university's addresses have answered 404 since 2023. Copies of the same files serve as well: "
            "`vigia data download stanford_cars --from FOLDER_OR_ADDRESS` takes a folder, here or on a server, with "
            "cars_train.tgz, cars_test.tgz, car_devkit.tgz and cars_test_annos_withlabels.mat, and checks them.",
            "Or on Kaggle: make an account and a token (Settings, API), install its client, and type "
            "`kaggle datasets download -d rickyyyyyyy/torchvision-stanford-cars`.",
            "Hand the archive over: `vigia data download stanford_cars --from torchvision-stanford-cars.zip`.",
        ),
    ),
    Source(
        name="simpsons",
        title="The Simpsons characters: stills by character, some with boxes, and a flat test set",
        home="https://www.kaggle.com/datasets/alexattia/the-simpsons-characters-dataset",
        licence="the one that Kaggle names on the page; the stills belong to the makers of the series",
        users="private study and research",
        citation="Attia, The Simpsons Characters Data, Kaggle, 2017.",
        classifier="simpsons",
        layout="simpsons",
        steps=(
            "Kaggle gives it to people with an account: make one, make a token (Settings, API) and install its client.",
            "`kaggle datasets download -d alexattia/the-simpsons-characters-dataset`",
            "`vigia data download simpsons --from the-simpsons-characters-dataset.zip`",
        ),
    ),
    Source(
        name="compcars",
        title="CompCars: 136,726 photos of 1,716 car models, and 50,000 of surveillance cameras",
        home="http://mmlab.ie.cuhk.edu.hk/datasets/comp_cars/index.html",
        licence="its own agreement: no redistribution",
        users="non-commercial research only",
        citation="Yang, Luo, Loy and Tang, A Large-Scale Car Dataset for Fine-Grained Categorization and Verification, "
        "CVPR 2015.",
        classifier="cars",
        layout="compcars",
        steps=(
            "Read the agreement on the dataset's page: by using the pictures you accept it.",
            "Follow http://mmlab.ie.cuhk.edu.hk/datasets/comp_cars/instruction.txt: fetch data.zip and data.z01 to "
            "data.z22 (the photos of the web), or sv_data.* (those of the surveillance cameras), into one folder.",
            "Join the parts: `zip -F data.zip --out combined.zip`.",
            "Unpack with the password of that page: `unzip combined.zip -d compcars`.",
            "`vigia data import compcars --classifier cars --layout compcars`",
        ),
    ),
    _weights(
        "resnet50",
        f"{_KERAS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
        "He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, CVPR 2016.",
    ),
    _weights(
        "efficientnet_v2_b0",
        f"{_KERAS}/efficientnet_v2/efficientnetv2-b0_notop.h5",
        "893217f2bb855e2983157299931e43ff",
        "Tan and Le, EfficientNetV2: Smaller Models and Faster Training, ICML 2021.",
    ),
    _weights(
        "vision_transformer",
        "https://storage.googleapis.com/vit_models/augreg/Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0--"
        "imagenet2012-steps_20k-lr_0.03-res_224.npz",
        None,
        "Steiner, Kolesnikov, Zhai, Wightman, Uszkoreit and Beyer, How to train your ViT?, TMLR 2022.",
        home="https://github.com/google-research/vision_transformer",
        owner="the authors' code",
    ),
)


def find_source(name: str) -> Source:
    """Raises DatasetError naming the known ones."""
    known = {source.name: source for source in SOURCES}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"Did you mean {close[0]}?" if close else "`vigia data download --list` says what each of them is."
    raise DatasetError(f"Expected one of {', '.join(known)}, received {name!r}. {meant}")

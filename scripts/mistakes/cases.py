"""The mistakes of the page, by the class of their error and the order of the page."""

import signal

from mistakes import machines
from mistakes.mistake import (
    COMMAND_LINE,
    EXPERIMENT,
    INTERNAL,
    INTERRUPT,
    PURPOSE,
    TABLE,
    Mistake,
)

RUN = "runs/flowers"
TRAIN = "nettrain train flowers.yaml"
LONG = f"{TRAIN} training.epochs=1000000 training.early_stopping=null"
GPU = f"{TRAIN} backend.name=cupy"
HEADER = "length,petal,species\n"
IN_PLACE = "Lines count from 1, the header included; `nettrain check` lists all problems of a table at once."

ON_THE_COMMAND_LINE = [
    Mistake(
        COMMAND_LINE,
        "a missing argument",
        "nettrain train",
        "The usage line above the message names the arguments.",
    ),
    Mistake(
        COMMAND_LINE, "an unknown command", "nettrain trian flowers.yaml", "`nettrain --help` lists them."
    ),
    Mistake(
        COMMAND_LINE,
        "an unknown option",
        f"{TRAIN} --xyz",
        "`nettrain train --help` lists them. Settings of the experiment are written `KEY=VALUE`.",
    ),
]

IN_EXPERIMENTS = [
    Mistake(
        "SpecError",
        "a missing experiment file",
        "nettrain train flower.yaml",
        "Paths are relative to the folder in which the command runs.",
    ),
    Mistake(
        "SpecError",
        "an unknown key",
        TRAIN,
        "`nettrain show FILE` shows every key with its value, [experiment.md](experiment.md) explains them.",
        {"flowers.yaml": EXPERIMENT.replace("hidden", "hiden")},
    ),
    Mistake(
        "SpecError",
        "an unknown key in an override",
        f"{TRAIN} training.epoch=10",
        "The error names the override instead of a line.",
    ),
    Mistake(
        "SpecError", "an unknown name", f"{TRAIN} optimizer=adamm", "`nettrain list optimizers` has them all."
    ),
    Mistake(
        "SpecError",
        "a value out of range",
        f"{TRAIN} optimizer.learning_rate=-1",
        "Most ranges are stated in `nettrain schema`, by which editors check while one writes.",
    ),
    Mistake(
        "SpecError",
        "a value of the wrong type",
        TRAIN,
        "Write a whole number.",
        {"flowers.yaml": EXPERIMENT.replace("epochs: 5", "epochs: many")},
    ),
    Mistake(
        "SpecError",
        "invalid YAML",
        TRAIN,
        "Close the bracket. Text with `:`, `#`, `{` or `[` in it stands in quotes.",
        {"flowers.yaml": EXPERIMENT.replace("[4]", "[4")},
    ),
    Mistake(
        "SpecError",
        "a duplicate key",
        TRAIN,
        "YAML would silently take the last one; join the two.",
        {"flowers.yaml": EXPERIMENT + "training: {batch_size: 8}\n"},
    ),
    Mistake(
        "SpecError",
        "an unknown file format",
        f"{TRAIN} data.source=flowers.cvs",
        "[data.md](data.md) says what each format must look like.",
    ),
    Mistake(
        "SpecError",
        "an unknown parameter of a sweep",
        'nettrain sweep flowers.yaml "sweep.parameters={optimizer.rate: {values: [0.1, 1]}}"',
        "Parameters are keys of the experiment, with dots.",
    ),
    Mistake(
        "SpecError",
        "a change that resuming cannot make",
        f"nettrain resume {RUN} 'model.hidden=[5]'",
        "`resume` may change what lies ahead, such as `training.epochs`; for the rest train anew.",
    ),
    Mistake(
        "SpecError",
        "a missing run",
        "nettrain predict runs/flower flowers.csv",
        "`nettrain runs` lists them.",
    ),
    Mistake(
        "SpecError",
        "a table in place of a run",
        f"nettrain predict flowers.csv {RUN}",
        "The run comes first, then the data.",
    ),
    Mistake(
        "SpecError",
        "an output that would replace an input",
        f"nettrain predict {RUN} flowers.csv --out flowers.csv",
        "Name another file.",
    ),
    Mistake(
        "SpecError",
        "an unknown export format",
        f"nettrain export {RUN} model.txt",
        "[deploy.md](deploy.md) says which format is for what.",
    ),
    Mistake(
        "SpecError",
        "a library that is not installed",
        f"nettrain export {RUN} model.onnx",
        "Run the command that the message names.",
        machine=machines.without_onnx,
        where="without the package onnx",
    ),
]

IN_DATA = [
    Mistake(
        "DataError",
        "a missing table",
        f"{TRAIN} data.source=flower.csv",
        "Paths in an experiment file are relative to the file's folder.",
    ),
    Mistake("DataError", "an empty table", TRAIN, "Check what wrote the file.", {"flowers.csv": ""}),
    Mistake(
        "DataError",
        "a row with too many cells",
        TRAIN,
        f"A separator within a cell wants quotes around the cell. {IN_PLACE}",
        {"flowers.csv": HEADER + "5.0,1.4,setosa\n5.9,4,3,versicolor\n"},
    ),
    Mistake(
        "DataError",
        "an unknown target column",
        f"{TRAIN} data.target=specis",
        "`data.target` names a column, as the header spells it.",
    ),
    Mistake(
        "DataError",
        "a target with a single class",
        TRAIN,
        "Choose another target, or add rows of other classes.",
        {"flowers.csv": HEADER + "5.0,1.4,setosa\n5.1,1.5,setosa\n5.2,1.4,setosa\n"},
    ),
    Mistake(
        "DataError",
        "a split that leaves nothing to train on",
        f"{TRAIN} data.test=0.99",
        "`data.test` and `data.validation` are shares of all rows: 0.2 is a fifth.",
    ),
    Mistake(
        "DataError",
        "a missing input column",
        f"nettrain predict {RUN} later.csv",
        "Predictions need every input that the run was trained on; the target may be missing.",
        {"later.csv": "length,species\n5.0,setosa\n"},
    ),
    Mistake(
        "DataError",
        "text in a column of numbers",
        f"nettrain predict {RUN} later.csv",
        "Correct the cell, or leave it empty if the run had missing values too.",
        {"later.csv": "length,petal\n5.0,short\n"},
    ),
    Mistake(
        "DataError",
        "an unknown class",
        f"nettrain evaluate {RUN} later.csv",
        "Spell it as in the training data, or leave these rows out.",
        {"later.csv": HEADER + "5.0,1.4,rose\n"},
    ),
    Mistake(
        "DataError",
        "a truncated file",
        f"{TRAIN} data.source=flowers.npz",
        "Copy or download it again.",
        {"flowers.npz": TABLE.encode()[:100]},
    ),
]

IN_STORED_FILES = [
    Mistake(
        "StoredFileError",
        "a history that was edited",
        f"nettrain resume {RUN} training.epochs=8",
        "What a continuation stands on is checked; copy such a table elsewhere before you change it.",
        {f"{RUN}/history.csv": "epoch,loss\n1,0.5\n"},
    ),
    Mistake(
        "StoredFileError",
        "a value of another kind",
        f"nettrain report {RUN}",
        "Put back the file, or train again. `resume` does not need this one, and writes it anew.",
        {f"{RUN}/summary.json": '{"status": 5}\n'},
    ),
    Mistake(
        "StoredFileError",
        "a model that is cut off",
        f"nettrain predict {RUN} flowers.csv",
        "Copy or download it again.",
        {f"{RUN}/model.safetensors": TABLE.encode()[:100]},
    ),
]

ON_THIS_MACHINE = [
    Mistake(
        "BackendError",
        "another error of CUDA",
        GPU,
        "The text comes from CUDA; search for its first word.",
        machine=machines.with_a_mismatch,
        where="whose driver was updated without a restart",
    ),
    Mistake(
        "NoCupyError",
        "no CuPy",
        GPU,
        "[gpu.md](gpu.md) says what a GPU needs; without `backend.name` nettrain takes the processor.",
        machine=machines.without_cupy,
        where="without CuPy",
    ),
    Mistake(
        "SeveralCupysError",
        "two packages that provide CuPy",
        GPU,
        "Run the two commands in the message.",
        machine=machines.with_two_cupys,
        where="with both `cupy-cuda12x` and `cupy-cuda13x`",
    ),
    Mistake(
        "NoDriverError",
        "no driver",
        GPU,
        "Ask whoever looks after the machine, or train with `--backend numpy`.",
        machine=machines.without_driver,
        where="without an NVIDIA driver",
    ),
    Mistake(
        "OtherCudaError",
        "a driver that is too old",
        GPU,
        "Either of the two helps.",
        machine=machines.with_an_old_driver,
        where="with a driver for CUDA 12 and CuPy for CUDA 13",
    ),
    Mistake(
        "NoDeviceError",
        "no device",
        GPU,
        "Unset the variable; in a container the device must be passed on to it.",
        machine=machines.without_gpu,
        where="whose driver shows no GPU",
    ),
    Mistake(
        "NoDeviceError",
        "an unknown device",
        f"{GPU} --device 5",
        "Devices count from 0; `nettrain info` shows them.",
        machine=machines.with_one_gpu,
        where="with one GPU",
    ),
    Mistake(
        "CudaLibraryError",
        "a missing CUDA library",
        GPU,
        "Run the command in the message.",
        machine=machines.without_cublas,
        where="without cuBLAS",
    ),
    Mistake(
        "DeviceMemoryError",
        "not enough GPU memory",
        GPU,
        "Lower what the message names, or end what else runs on the GPU.",
        machine=machines.with_a_full_gpu,
        where="whose GPU is full",
    ),
]

OTHERS = [
    Mistake(
        "NettrainError",
        "a folder that cannot be created",
        f"{TRAIN} --out /proc/runs",
        "Name a folder that can be written to. A full disk is reported in the same way.",
    ),
    Mistake(
        PURPOSE,
        "a training that diverges",
        f'{TRAIN} "optimizer={{name: sgd, learning_rate: 1e30}}" model.activation=relu --quiet --no-figures',
        "The run keeps the weights of the epoch before; a smaller learning rate usually helps.",
    ),
    Mistake(
        INTERNAL,
        "an internal error",
        "nettrain runs",
        "Please report it, with what the command prints with `--debug`.",
        machine=machines.where_nettrain_fails,
        where="on which nettrain has a bug",
    ),
    Mistake(
        INTERRUPT,
        "Ctrl-C while a network trains",
        f"{LONG} --quiet --no-figures",
        "The run is whole, and goes on to the same bits. A second Ctrl-C ends it at once.",
        signal=signal.SIGINT,
    ),
    Mistake(
        INTERRUPT,
        "SIGTERM while a network trains",
        f"{LONG} --quiet --no-figures",
        "This is how services and `timeout` end a process; otherwise it is the same.",
        signal=signal.SIGTERM,
    ),
]

MISTAKES = [*ON_THE_COMMAND_LINE, *IN_EXPERIMENTS, *IN_DATA, *IN_STORED_FILES, *ON_THIS_MACHINE, *OTHERS]

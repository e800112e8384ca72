"""Train a classifier by Keras on JAX: TABLE SETTINGS MODEL."""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np

with open(sys.argv[2]) as file:
    settings = json.load(file)
table = np.loadtxt(sys.argv[1], np.float32, delimiter=",", skiprows=1)
keras.utils.set_random_seed(0)
order = np.random.permutation(len(table))
train, held_out = table[order[: settings["rows"]]], table[order[settings["rows"] :]]
scaling = keras.layers.Normalization()
scaling.adapt(train[:, :-1])
classes = int(train[:, -1].max()) + 1
hidden = [keras.layers.Dense(units, settings["activation"]) for units in settings["hidden"]]
model = keras.Sequential([scaling, *hidden, keras.layers.Dense(classes, "softmax")])
optimizer = keras.optimizers.Adam(settings["rate"])
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train[:, :-1], train[:, -1], batch_size=settings["batch"], epochs=settings["epochs"], verbose=0)
print(model.evaluate(held_out[:, :-1], held_out[:, -1], verbose=0)[1])
model.save(sys.argv[3])

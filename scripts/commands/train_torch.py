"""Train a classifier by PyTorch: TABLE SETTINGS MODEL."""

import json
import sys

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)  # faster than two for layers as small as these
with open(sys.argv[2]) as file:
    settings = json.load(file)
table = torch.from_numpy(np.loadtxt(sys.argv[1], np.float32, delimiter=",", skiprows=1))
torch.manual_seed(0)
order = torch.randperm(len(table))
train, held_out = table[order[: settings["rows"]]], table[order[settings["rows"] :]]
mean, scale = train[:, :-1].mean(0), train[:, :-1].std(0, correction=0)
scale[scale == 0] = 1
x, y = (train[:, :-1] - mean) / scale, train[:, -1].long()

layers: list[nn.Module] = []
inputs = x.shape[1]
for units in settings["hidden"]:
    layers += [nn.Linear(inputs, units), {"relu": nn.ReLU, "tanh": nn.Tanh}[settings["activation"]]()]
    inputs = units
model = nn.Sequential(*layers, nn.Linear(inputs, int(y.max()) + 1))
optimizer = torch.optim.Adam(model.parameters(), settings["rate"], fused=True)
for _ in range(settings["epochs"]):
    for rows in torch.randperm(len(x)).split(settings["batch"]):
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    predicted = model((held_out[:, :-1] - mean) / scale).argmax(1)
print(float((predicted == held_out[:, -1]).float().mean()))
torch.save({"model": model.state_dict(), "mean": mean, "scale": scale}, sys.argv[3])

"""MNIST as configs/mnist.yaml has it, in PyTorch as users write it: python mnist_torch.py FOLDER EPOCHS."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

FOLDER, EPOCHS = Path(sys.argv[1]), int(sys.argv[2])


def read(name: str, header: int) -> Tensor:
    """The bytes of an IDX file behind its header, compressed or not."""
    path = FOLDER / name
    content = path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=header).copy())


def split(name: str) -> tuple[Tensor, Tensor]:
    """Images and labels."""
    images = read(f"{name}-images-idx3-ubyte", 16).reshape(-1, 784)
    return images.float() / 255, read(f"{name}-labels-idx1-ubyte", 8).long()


def accuracy(model: nn.Module, rows: DataLoader) -> float:
    """The share of rows that are classified right."""
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in rows)
    return right / len(rows.dataset)  # type: ignore[arg-type]


torch.manual_seed(0)
(x, y), test = split("train"), split("t10k")
train_rows = DataLoader(TensorDataset(x[5000:], y[5000:]), 128, shuffle=True)
validation_rows = DataLoader(TensorDataset(x[:5000], y[:5000]), 1000)
test_rows = DataLoader(TensorDataset(*test), 1000)
model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * len(train_rows))
for epoch in range(EPOCHS):
    for inputs, labels in train_rows:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
        schedule.step()
    print(f"epoch {epoch + 1}: validation accuracy {accuracy(model, validation_rows):.4f}")
print(f"test accuracy {accuracy(model, test_rows):.4f}")
torch.save(model.state_dict(), "mnist.pt")

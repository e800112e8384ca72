"""What the inputs that a column becomes hold."""

from typing import Literal

InputKind = Literal["number", "indicator", "category"]
NUMBER: InputKind = "number"  # which is scaled
INDICATOR: InputKind = "indicator"  # 0 or 1
CATEGORY: InputKind = "category"  # the whole number of a category, 0 if missing or unseen

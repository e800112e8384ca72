"""What a report on a run or a sweep holds, collected from its folder as plain objects."""

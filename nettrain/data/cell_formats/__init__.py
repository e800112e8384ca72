"""How the cells of a column are written: dates, times, and numbers with commas, signs and units."""

"""Where rows come from: files of every format, built-in and synthetic sources, and tables in memory."""

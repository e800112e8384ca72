"""The experiment as a whole: one YAML file, every key validated, every error with its line.

An experiment passes through four stages:

1. *Loaded*: `document.parse` reads the YAML text into plain values with line numbers, and
   `overrides.apply_overrides` changes them as the command line says.
2. *Validated*: `load.validate` turns the values into an `Experiment`, in which every key has a value of the
   right type and range, and no two keys contradict each other. `load.load` does both of these stages.
3. *Resolved*: `resolution.resolve` fills in the four seeds and the backend. What it decides depends on the
   file and on the machine, but not on the data.
4. *Resolved with the data*: `resolution.resolve_with_data` fills in whatever is left at `auto`, such as the
   loss, and refuses experiments that do not fit their data. Only such an experiment can be trained, and
   the `config.yaml` of a run holds it.
"""

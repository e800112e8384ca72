"""The parts of an exported module around the network: what is called, what reads cells, the command."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from nettrain.export.numpy_module.docstring import targets
from nettrain.export.numpy_module.statements import quoted
from nettrain.export.prediction import PredictionGraph
from nettrain.store.predictions import as_spelled_numbers


def classes_of(graph: PredictionGraph) -> str:
    """The list of classes: numbers where they are, else text."""
    names = pl.Series(graph.task.classes, dtype=pl.String)
    values = as_spelled_numbers(names).to_list() if graph.numeric_classes else names.to_list()
    return f"[{', '.join(quoted(one) if isinstance(one, str) else repr(one) for one in values)}]"


def predict_functions(graph: PredictionGraph, decisions: Sequence[str]) -> Iterator[str]:
    """`predict`, and `probabilities` or `scores` of classes and labels."""
    task, what = graph.task, targets(graph)
    if task.targets == "numbers":
        one = len(task.names) == 1
        shape, part = ("(N,)", "[:, 0]") if one else (f"(N, {len(task.names)})", "")
        yield f'''
def predict(columns):
    """The {what} {shape} of the rows."""
    return network(cells_of(columns)){part}
'''
        return
    kind = "probabilities" if task.probabilities else "scores"
    *before, last = decisions
    body = "".join(f"    {line}\n" for line in before if line and not line.startswith("#"))
    result = last.removeprefix("return ")
    if task.targets == "labels":
        yield f'''
def predict(columns):
    """0 or 1 for each label (N, {len(task.names)}) of each row."""
    predicted = {kind}(columns)
{body}    return {result}
'''
    else:
        yield f'''
def predict(columns):
    """The {what} (N,) of the rows, of CLASSES."""
    predicted = {kind}(columns)
{body}    return CLASSES[{result}]
'''
    each = "label" if task.targets == "labels" else "of CLASSES"
    count = graph.predictions.shape[1]
    yield f'''
def {kind}(columns):
    """The {kind} (N, {count}) of the rows, one for each {each}."""
    return network(cells_of(columns))
'''


def table_reader(kinds: Mapping[str, Sequence[str]]) -> str:
    """The function that reads the cells of all columns."""
    functions = {"number": "numbers", "text": "texts", "date": "dates"}
    each = [f"dict.fromkeys({functions[kind].upper()}, {functions[kind]})" for kind in kinds]
    readers = f"readers = {each[0]}"
    if len(each) > 1:
        readers = "\n".join(["readers = {", *(f"        **{one}," for one in each), "    }"])
    return f'''
def cells_of(columns):
    """The cells (N,) of each column. Raises ValueError where they cannot be read."""
    {readers}
    cells = {{}}
    for name, read in readers.items():
        if name not in columns:
            raise ValueError(f'column "{{name}}" is missing')
        try:
            cells[name] = read(columns[name])
        except (TypeError, ValueError) as error:
            raise ValueError(f'column "{{name}}": {{error}}') from None
    if len({{len(one) for one in cells.values()}}) > 1:
        raise ValueError("columns have different numbers of rows")
    return cells
'''


def matrix_reader() -> str:
    """The function that reads a matrix."""
    return '''
def cells_of(matrix):
    """The cells (N, C) as an array. Raises ValueError where it is no matrix of these columns."""
    cells = np.asarray(matrix, float)
    if cells.ndim != 2 or cells.shape[1] != len(NUMBERS):
        raise ValueError(f"a matrix (N, {len(NUMBERS)}) is asked for, not {cells.shape}")
    return cells
'''


def program(graph: PredictionGraph) -> str:
    """The function that predicts the rows of a CSV file."""
    task = graph.task
    kind = "probabilities" if task.probabilities else "scores"
    output = {
        "numbers": "zip(predict(columns).tolist())" if len(task.names) == 1 else "predict(columns).tolist()",
        "labels": f"zip(*predict(columns).T.tolist(), *{kind}(columns).T.tolist())",
    }.get(task.targets, f"zip(predict(columns).tolist(), *{kind}(columns).T.tolist())")
    header = f"[{quoted(task.names[0])}]" if task.targets == "numbers" and len(task.names) == 1 else "HEADER"
    return f'''
def main():
    """Predict the rows of a CSV file, as CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", help="a CSV file with a header, - is standard input")
    path = parser.parse_args().rows
    try:
        with open(0 if path == "-" else path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), reader.fieldnames or ()
{_columns_of_rows(graph)}
        output = {output}
    except OSError as error:
        sys.exit(f"{{path}}: {{error.strerror}}")
    except ValueError as error:
        sys.exit(f"{{path}}: {{error}}")
    writer = csv.writer(sys.stdout, lineterminator="\\n")
    writer.writerow({header})
    writer.writerows(output)
'''


def _columns_of_rows(graph: PredictionGraph) -> str:
    if not graph.matrix:
        return "        columns = {name: [row[name] for row in rows] for name in names}"
    return """        for name in NUMBERS:
            if name not in names:
                raise ValueError(f'column "{name}" is missing')
        columns = [[row[name] or "nan" for name in NUMBERS] for row in rows]"""

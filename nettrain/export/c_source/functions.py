"""Functions that an exported C file takes along, as they stand in it."""

MAXIMUM = """/* the larger of two numbers; of NaN and another, NaN */
static {type} {name}({type} a, {type} b) {{ return a > b || a != a ? a : b; }}
"""
MINIMUM = """/* the smaller of two numbers; of NaN and another, NaN */
static {type} {name}({type} a, {type} b) {{ return a < b || a != a ? a : b; }}
"""
LARGER = """static int maximum_i(int a, int b) { return a > b ? a : b; }
"""
SMALLER = """static int minimum_i(int a, int b) { return a < b ? a : b; }
"""
ABSOLUTE = """static int absolute_i(int a) { return a < 0 ? -a : a; }
"""
SIGN = """/* -1, 0 or 1 */
static {type} {name}({type} a) {{ return a > 0 ? 1 : a < 0 ? -1 : a; }}
"""
SQUARE = """static {type} {name}({type} a) {{ return a * a; }}
"""
REMAINDER = """/* what is left of a, with the sign of b */
static {type} {name}({type} a, {type} b) {{ return a - b * {floor}; }}
"""
FLOOR_DIVIDE = """static {type} {name}({type} a, {type} b) {{ return {floor}; }}
"""
REMAINDER_OF_INTEGERS = """/* what is left of a, with the sign of b */
static int remainder_i(int a, int b) { return (a % b + b) % b; }
"""
POINTS = """/* y at x between count points (xs, ys), of which xs rise */
static double interpolated(double x, const double *xs, const double *ys, int count)
{
    int k = -1;
    if (isnan(x)) return x;
    while (k + 1 < count && xs[k + 1] <= x) k++;
    if (k < 0) return ys[0];
    if (k == count - 1) return ys[k];
    return (ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k]) * (x - xs[k]) + ys[k];
}
"""
POSITION_OF = """/* the position of a text in a table, `other` of one that it lacks; NULL is a gap, as "" */
static int position_of(const char *text, const text_position *table, int count, int other)
{
    for (int k = 0; k < count; k++) {
        if (strcmp(text ? text : "", table[k].text) == 0) return table[k].position;
    }
    return other;
}
"""
BODIES = {
    **{"maximum": MAXIMUM, "minimum": MINIMUM, "sign": SIGN, "square": SQUARE},
    **{"remainder": REMAINDER, "floor_divide": FLOOR_DIVIDE},
}
TYPES = {"_f": "float", "_i": "int", "_d": "double"}  # by the end of a name
FIXED = {
    "interpolated": POINTS,
    "position_of": POSITION_OF,
    "remainder_i": REMAINDER_OF_INTEGERS,
    "absolute_i": ABSOLUTE,
    "maximum_i": LARGER,
    "minimum_i": SMALLER,
}


def definition(name: str) -> str:
    """The definition of a function of this name."""
    if name in FIXED:
        return FIXED[name]
    kind = TYPES.get(name[-2:], "double")
    body = BODIES[name[:-2] if name[-2:] in TYPES else name]
    floor = {"float": "floorf(a / b)", "double": "floor(a / b)", "int": "(a - (a % b + b) % b) / b"}[kind]
    return body.format(type=kind, name=name, floor=floor)

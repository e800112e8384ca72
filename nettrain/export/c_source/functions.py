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
HAS_WORD = """/* how many bytes the letter or digit at the start of a text has, 0 if there is none */
static int letter(const char *text)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const unsigned char *at = (const unsigned char *)text;
    int bytes = at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (at[0] < 0x80) return *text && strchr(letters, *text);
    if (at[0] < 0xC3) return 0; /* signs up to U+00BF */
    if (at[0] == 0xE2 && (at[1] == 0x80 || (at[1] == 0x81 && at[2] < 0xB0))) return 0; /* U+2000 to U+206F */
    if (at[0] == 0xE3 && at[1] == 0x80) return 0; /* U+3000 to U+303F */
    for (int k = 1; k < bytes; k++) {
        if (at[k] == 0) return k;
    }
    return bytes;
}

/* whether a text has a word, with letters from A to Z in any case; NULL has none */
static int has_word(const char *text, const char *word)
{
    const int length = (int)strlen(word);
    while (text && *text) {
        int end = 0, same = 0, bytes;
        while ((bytes = letter(text + end)) > 0) end += bytes;
        while (same < end && same < length) {
            const char one = text[same];
            if ((one >= 'A' && one <= 'Z' ? one + 'a' - 'A' : one) != word[same]) break;
            same++;
        }
        if (end == length && same == length) return 1;
        text += end > 0 ? end : 1;
    }
    return 0;
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
    "has_word": HAS_WORD,
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

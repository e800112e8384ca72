// Types and functions that translated kernels use. NVRTC compiles this, without any headers.
//
// An iteration of a kernel's prange belongs to a team of `size` threads: a warp or part of one, or a whole block.
// Every thread executes every line of the iteration, but loops with independent iterations share them out.

typedef signed char Int8;
typedef short Int16;
typedef int Int32;
typedef long long Int;
typedef unsigned char UInt8;
typedef unsigned short UInt16;
typedef unsigned UInt32;
typedef unsigned long long UInt;

// An array without gaps, the last axis first in memory. Fewer indices than axes give a view of the rest.
template <class T, int N> struct View {
    typedef T type;
    static constexpr int itemsize = sizeof(T);
    T *at;
    Int n[N];

    template <class... I> __device__ decltype(auto) operator()(I... i) const {
        Int offset = 0;
        int axis = 0;
        ((offset = offset * n[axis++] + Int(i)), ...);
        if constexpr (sizeof...(I) == N) {
            return (at[offset]);
        } else {
            View<T, N - int(sizeof...(I))> rest;
            for (int k = 0; axis < N; ++k, ++axis) {
                rest.n[k] = n[axis];
                offset *= n[axis];
            }
            rest.at = at + offset;
            return rest;
        }
    }

    __device__ View<T, 1> part(Int first, Int last) const { return View<T, 1>{at + first, {last - first}}; }
    __device__ View<T, 1> flat() const { return View<T, 1>{at, {size()}}; }
    __device__ Int shape(int axis) const { return n[axis]; }
    __device__ Int size() const {
        Int all = 1;
        for (int k = 0; k < N; ++k) all *= n[k];
        return all;
    }
};

struct Sum {
    template <class T> __device__ T operator()(T a, T b) const { return a + b; }
};
struct Largest {
    template <class T> __device__ T operator()(T a, T b) const { return b > a ? b : a; }
};
struct Least {
    template <class T> __device__ T operator()(T a, T b) const { return b < a ? b : a; }
};
struct Any {
    __device__ int operator()(int a, int b) const { return a | b; }
};

// The threads of a team in two dimensions: `across` adjacent ones make a group, and there are so many groups.
struct Grid {
    Int across, column, group, groups;
};

// The threads that share an iteration. `reduce` returns the values of all threads, combined in a fixed order, to
// each of them; `total` returns the sum of a column to the first group. Sizes are powers of two.
struct Team {
    Int thread, size;

    __device__ Grid grid(Int columns) const {
        Int across = 1;
        while (across < columns && across < size) across *= 2;
        return {across, thread % across, thread / across, size / across};
    }

    template <class T> __device__ T total(Grid grid, T x) const {
        __shared__ T parts[LARGEST];
        T *sum = parts + threadIdx.y * size + thread;
        *sum = x;
        sync();
        for (Int distance = grid.groups / 2; distance > 0; distance /= 2) {
            if (grid.group < distance) *sum += sum[distance * grid.across];
            sync();
        }
        x = *sum;
        sync();
        return x;
    }

    __device__ void sync() const {
        if (size <= 32) __syncwarp();
        else __syncthreads();
    }

    template <class Combine, class T> __device__ T reduce(T x) const {
        Combine combine;
        for (int distance = 16; distance > 0; distance /= 2)
            if (distance < size) x = combine(x, __shfl_xor_sync(0xffffffffu, x, distance));
        if (size <= 32) return x;
        __shared__ T parts[32];
        __syncthreads();
        if (thread % 32 == 0) parts[thread / 32] = x;
        __syncthreads();
        T all = parts[0];
        for (int k = 1; k < size / 32; ++k) all = combine(all, parts[k]);
        __syncthreads();
        return all;
    }
};

// A thread that works alone, inside a loop that has been shared out already.
struct Solo {
    static constexpr Int thread = 0, size = 1;
    __device__ void sync() const {}
    __device__ Grid grid(Int columns) const { return {1, 0, 0, 1}; }
    template <class T> __device__ T total(Grid grid, T x) const { return x; }
    template <class Combine, class T> __device__ T reduce(T x) const { return x; }
};

// A thread for one element of a row of `size`: loops over the row only visit that element.
struct Element {
    Int thread, size;
    __device__ void sync() const {}
};

// Iteration `strip` of those that visit x (R, B, H) by strips of columns: `each(element, row)` at every element,
// where groups share the rows, then the sums over the rows, which go to sums (R, P) from `start` on.
template <class T, class S, class Each>
__device__ void sum_columns(Team team, Int strip, View<T, 3> x, View<S, 2> sums, Int start, Each each) {
    Int rows = x.shape(1), columns = x.shape(2), strips = (columns + STRIP - 1) / STRIP;
    Int r = strip / strips, first = strip % strips * STRIP;
    Int last = first + STRIP < columns ? first + STRIP : columns;
    Grid grid = team.grid(last - first);
    for (; first < last; first += grid.across) {
        Int j = first + grid.column;
        T total = 0;
        if (j < last)
            for (Int i = grid.group; i < rows; i += grid.groups) {
                each(Element{j, columns}, r * rows + i);
                total += x(r, i, j);
            }
        total = team.total(grid, total);
        if (j < last && grid.group == 0) sums(r, start + j) = total;
    }
}

template <class A, class B> struct Two {
    A a;
    B b;
};
template <class T> struct Four {
    T a, b, c, d;
    __device__ T operator()(Int i) const { return i == 0 ? a : i == 1 ? b : i == 2 ? c : d; }
};
namespace prelude {
template <class A, class B> __device__ Two<A, B> pack(A a, B b) { return {a, b}; }
template <class T> __device__ Four<T> pack(T a, T b, T c, T d) { return {a, b, c, d}; }

template <class G, class T, class X> __device__ void assign(G team, View<T, 1> to, X x) {
    for (Int i = team.thread; i < to.size(); i += team.size) to(i) = T(x);
}
template <class G, class T, class X> __device__ void assign(G team, View<T, 1> to, View<X, 1> x) {
    for (Int i = team.thread; i < to.size(); i += team.size) to(i) = T(x(i));
}
template <class G, class T, class X> __device__ void assign(G team, View<T, 1> to, Four<X> x) {
    for (Int i = team.thread; i < 4; i += team.size) to(i) = T(x(i));
}

template <class To, class From> __device__ To reinterpreted(From x) {
    union {
        From from;
        To to;
    } both;
    both.from = x;
    return both.to;
}

template <class T> struct Whole {
    static constexpr bool value = T(0.5) == T(0);
};
template <class A, class B> __device__ auto divide(A a, B b) {
    if constexpr (Whole<A>::value && Whole<B>::value) return double(a) / double(b);
    else return a / b;
}

template <class T> __device__ T tiny() {
    if constexpr (sizeof(T) == 4) return T(1.17549435e-38f);
    else return T(2.2250738585072014e-308);
}
template <class T> __device__ T absolute(T x) {
    if constexpr (Whole<T>::value) return x < 0 ? -x : x;
    else return T(fabs(x));
}
template <class T> __device__ T sign(T x) { return x != x ? x : T(x > T(0)) - T(x < T(0)); }
template <class A, class B> __device__ auto larger(A a, B b) { return b > a ? b : a; }
template <class A, class B> __device__ auto smaller(A a, B b) { return b < a ? b : a; }
}  // namespace prelude

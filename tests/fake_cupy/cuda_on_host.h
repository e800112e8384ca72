// Enough of CUDA to compile a kernel for the host; host_threads.cpp runs it.
#include <math.h>

#define __device__
#define __global__
#define __shared__ static
#define __launch_bounds__(threads)

struct Dim {
    unsigned x, y, z;
};
extern Dim threadIdx, blockIdx, blockDim, gridDim;
void barrier();
long long exchanged(long long, int distance);

inline void __syncthreads() { barrier(); }
inline void __syncwarp() { barrier(); }
template <class T> T __shfl_xor_sync(unsigned, T x, int distance) {
    union {
        T value;
        long long word;
    } both;
    both.word = 0;
    both.value = x;
    both.word = exchanged(both.word, distance);
    return both.value;
}

// An argument of a kernel: an address or a whole number.
struct Argument {
    long long word;
    template <class T> operator T *() const { return reinterpret_cast<T *>(word); }
    operator long long() const { return word; }
};

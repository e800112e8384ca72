// Runs the threads of a team on the host, one at a time; every barrier switches to the next thread.
//
// `order` is the order of the threads: 0 from the first, 1 from the last, 2 from another one after every barrier. A
// kernel that lacks a barrier gives different results in different orders.
#include <ucontext.h>

#include <vector>

struct Dim {
    unsigned x, y, z;
};
Dim threadIdx, blockIdx, blockDim, gridDim;

namespace {
const size_t STACK = 1 << 16;
ucontext_t scheduler;
std::vector<ucontext_t> threads;
std::vector<char> stacks, done;
std::vector<long long> slots;
size_t current;
void (*kernel)();

void entry() {
    kernel();
    done[current] = 1;
    swapcontext(&threads[current], &scheduler);
}

void resume(size_t thread, unsigned y) {
    if (done[thread]) return;
    current = thread;
    threadIdx = {unsigned(thread), y, 0};
    swapcontext(&scheduler, &threads[thread]);
}

void team(unsigned y, int order) {
    size_t n = blockDim.x;
    done.assign(n, 0);
    for (size_t k = 0; k < n; ++k) {
        getcontext(&threads[k]);
        threads[k].uc_stack.ss_sp = &stacks[k * STACK];
        threads[k].uc_stack.ss_size = STACK;
        makecontext(&threads[k], entry, 0);
    }
    for (size_t round = 0, left = n; left > 0; ++round) {
        for (size_t k = 0; k < n; ++k) resume(order == 0 ? k : order == 1 ? n - 1 - k : (k + 7 * round) % n, y);
        left = 0;
        for (char one : done) left += !one;
    }
}
}  // namespace

void barrier() {
    if (blockDim.x > 1) swapcontext(&threads[current], &scheduler);
}

long long exchanged(long long word, int distance) {
    size_t me = current;
    slots[me] = word;
    barrier();
    long long other = slots[me ^ size_t(distance)];
    barrier();
    return other;
}

extern "C" void run_grid(void (*body)(), int grid, int x, int y, int order) {
    kernel = body;
    gridDim = {unsigned(grid), 1, 1}, blockDim = {unsigned(x), unsigned(y), 1};
    threads.resize(x), stacks.resize(x * STACK), slots.resize(x);
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x)
        for (unsigned row = 0; row < blockDim.y; ++row) {
            threadIdx = {0, row, 0};
            if (x == 1) body();
            else team(row, order);
        }
}

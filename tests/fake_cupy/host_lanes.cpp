// The lanes of a team take turns on the host, and change at every barrier.
//
// `order` says who begins: 0 the first lane, 1 the last, 2 another one at every barrier. A kernel that lacks a
// barrier gives other results in another order.
#include <ucontext.h>

#include <vector>

struct Place {
    unsigned x, y, z;
};
Place threadIdx, blockIdx, blockDim, gridDim;

namespace {
const size_t STACK = 1 << 16;
ucontext_t scheduler;
std::vector<ucontext_t> lanes;
std::vector<char> stacks, done;
std::vector<long long> slots;
size_t current;
void (*kernel)();

void entry() {
    kernel();
    done[current] = 1;
    swapcontext(&lanes[current], &scheduler);
}

void turn(size_t lane, unsigned y) {
    if (done[lane]) return;
    current = lane;
    threadIdx = {unsigned(lane), y, 0};
    swapcontext(&scheduler, &lanes[lane]);
}

void team(unsigned y, int order) {
    size_t n = blockDim.x;
    done.assign(n, 0);
    for (size_t k = 0; k < n; ++k) {
        getcontext(&lanes[k]);
        lanes[k].uc_stack.ss_sp = &stacks[k * STACK];
        lanes[k].uc_stack.ss_size = STACK;
        makecontext(&lanes[k], entry, 0);
    }
    for (size_t round = 0, left = n; left > 0; ++round) {
        for (size_t k = 0; k < n; ++k) turn(order == 0 ? k : order == 1 ? n - 1 - k : (k + 7 * round) % n, y);
        left = 0;
        for (char one : done) left += !one;
    }
}
}  // namespace

void barrier() {
    if (blockDim.x > 1) swapcontext(&lanes[current], &scheduler);
}

long long exchanged(long long word, int away) {
    size_t me = current;
    slots[me] = word;
    barrier();
    long long other = slots[me ^ size_t(away)];
    barrier();
    return other;
}

extern "C" void run_grid(void (*body)(), int grid, int x, int y, int order) {
    kernel = body;
    gridDim = {unsigned(grid), 1, 1}, blockDim = {unsigned(x), unsigned(y), 1};
    lanes.resize(x), stacks.resize(x * STACK), slots.resize(x);
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x)
        for (unsigned row = 0; row < blockDim.y; ++row) {
            threadIdx = {0, row, 0};
            if (x == 1) body();
            else team(row, order);
        }
}

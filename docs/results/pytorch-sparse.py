"""Sparse attention of PyTorch (FlexAttention) on the first GPU, measured as `tessera sparse` measures.

python3 pytorch-sparse.py [heads] [length] [seed]: float16, heads of 128; dense attention, drawn blocks of 128 x 128 with 12.5, 25 and 50 %
of them, and a causal window of 1024. The blocks are those that `tessera sparse --block-size 128 --seed SEED` draws.
"""
import statistics
import sys

import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

HEADS = int(sys.argv[1]) if len(sys.argv) > 1 else 16
LENGTH = int(sys.argv[2]) if len(sys.argv) > 2 else 16384
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 7
DIM, BLOCK, WINDOW = 128, 128, 1024
BLOCKS = -(-LENGTH // BLOCK)
BITS = 0xFFFFFFFF


def hash32(query_block, key_block):
    h = SEED * 0x9E3779B1 + query_block * 0xC2B2AE35 + key_block * 0x27D4EB2F & BITS
    h = (h ^ h >> 15) * 0x2C1B3C6D & BITS
    h = (h ^ h >> 12) * 0x297A2D39 & BITS
    return h ^ h >> 15


def drawn(density):
    """For each block of queries the key blocks with the smallest hash."""
    count = max(1, int(density * BLOCKS + 0.5))
    table = torch.zeros(BLOCKS, BLOCKS, dtype=torch.bool)
    for query_block in range(BLOCKS):
        table[query_block, sorted(range(BLOCKS), key=lambda key_block: hash32(query_block, key_block))[:count]] = True
    return table.cuda()


def milliseconds(run):
    times = []
    for turn in range(40):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times[10:])


def report(name, pairs, run):
    try:
        run()
        ms = milliseconds(run)
    except RuntimeError as e:
        print(f"{name},float16,{HEADS},{DIM},{LENGTH},not run: {str(e).splitlines()[0]}")
        return
    median = statistics.median(ms)
    print(f"{name},float16,{HEADS},{DIM},{LENGTH},{pairs / LENGTH**2:.4f},{median:.4f},{ms[3]:.4f},{ms[-4]:.4f},{4 * HEADS * pairs * DIM / 1e9 / median:.1f}", flush=True)


def masked(rule):
    return create_block_mask(rule, B=None, H=None, Q_LEN=LENGTH, KV_LEN=LENGTH, BLOCK_SIZE=BLOCK, device="cuda")


print(f"# {torch.cuda.get_device_name()}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}, seed {SEED}")
print("pattern,dtype,heads,headDim,length,density,median ms,p10,p90,TFLOP/s")
torch.manual_seed(0)
q, k, v = (torch.randn(1, HEADS, LENGTH, DIM, device="cuda", dtype=torch.float16) for _ in range(3))
compiled = torch.compile(flex_attention, dynamic=False)
report("flash dense", LENGTH**2, lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v))
window = masked(lambda batch, head, query, key: (key <= query) & (query - key < WINDOW))
report(f"flex window {WINDOW}", sum(min(WINDOW, i + 1) for i in range(LENGTH)), lambda: compiled(q, k, v, block_mask=window))
for density in (0.125, 0.25, 0.5):
    table = drawn(density)
    blocks = masked(lambda batch, head, query, key: table[query // BLOCK, key // BLOCK])
    pairs = int(table.sum()) * BLOCK * BLOCK
    report(f"flex blocks {density}", pairs, lambda: compiled(q, k, v, block_mask=blocks))
report("flex dense", LENGTH**2, lambda: compiled(q, k, v))

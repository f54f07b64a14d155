"""Decoding of PyTorch on the first GPU, the problems of `tessera decode`: python3 pytorch-decode.py [keys ...]"""
import statistics
import sys

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

HEADS, KV_HEADS, DIM = 32, 8, 128
LENGTHS = [int(n) for n in sys.argv[1:]] or [16384, 65536]
KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
BATCHES, RUNS = 30, 20


def milliseconds(run):
    """Of one run, in batches of RUNS, after others that warm up."""
    times = []
    for batch in range(BATCHES + 5):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(RUNS):
            run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / RUNS)
    return sorted(times[5:])


def row(kernel, dtype, length, ms, traffic):
    median = statistics.median(ms)
    print(f"{kernel},{dtype},{length},{median:.4f},{ms[3]:.4f},{ms[-4]:.4f},{traffic / 1e6 / median:.0f}")


print(f"# {torch.cuda.get_device_name()}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")
print(f"# 1 sequence, {HEADS} query heads, {KV_HEADS} key/value heads of {DIM}; GB/s: queries, keys, values and output once; a copy: read and written")
print("kernel,dtype,keys,median ms,p10,p90,GB/s")
for dtype in (torch.float16, torch.float32):
    name = str(dtype)[6:]
    size = torch.empty((), dtype=dtype).element_size()
    for length in LENGTHS:
        q = torch.randn(1, HEADS, 1, DIM, device="cuda", dtype=dtype)
        k, v = (torch.randn(1, KV_HEADS, length, DIM, device="cuda", dtype=dtype) for _ in range(2))
        traffic = size * (2 * q.numel() + k.numel() + v.numel())
        source = torch.empty(k.numel() + v.numel(), device="cuda", dtype=dtype).normal_()
        target = torch.empty_like(source)
        row("copy", name, length, milliseconds(lambda: target.copy_(source)), 2 * size * source.numel())
        del source, target
        for kernel in KERNELS:
            # grouped heads as they are, and repeated where a kernel does not take them: the copies of keys and values are not measured
            for grouped in (True, False):
                keys, values = (k, v) if grouped else (x.repeat_interleave(HEADS // KV_HEADS, dim=1) for x in (k, v))
                label = kernel.name + ("" if grouped else " repeated heads")
                with sdpa_kernel(kernel):
                    try:
                        ms = milliseconds(lambda: torch.nn.functional.scaled_dot_product_attention(q, keys, values, enable_gqa=grouped))
                    except RuntimeError as e:
                        print(f"{label},{name},{length},not run: {str(e).splitlines()[0]}")
                        continue
                row(label, name, length, ms, traffic)
                break
        ms = milliseconds(lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True))
        row("as PyTorch chooses", name, length, ms, traffic)

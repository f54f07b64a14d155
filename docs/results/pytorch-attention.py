"""Dense attention of PyTorch on the first GPU, measured as `tessera dense` measures: python3 pytorch-attention.py [heads]"""
import statistics
import sys

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

HEADS = int(sys.argv[1]) if len(sys.argv) > 1 else 16
FLASH, CUDNN, EFFICIENT = SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION
POINTS = [(torch.float16, kernel, dim, length, causal)
          for dim, length, causal in [(64, 4096, False), (128, 4096, False), (64, 4096, True), (128, 4096, True), (128, 16384, True)]
          for kernel in (FLASH, CUDNN)]
POINTS += [(torch.float32, EFFICIENT, dim, 4096, causal) for dim in (64, 128) for causal in (False, True)]


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


print(f"# {torch.cuda.get_device_name()}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")
print("kernel,dtype,heads,headDim,length,causal,median ms,p10,p90,TFLOP/s")
for dtype, kernel, dim, length, causal in POINTS:
    q, k, v = (torch.randn(1, HEADS, length, dim, device="cuda", dtype=dtype) for _ in range(3))
    with sdpa_kernel(kernel):
        try:
            ms = milliseconds(lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal))
        except RuntimeError as e:
            print(f"{kernel.name},{str(dtype)[6:]},{HEADS},{dim},{length},{causal},not run: {str(e).splitlines()[0]}")
            continue
    median = statistics.median(ms)
    pairs = length * (length + 1) / 2 if causal else length * length
    print(f"{kernel.name},{str(dtype)[6:]},{HEADS},{dim},{length},{causal},{median:.4f},{ms[3]:.4f},{ms[-4]:.4f},{4 * HEADS * pairs * dim / 1e9 / median:.1f}")

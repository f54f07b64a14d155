"""Linear attention of flash-linear-attention on the first GPU, measured as `tessera linear` measures, forward only:
PYTHONPATH=flash-linear-attention python3 fla-linear.py [float16|bfloat16] [lengths, 65536] [heads, 16] [headDim, 128]"""
import statistics
import sys

import fla
import torch
import torch.nn.functional as F
from fla.ops.gated_delta_rule import chunk_gated_delta_rule
from fla.ops.gla import chunk_gla
from fla.ops.simple_gla import chunk_simple_gla

DTYPE = getattr(torch, sys.argv[1] if len(sys.argv) > 1 else "float16")
LENGTHS = [int(n) for n in (sys.argv[2] if len(sys.argv) > 2 else "65536").split(",")]
HEADS = int(sys.argv[3]) if len(sys.argv) > 3 else 16
DIM = int(sys.argv[4]) if len(sys.argv) > 4 else 128


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


def drawn(*shape):
    return torch.randn(*shape, device="cuda", dtype=DTYPE)


def gates(*shape):
    """Logarithms of decays, as `tessera linear` draws them: -0.1 |x|."""
    return -0.1 * torch.randn(*shape, device="cuda").abs()


def forms(length):
    tokens = (1, length, HEADS)
    q, k, v = drawn(*tokens, DIM), drawn(*tokens, DIM), drawn(*tokens, DIM)
    scalar, channel, beta = gates(*tokens), gates(*tokens, DIM).to(DTYPE), torch.rand(*tokens, device="cuda").to(DTYPE)
    unit = F.normalize(k.float(), dim=-1).to(DTYPE)
    yield "chunk_simple_gla", "scalar", lambda: chunk_simple_gla(q, k, v, g=scalar, scale=DIM ** -0.5)
    yield "chunk_gla", "channel", lambda: chunk_gla(q, k, v, channel, scale=DIM ** -0.5)
    yield "chunk_gated_delta_rule", "delta", lambda: chunk_gated_delta_rule(q, unit, v, scalar, beta, scale=DIM ** -0.5)


print(f"# {torch.cuda.get_device_name()}, flash-linear-attention {fla.__version__}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
print("kernel,gate,dtype,heads,headDim,length,median ms,p10,p90,GB/s,TFLOP/s")
with torch.no_grad():
    for length in LENGTHS:
        for kernel, gate, run in forms(length):
            point = f"{kernel},{gate},{str(DTYPE)[6:]},{HEADS},{DIM},{length}"
            try:
                ms = milliseconds(run)
            except Exception as e:  # Triton raises errors of its own where a kernel does not fit
                print(f"{point},not run: {str(e).splitlines()[0]}")
                continue
            median = statistics.median(ms)
            gate_elements = DIM if gate == "channel" else 2 if gate == "scalar" else 3
            gigabytes = 2 * HEADS * length * (4 * DIM + gate_elements) / 1e9
            print(f"{point},{median:.4f},{ms[3]:.4f},{ms[-4]:.4f},{gigabytes / median * 1e3:.0f},{4 * HEADS * length * DIM * DIM / 1e9 / median:.1f}", flush=True)

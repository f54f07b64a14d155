package tessera.experiments.claims;

import java.util.List;

/** Claims that take trained models or opinions, and those without an experiment so far. */
final class OpenClaims {
    static final List<Claim> ALL = List.of(
            Claim.outOfScope("Q13", "Mamba matches or exceeds Transformers", "arXiv:2312.00752",
                    "the quality of a model needs training; a measurement of its operators says nothing of it"),
            Claim.outOfScope("Q40", "Learnable and routed sparsity is the most flexible and the most complex kind", "arXiv:2507.19595",
                    "flexible and complex are judgements; what choosing costs is measured for Q31"),
            Claim.outOfScope("V19", "Published speed-ups: MoBA 6.5 times at a million tokens, XAttention 13.5, STA 10.45, NSA 6 to 11.6, SampleAttention "
                    + "2.42, and others",
                    "A Survey of Efficient Attention Methods, 2025", "they hold for other hardware, models and baselines; 'tessera compare' measures the "
                    + "methods here"),
            Claim.notYet("V04", "Sparsity cannot be finer than a kernel's tile", "A Survey of Efficient Attention Methods, 2025"),
            Claim.notYet("V07", "Tiles that are partly masked cost efficiency", "arXiv:2502.04507"),
            Claim.notYet("V10", "Sharing a choice of keys across a group of heads moves fewer bytes", "arXiv:2502.11089, arXiv:2507.19595"),
            Claim.notYet("V14", "Chunks of 16 to 64 tokens leave a device idle in test-time training", "arXiv:2505.23884"));

    private OpenClaims() {
    }
}

package tessera.experiments.claims;

import java.util.List;

/** Claims that take trained models or opinions, and those without an experiment so far. */
final class OpenClaims {
    static final List<Claim> ALL = List.of(
            Claim.outOfScope("Q13", "Mamba matches or exceeds Transformers", "arXiv:2312.00752",
                    "the quality of a model needs training; a measurement of its operators says nothing of it"),
            Claim.outOfScope("Q40", "Learnable and routed sparsity is the most flexible and the most complex kind", "arXiv:2507.19595",
                    "flexible and complex are judgements; what choosing costs is measured for Q31"));

    private OpenClaims() {
    }
}

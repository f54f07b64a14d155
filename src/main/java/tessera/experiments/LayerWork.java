package tessera.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Step;
import tessera.planner.Cost;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.stacks.Layer;
import tessera.stacks.StackShape;

/**
 * What a layer does in one phase. Layers that do the same are equal, so that they are measured once.
 *
 * @param decode whether it is one token, the last of {@code length}, not all of them
 */
record LayerWork(Layer layer, StackShape shape, boolean decode, int length) {

    static LayerWork of(Layer layer, StackShape shape, boolean decode, int length) {
        int needed = decode ? layer.kind().context(length) : length;
        return new LayerWork(new Layer(layer.kind().at(needed), Math.min(1, layer.reads())), shape, decode, needed);
    }

    Map<String, Spec> specs() {
        return decode ? layer.decode(shape, length) : layer.prefill(shape, length);
    }

    /** Operations and traffic by the planner's choice on a device. */
    Cost cost(Device device) {
        return Cost.sum(specs().values().stream().map(spec -> Planner.plan(spec, device).cost()).toList());
    }

    /** On drawn inputs; attention reads the blocks that the choice before it found. */
    Case problem(long seed) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        List<Step> steps = new ArrayList<>();
        specs().forEach((step, spec) -> {
            Map<String, Tensor> drawn = SelfCheck.inputs(spec, seed);
            drawn.forEach((name, tensor) -> inputs.put(key(step, name), tensor.to(spec.type(name))));
            steps.add(new Step(step, spec, there -> {
                Map<String, Tensor> arguments = new LinkedHashMap<>();
                spec.inputs().keySet().forEach(name -> arguments.put(name, there.getOrDefault("choice." + name, there.get(key(step, name)))));
                return arguments;
            }, _ -> true));
        });
        return new Case(steps, inputs);
    }

    /** A choice and the attention over it read the same queries and keys. */
    private static String key(String step, String name) {
        return (step.equals("choice") ? "attention" : step) + " " + name;
    }
}

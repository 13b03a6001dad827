package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Costs;
import io.vfio4j.emulator.vcpu.GuestProgram.Ebizzy;
import io.vfio4j.emulator.vcpu.Patience;
import io.vfio4j.emulator.vcpu.Pause;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongUnaryOperator;

/**
 * Whether what the table was expected to show hangs on one guess: each cost, each time of the workload, of its locks and of pausing halved and doubled, one at
 * a time, with nothing calibrated again.
 *
 * @param variation what was changed
 * @param requirements judged with it
 */
public record Sensitivity(Variation variation, List<Requirement> requirements) {
    private static final List<LongUnaryOperator> CHANGES =
            List.of(value -> value / 2, value -> Math.multiplyExact(value, 2L));

    /**
     * One parameter that was changed.
     *
     * @param parameter the record's component, for example {@code contextSwitch}
     * @param before as it was
     * @param after as it is
     * @param parameters all, with the change
     */
    public record Variation(String parameter, long before, long after, TableParameters parameters) {}

    /**
     * Makes a result.
     *
     * @param variation what was changed
     * @param requirements judged with it
     */
    public Sensitivity {
        requirements = List.copyOf(requirements);
    }

    /**
     * All variations of some parameters, each halved and doubled; what would not change is left out.
     *
     * @param parameters which
     * @return the variations in the order of the parameters
     */
    public static List<Variation> variations(TableParameters parameters) {
        List<Variation> variations = new ArrayList<>();
        for (LongUnaryOperator change : CHANGES) {
            for (RecordComponent component : Costs.class.getRecordComponents()) {
                Costs costs = changed(parameters.costs(), component, change);
                add(variations, component, parameters.costs(), costs, parameters.withCosts(costs));
            }
            for (RecordComponent component : Ebizzy.class.getRecordComponents()) {
                Ebizzy workload = changed(parameters.workload(), component, change);
                add(variations, component, parameters.workload(), workload, parameters.withWorkload(workload));
            }
            for (RecordComponent component : Patience.class.getRecordComponents()) {
                Patience patience = changed(parameters.patience(), component, change);
                add(variations, component, parameters.patience(), patience, parameters.withPatience(patience));
            }
            RecordComponent window = component(Pause.class, "windowNanos");
            Pause pause = changed(parameters.pause(), window, change);
            add(variations, window, parameters.pause(), pause, parameters.withPause(pause));
        }
        return variations;
    }

    private static void add(
            List<Variation> variations,
            RecordComponent component,
            Record before,
            Record after,
            TableParameters parameters) {
        long was = value(before, component);
        long is = value(after, component);
        if (was != is) {
            variations.add(new Variation(component.getName(), was, is, parameters));
        }
    }

    /**
     * Simulates all variations and judges each. Blocks until all is done, or cancelled.
     *
     * @param variations which
     * @param plan how often and how long
     * @param progress is told how far it is
     * @param cancelled whether to stop
     * @return those that are complete
     */
    public static List<Sensitivity> run(
            List<Variation> variations, Study.Plan plan, Study.Progress progress, BooleanSupplier cancelled) {
        return run(variations, plan, new SimulatedRun(), progress, cancelled);
    }

    static List<Sensitivity> run(
            List<Variation> variations, Study.Plan plan, Run run, Study.Progress progress, BooleanSupplier cancelled) {
        List<Experiment> experiments = new ArrayList<>();
        for (Variation variation : variations) {
            Requirements.experiments(variation.parameters()).stream()
                    .map(each -> new Experiment(
                            each.name() + ", " + variation.parameter() + " " + variation.after(),
                            each.setup(),
                            each.counted(),
                            each.interruptHertz()))
                    .forEach(experiments::add);
        }
        Study.Result result = new Study(experiments, plan, run).run(progress, cancelled);
        List<Sensitivity> judged = new ArrayList<>();
        int each = variations.isEmpty() ? 0 : experiments.size() / variations.size();
        for (int index = 0; index < variations.size(); index++) {
            List<Experiment> wanted = experiments.subList(index * each, (index + 1) * each);
            List<Cell> cells = result.cells().stream()
                    .filter(cell -> wanted.contains(cell.experiment()))
                    .filter(cell -> cell.runs().size() == plan.seeds())
                    .toList();
            if (cells.size() == each) {
                judged.add(new Sensitivity(variations.get(index), new Requirements(cells).judge()));
            }
        }
        return judged;
    }

    /** The same record with one number changed. */
    private static <T extends Record> T changed(T record, RecordComponent which, LongUnaryOperator change) {
        try {
            RecordComponent[] components = record.getClass().getRecordComponents();
            Class<?>[] types =
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Object[] values = new Object[components.length];
            for (int index = 0; index < components.length; index++) {
                boolean same = !components[index].getName().equals(which.getName());
                long value = value(record, components[index]);
                long now = same ? value : change.applyAsLong(value);
                values[index] = types[index] == int.class ? (Object) Math.toIntExact(now) : (Object) now;
            }
            @SuppressWarnings("unchecked")
            T result = (T) record.getClass().getConstructor(types).newInstance(values);
            return result;
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException refused ? refused : new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the records of this module can be read", e);
        }
    }

    private static long value(Record record, RecordComponent component) {
        try {
            return ((Number) component.getAccessor().invoke(record)).longValue();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the records of this module can be read", e);
        }
    }

    private static RecordComponent component(Class<? extends Record> type, String name) {
        return Arrays.stream(type.getRecordComponents())
                .filter(component -> component.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}

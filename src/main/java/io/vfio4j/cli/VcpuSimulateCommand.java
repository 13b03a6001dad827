package io.vfio4j.cli;

import io.vfio4j.emulator.study.Calibration;
import io.vfio4j.emulator.study.Desktop;
import io.vfio4j.emulator.study.Experiment;
import io.vfio4j.emulator.study.Sensitivity;
import io.vfio4j.emulator.study.Study;
import io.vfio4j.emulator.study.Table;
import io.vfio4j.emulator.study.TableParameters;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j vcpu simulate}. */
@Command(
        name = "simulate",
        description =
                "Simulates guests that share a host's processors, with each of KVM's rules for whom a spinning vCPU yields to.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j vcpu simulate --vms 3 --cpus 8 --seeds 5",
            "  vfio4j vcpu simulate --vms 2 --boost preempted,ready --scheduler eevdf --for 1s --json",
            "  vfio4j vcpu simulate --table --chart table.png",
            "  vfio4j vcpu simulate --sensitivity --seeds 5",
            "  vfio4j vcpu simulate --desktop",
            "",
            "Without --table, --desktop, --sensitivity and --calibrate it simulates what the options say: guests that run ebizzy.",
            "Values are means over the seeds with 95 %% confidence intervals. The same options give the same values, on any number of",
            "threads. What is assumed, and what the model lacks: MODEL.md.",
            "",
            "Exit codes: 0 it was simulated, whatever came out; 1 it was not, or the guests got stuck; 2 the command line is wrong.",
            "Ctrl-C ends it in order: what is done is printed, and no chart is drawn."
        })
final class VcpuSimulateCommand implements Callable<Integer> {
    private static final int DEFAULT_CPUS = 8;
    private static final int DEFAULT_VMS = 2;
    private static final int SENSITIVITY_SEEDS = 5;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private VcpuCommand parent;

    @Option(
            names = "--table",
            description =
                    "The table of the series \"KVM: Boost vCPUs that are delivering interrupts\": 1 to 3 guests of 80 vCPUs on"
                            + " 80 processors, each cell beside its published value and its bounds.")
    private boolean table;

    @Option(
            names = "--sensitivity",
            description = "What was expected of the table, with each parameter halved and doubled.")
    private boolean sensitivity;

    @Option(names = "--desktop", description = "The desktop of the same series: 8 vCPUs beside a guest with two hogs.")
    private boolean desktop;

    @Option(
            names = "--calibrate",
            description = "Find the table's one free parameter anew, on the cell of one guest without the series.")
    private boolean calibrate;

    @Option(names = "--vms", paramLabel = "N", description = "How many guests (default: 2).")
    private Optional<Integer> vms = Optional.empty();

    @Option(names = "--vcpus", paramLabel = "N", description = "How many vCPUs each has (default: as many as --cpus).")
    private Optional<Integer> vcpus = Optional.empty();

    @Option(names = "--cpus", paramLabel = "N", description = "How many processors the host has (default: 8).")
    private Optional<Integer> cpus = Optional.empty();

    @Option(
            names = "--boost",
            paramLabel = "NAME[,...]|all",
            converter = BoostsConverter.class,
            description =
                    "Whom a spinning vCPU yields to: none, preempted (before the series), ready (the series), ready-fixed,"
                            + " pending-irq, loop-bug-613, oracle (default: all of them).")
    private List<Boost> boosts = List.of(Boost.values());

    @Option(
            names = "--lock",
            paramLabel = "NAME",
            converter = KebabEnum.Lock.class,
            description = "The guests' spin lock: ticket, queued, pv-queued, pv-queued-early-if-halted,"
                    + " pv-queued-early-if-preempted (default).")
    private Optional<SpinLock> lock = Optional.empty();

    @Option(
            names = "--interrupts",
            paramLabel = "N",
            description = "How often a second a device interrupts each guest's first vCPU (default: 60).")
    private Optional<Integer> interrupts = Optional.empty();

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description = "How many runs of each (default: 20; 5 for --sensitivity).")
    private Optional<Integer> seeds = Optional.empty();

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Virtual time that is measured in each run (default: 400ms).")
    private Duration measured = Study.Plan.DEFAULTS.measured();

    @Option(
            names = "--warm-up",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Virtual time before that (default: 200ms).")
    private Duration warmUp = Study.Plan.DEFAULTS.warmUp();

    @Mixin
    private RunOptions runs = new RunOptions();

    @ArgGroup(validate = false, heading = "%nParameters of the model; each default is that of the table:%n")
    private ModelOptions model = new ModelOptions();

    @Override
    public Integer call() throws IOException {
        requireSense();
        runs.carryOut(parent, this::run);
        return 0;
    }

    private void requireSense() {
        boolean fixed = table || sensitivity || desktop || calibrate;
        refuse(desktop && (table || sensitivity || calibrate), "--desktop is a study of its own: leave the others out");
        refuse(calibrate && (table || sensitivity), "--calibrate is a study of its own: leave the others out");
        refuse(fixed && vms.isPresent(), "--vms is given by the study");
        refuse(fixed && vcpus.isPresent(), "--vcpus is given by the study");
        refuse(fixed && cpus.isPresent(), "--cpus is given by the study");
        refuse(fixed && lock.isPresent(), "--lock is given by the study");
        refuse(fixed && interrupts.isPresent(), "--interrupts is given by the study");
        refuse(runs.csv() && (sensitivity || calibrate), "--csv is for cells: take --json");
        refuse(
                runs.chart().isPresent() && (desktop || calibrate || sensitivity && !table),
                "--chart is for the table, and for guests of one's own");
        runs.requireSense();
    }

    private void refuse(boolean nonsense, String message) {
        runs.refuse(nonsense, message);
    }

    private void run(Ending ending) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        StudyOutput output = runs.json() ? new StudyJson(out) : runs.csv() ? new StudyCsv(out) : new StudyText(out);
        if (calibrate) {
            calibrate(output, ending);
            return;
        }
        if (runs.chart().isPresent()) {
            ChartImage.requireFonts();
        }
        boolean own = !table && !sensitivity && !desktop;
        TableParameters parameters = model.on(own ? ownHost() : TableParameters.FROZEN);
        List<Experiment> experiments = sensitivity && !table ? List.of() : experiments(parameters, own);
        Study.Plan plan = plan(experiments.isEmpty() ? SENSITIVITY_SEEDS : Study.Plan.DEFAULTS.seeds());
        output.parameters(parameters, isFrozen(parameters), plan);
        if (!experiments.isEmpty()) {
            Study.Result result = simulate(experiments, plan, ending);
            if (table) {
                output.table(Table.of(result.cells()));
            } else if (desktop) {
                output.desktop(Desktop.of(result.cells()));
            } else {
                output.cells(result.cells());
            }
            output.summary(result);
            if (runs.chart().isPresent() && !result.cells().isEmpty() && !ending.isRequested()) {
                new RecordsChart(title(parameters))
                        .write(result.cells(), runs.chart().get());
            }
        }
        if (sensitivity && !ending.isRequested()) {
            sensitivity(parameters, output, ending);
        }
    }

    /** But for the tick, which is shown at two rates. */
    private static boolean isFrozen(TableParameters parameters) {
        HostModel host =
                TableParameters.FROZEN.host().withHertz(parameters.host().hertz());
        return parameters.equals(TableParameters.FROZEN.withHost(host));
    }

    private String title(TableParameters parameters) {
        return "ebizzy -M on " + parameters.host().cpus() + " processors, "
                + KebabEnum.label(parameters.host().scheduler()) + ", "
                + parameters.host().hertz() + " Hz";
    }

    private TableParameters ownHost() {
        HostModel host = HostModel.ofCpus(cpus.orElse(DEFAULT_CPUS));
        return TableParameters.FROZEN.withHost(host);
    }

    private List<Experiment> experiments(TableParameters parameters, boolean own) {
        if (table) {
            return Table.experiments(parameters, boosts);
        }
        if (desktop) {
            return Desktop.experiments(parameters, boosts);
        }
        List<Experiment> experiments = new ArrayList<>();
        for (Boost boost : boosts) {
            Experiment experiment = parameters.experiment(
                    vms.orElse(DEFAULT_VMS),
                    vcpus.orElse(parameters.host().cpus()),
                    boost,
                    lock.orElse(TableParameters.LOCK));
            experiments.add(new Experiment(
                    experiment.name(),
                    experiment.setup(),
                    experiment.counted(),
                    interrupts.orElse(experiment.interruptHertz())));
        }
        return experiments;
    }

    private Study.Plan plan(int defaultSeeds) {
        return runs.plan(seeds.orElse(defaultSeeds), warmUp, measured);
    }

    private Study.Result simulate(List<Experiment> experiments, Study.Plan plan, Ending ending) {
        try (ProgressLine line = runs.progressLine(parent, "runs")) {
            return new Study(experiments, plan).run(line::show, ending::isRequested);
        }
    }

    private void sensitivity(TableParameters parameters, StudyOutput output, Ending ending) {
        try (ProgressLine line = runs.progressLine(parent, "runs")) {
            List<Sensitivity.Variation> variations = Sensitivity.variations(parameters);
            List<Sensitivity> judged =
                    Sensitivity.run(variations, plan(SENSITIVITY_SEEDS), line::show, ending::isRequested);
            output.sensitivity(judged, variations.size());
        }
    }

    private void calibrate(StudyOutput output, Ending ending) throws IOException {
        try (ProgressLine line = runs.progressLine(parent, "steps")) {
            Optional<Calibration.Result> result = new Calibration(
                            model.on(TableParameters.FROZEN),
                            runs.plan(1, warmUp, measured).threads())
                    .run(
                            (kernelNanos, records) -> line.say(
                                    StudyText.kernel(kernelNanos) + ": " + StudyText.number(records) + " records/s"),
                            ending::isRequested);
            if (result.isPresent()) {
                output.calibration(result.get(), TableParameters.KERNEL_NANOS);
            }
        }
    }
}

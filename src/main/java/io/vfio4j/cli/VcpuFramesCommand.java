package io.vfio4j.cli;

import io.vfio4j.emulator.vcpu.Boost;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j vcpu frames}. */
@Command(
        name = "frames",
        description = "Simulates how late the frames of an emulated vGPU are whose guest shares its host with others.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j vcpu frames",
            "  vfio4j vcpu frames --overcommit 3 --boost none,ready --for 2s",
            "  vfio4j vcpu frames --overcommit 1,2,4,8 --boost all --seeds 20 --json",
            "  vfio4j vcpu frames --chart lateness.png",
            "",
            "The host has 8 processors, each guest 8 vCPUs. The guest that is looked at draws a frame for each vblank, in 8 ms where",
            "nobody disturbs it; the others run ebizzy. That is assumed, not measured. One seed alone, event by event:",
            "  vfio4j watch " + FrameStudy.DEVICE + ",overcommit=3,boost=ready,seed=1 --virtual --for 10s",
            "The same options give the same values, on any number of threads.",
            "",
            "Exit codes: 0 it was simulated, whatever came out; 1 it was not; 2 the command line is wrong.",
            "Ctrl-C ends it in order: what is done is printed."
        })
final class VcpuFramesCommand implements Callable<Integer> {
    private static final int DEFAULT_SEEDS = 5;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private VcpuCommand parent;

    @Option(
            names = "--overcommit",
            paramLabel = "N[,...]|N-N",
            converter = OvercommitsConverter.class,
            description = "How many guests share the host, the one that is looked at included: 1 to 16 (default: 1-4).")
    private List<Integer> overcommits = List.of(1, 2, 3, 4);

    @Option(
            names = "--boost",
            paramLabel = "NAME[,...]|all",
            converter = BoostsConverter.class,
            description =
                    "Whom a spinning vCPU yields to: none, preempted (before the series), ready (the series), ready-fixed,"
                            + " pending-irq, loop-bug-613, oracle (default: none,preempted,ready,pending-irq).")
    private List<Boost> boosts = List.of(Boost.NONE, Boost.PREEMPTED, Boost.READY, Boost.PENDING_IRQ);

    @Option(names = "--seeds", paramLabel = "N", description = "How many runs of each (default: 5).")
    private int seeds = DEFAULT_SEEDS;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Virtual time of each run (default: 10s).")
    private Duration measured = Duration.ofSeconds(10);

    @Mixin
    private RunOptions runs = new RunOptions();

    @Override
    public Integer call() throws IOException {
        runs.requireSense();
        runs.carryOut(parent, this::run);
        return 0;
    }

    private void run(Ending ending) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Optional<OutputFile> chart = runs.chart();
        if (chart.isPresent()) {
            ChartImage.requireFonts();
        }
        FrameStudy study = new FrameStudy(overcommits, boosts, runs.plan(seeds, Duration.ZERO, measured));
        FrameOutput output = runs.json() ? new FrameJson(out) : runs.csv() ? new FrameCsv(out) : new FrameText(out);
        output.begin(study);
        FrameStudy.Result result = simulate(study, ending);
        output.result(result);
        if (chart.isPresent() && !result.rows().isEmpty()) {
            LatenessChart.write(result.rows(), chart.get());
        }
    }

    private FrameStudy.Result simulate(FrameStudy study, Ending ending) {
        try (ProgressLine line = runs.progressLine(parent, "runs")) {
            return study.run(line::show, ending::isRequested);
        }
    }
}

package io.vfio4j.cli;

import io.vfio4j.emulator.study.FailedRunException;
import io.vfio4j.emulator.study.Study;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a simulation of many seeds is run, and where its results go. */
final class RunOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--seed", paramLabel = "N", description = "The first seed (default: ${DEFAULT-VALUE}).")
    private long firstSeed = Study.Plan.DEFAULTS.firstSeed();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "How many runs at a time (default: one for each processor of this machine).")
    private int threads = Study.Plan.DEFAULTS.threads();

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Option(names = "--csv", description = "One line for each result, separated by commas.")
    private boolean csv;

    @Option(
            names = "--chart",
            paramLabel = "FILE.png",
            converter = FileNameConverter.class,
            description = "Draw the results as bars, into this file too.")
    private Optional<String> chart = Optional.empty();

    boolean json() {
        return json;
    }

    boolean csv() {
        return csv;
    }

    Optional<OutputFile> chart() {
        return chart.map(OutputFile::new);
    }

    Study.Plan plan(int seeds, Duration warmUp, Duration measured) {
        return new Study.Plan(firstSeed, seeds, warmUp, measured, threads);
    }

    void requireSense() {
        refuse(json && csv, "--json or --csv: which?");
        refuse(
                chart().filter(OutputFile::isStandardOutput).isPresent(),
                "--chart: standard output is taken; name a file");
    }

    void refuse(boolean nonsense, String message) {
        if (nonsense) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /** What the command does, until it is done or ended. */
    interface Body {
        void run(Ending ending) throws IOException;
    }

    /** A signal ends it in order; what is absurd is said of the option that it came by. */
    void carryOut(VcpuCommand parent, Body body) throws IOException {
        parent.endsWithItsReader();
        try (Ending ending = Ending.onSignals()) {
            body.run(ending);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (FailedRunException e) {
            throw new IOException(e.getMessage(), e);
        } catch (IllegalArgumentException absurd) {
            throw new ParameterException(spec.commandLine(), ModelOptions.byOption(absurd.getMessage()), absurd);
        }
    }

    ProgressLine progressLine(VcpuCommand parent, String what) {
        return new ProgressLine(spec.commandLine().getErr(), parent.errorTerminal(), what);
    }
}

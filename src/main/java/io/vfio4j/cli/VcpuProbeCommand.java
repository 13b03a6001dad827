package io.vfio4j.cli;

import io.vfio4j.kvm.probe.GuestWork;
import io.vfio4j.kvm.probe.LatencyProbe;
import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import io.vfio4j.kvm.probe.PauseExitReport;
import io.vfio4j.kvm.probe.PauseProbe;
import io.vfio4j.kvm.probe.WaitingLaw;
import io.vfio4j.kvm.probe.YieldProbe;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j vcpu probe}. */
@Command(
        name = "probe",
        description = "Measures, with a tiny guest on this host's KVM, how long an interrupt waits for its vCPU.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j vcpu probe",
            "  vfio4j vcpu probe --guest busy --hogs 0,1 --samples 300",
            "  vfio4j vcpu probe --json --raw samples.csv",
            "  vfio4j vcpu probe --yields",
            "  vfio4j vcpu probe --pause-exits --for 5s",
            "",
            "A vCPU and hogs, threads that want its processor all the time, share a",
            "processor of the host. From another one an eventfd is signalled, which KVM",
            "makes an interrupt of; the guest's handler leaves the guest at once, and that",
            "is seen. When to signal is drawn before, whatever becomes of the signals.",
            "A busy vCPU waits its turn: P(wait > x) = k/(k+1) * (1 - x/(kS)), with k hogs,",
            "where S is one tick of the host. The prediction is the median without hogs plus",
            "the law's quantile. A halted vCPU is woken and favoured; the law is not for it.",
            "",
            "Needs /dev/kvm, on x86, and two processors that are idle otherwise; keeps them",
            "busy for some minutes. Changes nothing. Ctrl-C ends it in order: the rows until",
            "then are printed."
        })
final class VcpuProbeCommand implements Callable<Integer> {
    private static final int PAUSE_ROUNDS = 2;
    private static final int MOST_SEED = 1_000_000_000;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private VcpuCommand parent;

    @Option(
            names = "--guest",
            paramLabel = "halted|busy|both",
            description = "What the vCPU does between interrupts: it sleeps, it computes; both is the default.")
    private Guest guest = Guest.BOTH;

    @Option(
            names = "--hogs",
            split = ",",
            paramLabel = "K",
            description = "How many hogs, a row for each number; 0,1,2,3 is the default. No hogs is always measured, as"
                    + " what the prediction is based on.")
    private List<Integer> hogs = List.of(0, 1, 2, 3);

    @Option(names = "--samples", paramLabel = "N", description = "How many signals a row has; 1000 by default.")
    private int samples = 1000;

    @Option(
            names = "--processors",
            split = ",",
            paramLabel = "N",
            description =
                    "Two processors of the host: that of the vCPU and the hogs, that of the signals. By default the last"
                            + " and the first that this process may use.")
    private List<Integer> processors = List.of();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of the times of the signals; drawn, and printed, when left out.")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--raw", paramLabel = "FILE", description = "Write every sample into a file, as CSV.")
    private Optional<String> raw = Optional.empty();

    @Option(
            names = "--yields",
            description =
                    "Instead: have vCPUs yield by the hypercall KVM_HC_SCHED_YIELD to one that sleeps, one that runs and"
                            + " one that was preempted, and print what KVM counts. It succeeds only towards a vCPU that is ready.")
    private boolean yields;

    @Option(
            names = "--pause-exits",
            description =
                    "Instead: have two vCPUs on one processor spin for one another, with PAUSE exits as they are and"
                            + " switched off for the VM. With them a host that notices has the other one run.")
    private boolean pauseExits;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long each row of --yields and --pause-exits takes; 2s by default.")
    private Duration length = Duration.ofSeconds(2);

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    /** What the vCPU does. */
    enum Guest {
        HALTED(List.of(GuestWork.HALTED)),
        BUSY(List.of(GuestWork.BUSY)),
        BOTH(List.of(GuestWork.HALTED, GuestWork.BUSY));

        private final List<GuestWork> works;

        Guest(List<GuestWork> works) {
            this.works = works;
        }
    }

    @Override
    public Integer call() throws IOException {
        requireSensible();
        parent.endsWithItsReader();
        SystemCalls calls = parent.localHost().open();
        PrintWriter out = spec.commandLine().getOut();
        ProbeReport report = json ? new ProbeJson(out) : new ProbeText(out, parent.terminal());
        try (Ending ending = Ending.onSignals()) {
            if (yields) {
                probeYields(calls, report, ending);
            }
            if (pauseExits) {
                probePauses(calls, report, ending);
            }
            if (!yields && !pauseExits) {
                probeLatency(calls, report, ending);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        return 0;
    }

    private void requireSensible() {
        require(samples >= 1 && samples <= LatencySetup.MOST_SIGNALS, "--samples: 1 to " + LatencySetup.MOST_SIGNALS);
        for (int each : hogs) {
            require(each >= 0 && each <= LatencySetup.MOST_HOGS, "--hogs: 0 to " + LatencySetup.MOST_HOGS);
        }
        require(
                processors.isEmpty()
                        || processors.size() == 2 && !processors.get(0).equals(processors.get(1)),
                "--processors: two different ones, such as 1,0");
        require(!length.isZero(), "--for: longer than nothing");
        require(raw.isEmpty() || !yields && !pauseExits, "--raw: --yields and --pause-exits have no samples");
        require(
                !raw.equals(Optional.of(OutputFile.STANDARD_OUTPUT)),
                "--raw: a file; the report is on standard output");
    }

    private void require(boolean sensible, String otherwise) {
        if (!sensible) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    /** Where the vCPUs are, and where not. */
    private List<Integer> places(SystemCalls calls) throws IOException {
        List<Integer> allowed = calls.allowedProcessors();
        for (int processor : processors) {
            require(
                    allowed.contains(processor),
                    "--processors: this process may use " + ProbeText.joined(allowed) + ", not " + processor);
        }
        if (!processors.isEmpty()) {
            return processors;
        }
        if (allowed.size() < 2) {
            throw new IOException("this host cannot do it: the vCPU needs a processor, and the signals another one;"
                    + " this process may use processor " + ProbeText.joined(allowed) + " only");
        }
        return List.of(allowed.get(allowed.size() - 1), allowed.get(0));
    }

    private void probeLatency(SystemCalls calls, ProbeReport report, Ending ending)
            throws IOException, InterruptedException {
        List<Integer> places = places(calls);
        LatencyProbe.requireSupport(calls);
        TreeSet<Integer> rows = new TreeSet<>(hogs);
        rows.add(0);
        long drawn = seed.orElseGet(() -> new SplittableRandom().nextLong(MOST_SEED));
        long tick = calls.tickNanos();
        Duration expected = Duration.ZERO;
        for (int each : rows) {
            Duration row = LatencyProbe.expectedDuration(calls, setup(GuestWork.BUSY, each, places, drawn));
            expected = expected.plus(row.multipliedBy(guest.works.size()));
        }
        try (RawSamples samplesFile = RawSamples.open(raw)) {
            report.begin(new ProbeReport.Plan(places.get(0), places.get(1), samples, drawn, tick, expected));
            Map<GuestWork, OptionalLong> bases = new EnumMap<>(GuestWork.class);
            for (GuestWork work : guest.works) {
                for (int each : rows) {
                    if (isOver(ending)) {
                        return;
                    }
                    LatencySetup setup = setup(work, each, places, drawn);
                    LatencyResult result = LatencyProbe.run(calls, setup, signals -> {
                        report.progress(setup, signals);
                        return !ending.isRequested();
                    });
                    if (each == 0) {
                        bases.put(work, result.quantileNanos(ProbeReport.Row.MEDIAN));
                    }
                    report.row(new ProbeReport.Row(
                            result,
                            work == GuestWork.BUSY && each > 0 ? bases.get(work) : OptionalLong.empty(),
                            new WaitingLaw(each, tick)));
                    samplesFile.add(result);
                }
            }
        }
        report.end();
    }

    /** Nobody waits for the next row. */
    private boolean isOver(Ending ending) {
        return ending.isRequested() || spec.commandLine().getOut().checkError();
    }

    private LatencySetup setup(GuestWork work, int count, List<Integer> places, long drawn) {
        return new LatencySetup(work, count, samples, places.get(0), places.get(1), drawn);
    }

    private void probeYields(SystemCalls calls, ProbeReport report, Ending ending)
            throws IOException, InterruptedException {
        List<Integer> places = places(calls);
        Optional<String> obstacle = YieldProbe.obstacle(calls);
        if (obstacle.isPresent()) {
            throw new IOException("this host's vCPUs cannot yield to one another: " + obstacle.get());
        }
        report.beginYields(places.get(0), places.get(1), length);
        for (YieldProbe.Target target : YieldProbe.Target.values()) {
            if (isOver(ending)) {
                return;
            }
            report.yields(
                    YieldProbe.run(calls, target, places.get(0), places.get(1), length, () -> !ending.isRequested()));
        }
        report.endYields();
    }

    private void probePauses(SystemCalls calls, ProbeReport report, Ending ending)
            throws IOException, InterruptedException {
        List<Integer> allowed = calls.allowedProcessors();
        int processor = processors.isEmpty()
                ? allowed.get(allowed.size() - 1)
                : places(calls).get(0);
        PauseProbe.requireSupport(calls);
        report.beginPauses(PauseExitReport.of(calls), processor, length);
        for (int round = 0; round < PAUSE_ROUNDS; round++) {
            for (boolean exitsOff : new boolean[] {false, true}) {
                if (isOver(ending)) {
                    return;
                }
                report.pauses(PauseProbe.run(calls, exitsOff, processor, length, () -> !ending.isRequested()));
            }
        }
    }
}

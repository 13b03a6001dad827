package io.vfio4j.cli;

import io.vfio4j.display.DisplayOptions;
import io.vfio4j.kvm.KvmProcess;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j vcpu watch PID}. */
@Command(
        name = "watch",
        description = "Shows how long the vCPUs of a running VM wait for a processor, and what KVM counts of them.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j vcpu watch 4711",
            "  vfio4j vcpu watch 4711 --interval 500ms --for 10s --json",
            "  vfio4j vcpu watch 4711 --vgpu pid:4711/8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11",
            "",
            "The VM goes on undisturbed. Waits are those that the host's scheduler counts",
            "(/proc/PID/task/TID/schedstat). The longest wait is exact where the thread got",
            "a processor once between two looks; else it lies between the two values.",
            "",
            "What KVM counts is read from statistics descriptors that the process keeps",
            "open (QEMU does from 8.1 on), else from debugfs, which is for root, has to be",
            "mounted, and has only the sums of all vCPUs. What is missing is named, with",
            "the reason. directed_yield_* count only the guest's own yields, by hypercall:",
            "those after a pause exit (PLE), of which the boost of vCPUs is a part, are",
            "counted nowhere. preemption_*: a vCPU had to leave its processor though it",
            "could have gone on.",
            "",
            "With --vgpu, refreshes are held against the display's vblanks. Of each late",
            "one it is said whether a vCPU waited for a processor meanwhile, for at least",
            "half as long as it was late. A vGPU of another process is looked at by a",
            "timer: what is late by less than its period does not show.",
            "",
            "Ctrl-C ends it in order: the summary is printed."
        })
final class VcpuWatchCommand implements Callable<Integer> {
    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(10);
    private static final Duration SHORTEST_LOOK = Duration.ofMillis(1);
    private static final Duration LONGEST_LOOK = Duration.ofMillis(100);

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private VcpuCommand parent;

    @Parameters(paramLabel = "PID", description = "The process that has the VM, for example QEMU.")
    private int pid;

    @Option(
            names = "--interval",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "From one line to the next, at least 10ms; 1s by default.")
    private Duration interval = Duration.ofSeconds(1);

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long, for example 500ms, 5s, 2m, 1h. Until Ctrl-C when left out.")
    private Optional<Duration> length = Optional.empty();

    @Option(
            names = "--vgpu",
            paramLabel = "DEVICE",
            converter = DeviceNameConverter.class,
            description =
                    "A vGPU of the VM, mostly pid:PID[/UUID]; any DEVICE that 'vfio4j watch' takes. Its late refreshes"
                            + " are shown, and whether a vCPU that waited is the cause.")
    private Optional<DeviceName> vgpu = Optional.empty();

    @Option(
            names = "--look",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description =
                    "How often a timer looks at a vGPU that has no display irq or is another process's, 1ms to 100ms;"
                            + " 2ms by default. Each look is a call to its driver.")
    private Duration look = Duration.ofMillis(2);

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        requireSensible();
        parent.endsWithItsReader();
        PrintWriter out = spec.commandLine().getOut();
        VcpuReport report = json ? new VcpuJson(out) : new VcpuText(out);
        SystemCalls calls = parent.localHost().open();
        try (Ending ending = Ending.onSignals();
                KvmProcess process = KvmProcess.open(calls, pid)) {
            if (vgpu.isPresent()) {
                try (VgpuRefreshes refreshes = VgpuRefreshes.open(calls, vgpu.get(), look, options())) {
                    watch(calls, process, report, ending, Optional.of(refreshes));
                }
            } else {
                watch(calls, process, report, ending, Optional.empty());
            }
        }
        return 0;
    }

    private void watch(
            SystemCalls calls, KvmProcess process, VcpuReport report, Ending ending, Optional<VgpuRefreshes> refreshes)
            throws IOException {
        new VcpuWatch(calls, process, report, spec.commandLine().getOut(), refreshes, interval)
                .run(
                        ending,
                        length,
                        refreshes.map(
                                its -> new VcpuReport.Vgpu(vgpu.orElseThrow().text(), its.resolution())));
    }

    private void requireSensible() {
        require(pid >= 1 && pid <= DeviceName.PID_LIMIT, "PID: " + pid + " is no number of a process");
        require(interval.compareTo(SHORTEST_INTERVAL) >= 0, "--interval: at least 10ms");
        require(length.isEmpty() || !length.get().isZero(), "--for: longer than nothing");
        require(look.compareTo(SHORTEST_LOOK) >= 0 && look.compareTo(LONGEST_LOOK) <= 0, "--look: from 1ms to 100ms");
    }

    private void require(boolean sensible, String otherwise) {
        if (!sensible) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    private DisplayOptions options() {
        PrintWriter err = spec.commandLine().getErr();
        return DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> {
            err.println("vfio4j: " + Vfio4j.oneLine(what + ": " + cause.getMessage()));
            err.flush();
        });
    }
}

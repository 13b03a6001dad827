package io.vfio4j.cli;

import io.vfio4j.emulator.study.TableParameters;
import io.vfio4j.emulator.vcpu.Costs;
import io.vfio4j.emulator.vcpu.GuestProgram.Ebizzy;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.HostScheduler;
import io.vfio4j.emulator.vcpu.Patience;
import io.vfio4j.emulator.vcpu.Pause;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** The parameters of the model as options; each that is left out is that of the published table. */
final class ModelOptions {
    /** The options, by the components of the records that they set. */
    private static final Map<String, String> BY_COMPONENT = Map.ofEntries(
            Map.entry("cpus", "--cpus"),
            Map.entry("hertz", "--hz"),
            Map.entry("latencyNanos", "--latency"),
            Map.entry("minimumGranularityNanos", "--min-granularity"),
            Map.entry("wakeUpGranularityNanos", "--wake-up-granularity"),
            Map.entry("sliceNanos", "--slice"),
            Map.entry("haltPollNanos", "--halt-poll"),
            Map.entry("windowNanos", "--ple-window"),
            Map.entry("growth", "--ple-growth"),
            Map.entry("longestNanos", "--ple-longest"),
            Map.entry("thresholdNanos", "--spin-threshold"),
            Map.entry("checkNanos", "--spin-check"),
            Map.entry("exit", "--exit"),
            Map.entry("contextSwitch", "--context-switch"),
            Map.entry("scan", "--scan"),
            Map.entry("yield", "--yield"),
            Map.entry("wakeUp", "--wake-up"),
            Map.entry("ipiSend", "--ipi-send"),
            Map.entry("ipiTarget", "--ipi-target"),
            Map.entry("interrupt", "--interrupt"),
            Map.entry("call", "--call"),
            Map.entry("handover", "--handover"),
            Map.entry("leastStay", "--least-stay"),
            Map.entry("userNanos", "--user"),
            Map.entry("kernelNanos", "--kernel"),
            Map.entry("lockSections", "--lock-sections"),
            Map.entry("holdNanos", "--hold"),
            Map.entry("jitterPercent", "--jitter"),
            Map.entry("machines", "--vms"),
            Map.entry("vcpus", "--vcpus"),
            Map.entry("interruptHertz", "--interrupts"),
            Map.entry("seeds", "--seeds"),
            Map.entry("threads", "--threads"),
            Map.entry("warmUp", "--warm-up"),
            Map.entry("measured", "--for"));

    private static final Set<String> COSTS = Arrays.stream(Costs.class.getRecordComponents())
            .map(RecordComponent::getName)
            .collect(Collectors.toUnmodifiableSet());

    /** What a message is about comes first; elsewhere only words that no sentence has by chance are meant. */
    private static final Pattern COMPONENT = Pattern.compile("^\\w+|\\b\\w+Nanos\\b");

    private static final Pattern NUMBER = Pattern.compile("\\b\\d+\\b");

    @Option(names = "--hz", paramLabel = "N", description = "Ticks a second of the host (default: 250).")
    private Optional<Integer> hertz = Optional.empty();

    @Option(
            names = "--scheduler",
            paramLabel = "NAME",
            converter = KebabEnum.Scheduler.class,
            description = "How the host schedules: cfs (default), eevdf, eevdf-without-hint, round-robin.")
    private Optional<HostScheduler> scheduler = Optional.empty();

    @Option(
            names = "--latency",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "sched_latency_ns of CFS.")
    private Optional<Duration> latency = Optional.empty();

    @Option(
            names = "--min-granularity",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "sched_min_granularity_ns of CFS.")
    private Optional<Duration> minimumGranularity = Optional.empty();

    @Option(
            names = "--wake-up-granularity",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "sched_wakeup_granularity_ns of CFS.")
    private Optional<Duration> wakeUpGranularity = Optional.empty();

    @Option(
            names = "--slice",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "The base slice of EEVDF, the time slice of round robin.")
    private Optional<Duration> slice = Optional.empty();

    @Option(
            names = "--halt-poll",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "halt_poll_ns of KVM.")
    private Optional<Duration> haltPoll = Optional.empty();

    @Option(
            names = "--ple-window",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long a vCPU spins before its first exit.")
    private Optional<Duration> window = Optional.empty();

    @Option(names = "--ple-growth", paramLabel = "N", description = "By what that is multiplied at each exit.")
    private Optional<Integer> growth = Optional.empty();

    @Option(
            names = "--ple-longest",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "What it grows to at most.")
    private Optional<Duration> longest = Optional.empty();

    @Option(
            names = "--spin-threshold",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long a vCPU spins for a paravirtualised lock before it halts.")
    private Optional<Duration> threshold = Optional.empty();

    @Option(
            names = "--spin-check",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How often on the way it looks whether to halt early.")
    private Optional<Duration> check = Optional.empty();

    @Option(
            names = "--exit",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "A VM exit and the entry after it.")
    private Optional<Duration> exit = Optional.empty();

    @Option(
            names = "--context-switch",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "From one vCPU to another.")
    private Optional<Duration> contextSwitch = Optional.empty();

    @Option(
            names = "--scan",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Looking at one vCPU in the search for whom to boost.")
    private Optional<Duration> scan = Optional.empty();

    @Option(
            names = "--yield",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "A call of yield_to().")
    private Optional<Duration> yield = Optional.empty();

    @Option(
            names = "--wake-up",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Waking a vCPU that blocks.")
    private Optional<Duration> wakeUp = Optional.empty();

    @Option(
            names = "--ipi-send",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Sending an interrupt to other vCPUs.")
    private Optional<Duration> ipiSend = Optional.empty();

    @Option(
            names = "--ipi-target",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "The same for each target.")
    private Optional<Duration> ipiTarget = Optional.empty();

    @Option(
            names = "--interrupt",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Taking an interrupt in the guest.")
    private Optional<Duration> interrupt = Optional.empty();

    @Option(
            names = "--call",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "A function call that came with it.")
    private Optional<Duration> call = Optional.empty();

    @Option(
            names = "--handover",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "A lock's way from one processor to the next.")
    private Optional<Duration> handover = Optional.empty();

    @Option(
            names = "--least-stay",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long a vCPU that was entered runs at least.")
    private Optional<Duration> leastStay = Optional.empty();

    @Option(
            names = "--user",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "ebizzy: in user mode for each record.")
    private Optional<Duration> user = Optional.empty();

    @Option(
            names = "--kernel",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "ebizzy: in the kernel for each record, without locks and interrupts.")
    private Optional<Duration> kernel = Optional.empty();

    @Option(
            names = "--lock-sections",
            paramLabel = "N",
            description = "ebizzy: how often it takes the lock of the address space for each record.")
    private Optional<Integer> lockSections = Optional.empty();

    @Option(
            names = "--hold",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "ebizzy: how long it holds the lock each time.")
    private Optional<Duration> hold = Optional.empty();

    @Option(names = "--jitter", paramLabel = "PERCENT", description = "By how much each piece of work varies.")
    private Optional<Integer> jitter = Optional.empty();

    /** What is set, on top of the others. */
    TableParameters on(TableParameters defaults) {
        HostModel host = defaults.host();
        Pause pause = defaults.pause();
        Costs costs = defaults.costs();
        Patience patience = defaults.patience();
        Ebizzy workload = defaults.workload();
        return new TableParameters(
                new HostModel(
                        host.cpus(),
                        hertz.orElse(host.hertz()),
                        scheduler.orElse(host.scheduler()),
                        nanos(latency, host.latencyNanos()),
                        nanos(minimumGranularity, host.minimumGranularityNanos()),
                        nanos(wakeUpGranularity, host.wakeUpGranularityNanos()),
                        nanos(slice, host.sliceNanos()),
                        nanos(haltPoll, host.haltPollNanos())),
                new Pause(
                        nanos(window, pause.windowNanos()),
                        growth.orElse(pause.growth()),
                        nanos(longest, pause.longestNanos())),
                new Costs(
                        nanos(exit, costs.exit()),
                        nanos(contextSwitch, costs.contextSwitch()),
                        nanos(scan, costs.scan()),
                        nanos(yield, costs.yield()),
                        nanos(wakeUp, costs.wakeUp()),
                        nanos(ipiSend, costs.ipiSend()),
                        nanos(ipiTarget, costs.ipiTarget()),
                        nanos(interrupt, costs.interrupt()),
                        nanos(call, costs.call()),
                        nanos(handover, costs.handover()),
                        nanos(leastStay, costs.leastStay())),
                new Patience(nanos(threshold, patience.thresholdNanos()), nanos(check, patience.checkNanos())),
                new Ebizzy(
                        nanos(user, workload.userNanos()),
                        nanos(kernel, workload.kernelNanos()),
                        lockSections.orElse(workload.lockSections()),
                        nanos(hold, workload.holdNanos())),
                jitter.orElse(defaults.jitterPercent()));
    }

    private static long nanos(Optional<Duration> option, long otherwise) {
        return option.map(Duration::toNanos).orElse(otherwise);
    }

    /** A message of a record that names its component, with the option and its units in their places. */
    static String byOption(String message) {
        String named =
                COMPONENT.matcher(message).replaceAll(word -> BY_COMPONENT.getOrDefault(word.group(), word.group()));
        return isTime(message.split("\\W", 2)[0])
                ? NUMBER.matcher(named).replaceAll(digits -> duration(digits.group()))
                : named;
    }

    private static String duration(String nanos) {
        return DurationText.format(Duration.ofNanos(Long.parseLong(nanos)));
    }

    private static boolean isTime(String component) {
        return component.endsWith("Nanos") || COSTS.contains(component);
    }

    /** The option that sets a component. */
    static String option(String component) {
        return BY_COMPONENT.getOrDefault(component, component);
    }

    /** A component's value, as its option takes it. */
    static String value(String component, long value) {
        return isTime(component) ? duration(String.valueOf(value)) : String.valueOf(value);
    }
}

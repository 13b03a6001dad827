package io.vfio4j.kvm;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What KVM counts of a VM or a vCPU, by name. What there is differs from kernel to kernel and between architectures.
 *
 * <p>The values are those of the last {@link #read}, which takes one system call and allocates nothing. KVM goes on counting
 * while it is read: values of one read need not be of the same instant. One thread at a time. Only {@link #open} may block.
 */
public final class KvmStatistics implements AutoCloseable {
    private final SystemCalls calls;
    private final Descriptor owner;
    private final Descriptor file;
    private final String id;
    private final Map<String, KvmStatistic> schema;
    private final long dataOffset;
    private final NativeMemory data;
    private final AtomicBoolean closed = new AtomicBoolean();

    private KvmStatistics(
            SystemCalls calls,
            Descriptor owner,
            Descriptor file,
            String id,
            Map<String, KvmStatistic> schema,
            long dataOffset,
            NativeMemory data) {
        this.calls = calls;
        this.owner = owner;
        this.file = file;
        this.id = id;
        this.schema = schema;
        this.dataOffset = dataOffset;
        this.data = data;
    }

    /**
     * Opens the statistics of a VM or a vCPU, and reads them for the first time. A vCPU that is in KVM_RUN answers when it comes
     * out: open its statistics before it runs. Reading them is not held up by that.
     *
     * @param calls where the descriptor is from
     * @param vmOrVcpu what KVM_CREATE_VM or KVM_CREATE_VCPU returned; stays the caller's. Its number stays open at least as long
     *     as the statistics: kernels before 6.5 would read what is freed
     * @return the statistics; the caller closes them
     * @throws IOException what KVM says, with advice; {@link io.vfio4j.linux.MalformedReplyException}
     */
    public static KvmStatistics open(SystemCalls calls, Descriptor vmOrVcpu) throws IOException {
        vmOrVcpu.acquire();
        boolean success = false;
        try {
            KvmStatistics statistics = open(calls, vmOrVcpu, openFile(calls, vmOrVcpu));
            success = true;
            return statistics;
        } finally {
            if (!success) {
                vmOrVcpu.release();
            }
        }
    }

    /**
     * Takes over a copy of what a process has got by KVM_GET_STATS_FD.
     *
     * @param keeper a copy of the VM's own descriptor: see {@link #open(SystemCalls, Descriptor)}
     * @param file the copy, which is closed even if this fails
     */
    static KvmStatistics adopt(SystemCalls calls, Descriptor keeper, Descriptor file) throws IOException {
        keeper.acquire();
        boolean success = false;
        try {
            KvmStatistics statistics = open(calls, keeper, file);
            success = true;
            return statistics;
        } finally {
            if (!success) {
                keeper.release();
            }
        }
    }

    private static Descriptor openFile(SystemCalls calls, Descriptor owner) throws LinuxException {
        try {
            return calls.adopt(calls.ioctl(owner, Kvm.KVM_GET_STATS_FD, 0), "statistics of " + owner.description());
        } catch (LinuxException e) {
            // A VM says ENOTTY to what it does not know, a vCPU EINVAL.
            throw switch (e.errno()) {
                case Errno.ENOTTY, Errno.EINVAL ->
                    e.withAdvice("KVM has statistics from Linux 5.14 on, for VMs and for vCPUs.");
                default -> KvmVm.explained(e);
            };
        }
    }

    private static KvmStatistics open(SystemCalls calls, Descriptor owner, Descriptor file) throws IOException {
        Optional<NativeMemory> data = Optional.empty();
        boolean success = false;
        try {
            String target = owner.description();
            StatisticsSchema.Header header =
                    StatisticsSchema.Header.parse(bytes(calls, file, 0, Kvm.StatsHeader.SIZE), target);
            String id = StatisticsSchema.text(bytes(calls, file, header.idOffset(), header.nameSize()), 0, target);
            Map<String, KvmStatistic> schema = StatisticsSchema.parse(
                    header, bytes(calls, file, header.descriptorsOffset(), header.descriptorBytes()), target);
            data = Optional.of(calls.allocate(StatisticsSchema.dataBytes(schema)));
            KvmStatistics statistics =
                    new KvmStatistics(calls, owner, file, id, schema, header.dataOffset(), data.get());
            statistics.read();
            success = true;
            return statistics;
        } finally {
            if (!success) {
                data.ifPresent(NativeMemory::close);
                file.close();
            }
        }
    }

    private static byte[] bytes(SystemCalls calls, Descriptor file, long position, int length) throws IOException {
        try (NativeMemory memory = calls.allocate(length)) {
            fill(calls, file, memory, position);
            return memory.getBytes(0, length);
        }
    }

    private static void fill(SystemCalls calls, Descriptor file, NativeMemory memory, long position)
            throws IOException {
        int done = calls.read(file, memory, memory.size(), position);
        if (done < memory.size()) {
            fillRest(calls, file, memory, position, done);
        }
    }

    /** A read may give less than it was asked for. */
    private static void fillRest(SystemCalls calls, Descriptor file, NativeMemory memory, long position, int already)
            throws IOException {
        int done = already;
        try (NativeMemory rest = calls.allocate(memory.size() - done)) {
            while (done < memory.size()) {
                int more = calls.read(file, rest, memory.size() - done, position + done);
                if (more == 0) {
                    throw StatisticsSchema.malformed(
                            file.description(),
                            "it ends at byte " + (position + done) + " of " + (position + memory.size()),
                            memory.getBytes(0, done));
                }
                memory.putBytes(done, rest.getBytes(0, more));
                done += more;
            }
        }
    }

    /**
     * Whose statistics they are, in KVM's words.
     *
     * @return for example {@code kvm-1234} or {@code kvm-1234/vcpu-0}, with the number of the process that made the VM
     */
    public String id() {
        return id;
    }

    /**
     * What is counted.
     *
     * @return in the kernel's order
     */
    public List<KvmStatistic> all() {
        return List.copyOf(schema.values());
    }

    /**
     * Looks up what is counted.
     *
     * @param name for example {@code halt_wait_ns}
     * @return empty where this kernel does not count it
     */
    public Optional<KvmStatistic> find(String name) {
        return Optional.ofNullable(schema.get(name));
    }

    /**
     * Reads all values anew.
     *
     * @throws IOException what KVM says; {@link io.vfio4j.linux.MalformedReplyException} when values are missing; some may be old
     *     then, some new
     */
    public void read() throws IOException {
        fill(calls, file, data, dataOffset);
    }

    /**
     * A value of the last {@link #read}.
     *
     * @param name the statistic's name
     * @return the value, unsigned, in the statistic's unit and scale
     * @throws IllegalArgumentException when there is no such statistic, or it has more than one value
     */
    public long value(String name) {
        KvmStatistic statistic = named(name);
        if (statistic.values() != 1) {
            throw new IllegalArgumentException(statistic + " has " + statistic.values() + " values");
        }
        return data.getLong(statistic.offset());
    }

    /**
     * A histogram of the last {@link #read}.
     *
     * @param name the statistic's name
     * @return a copy
     * @throws IllegalArgumentException when there is no such statistic, or it is no histogram
     */
    public KvmHistogram histogram(String name) {
        KvmStatistic statistic = named(name);
        if (!statistic.isHistogram()) {
            throw new IllegalArgumentException(statistic + " is no histogram");
        }
        long[] counts = new long[statistic.values()];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = data.getLong(statistic.offset() + i * Long.BYTES);
        }
        return new KvmHistogram(statistic, counts);
    }

    private KvmStatistic named(String name) {
        KvmStatistic statistic = schema.get(name);
        if (statistic == null) {
            throw new IllegalArgumentException(
                    "this kernel's KVM does not count " + name + " for " + id + "; it counts " + schema.keySet());
        }
        return statistic;
    }

    /** Closes them. Further calls do nothing. */
    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            file.close();
            data.close();
            owner.release();
        }
    }

    @Override
    public String toString() {
        return "statistics of " + id;
    }
}

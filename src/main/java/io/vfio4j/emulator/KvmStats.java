package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Kvm;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The statistics of a VM or a vCPU, as the file of KVM_GET_STATS_FD shows them: virt/kvm/binary_stats.c, with the tables of
 * arch/x86/kvm/x86.c and include/linux/kvm_host.h of 6.1. The values change when somebody sets them.
 */
final class KvmStats {
    private static final int NAME_SIZE = 48;
    private static final int HALT_POLL_HIST_COUNT = 32;
    private static final int NANO = -9;
    private static final int COUNTER = Kvm.KVM_STATS_TYPE_CUMULATIVE | Kvm.KVM_STATS_UNIT_NONE;
    private static final int NOW = Kvm.KVM_STATS_TYPE_INSTANT | Kvm.KVM_STATS_UNIT_NONE;
    private static final int PEAK = Kvm.KVM_STATS_TYPE_PEAK | Kvm.KVM_STATS_UNIT_NONE;
    private static final int FLAG = Kvm.KVM_STATS_TYPE_INSTANT | Kvm.KVM_STATS_UNIT_BOOLEAN;
    private static final int TIME = Kvm.KVM_STATS_TYPE_CUMULATIVE | Kvm.KVM_STATS_UNIT_SECONDS;
    private static final int TIMES = Kvm.KVM_STATS_TYPE_LOG_HIST | Kvm.KVM_STATS_UNIT_SECONDS;

    /** A statistic. */
    record Field(String name, int flags, int exponent, int values) {
        /** Whether it is as it is, and does not only grow. */
        boolean isNow() {
            return (flags & Kvm.KVM_STATS_TYPE_MASK) == Kvm.KVM_STATS_TYPE_INSTANT;
        }
    }

    static final List<Field> OF_VM = fields(
            counters("remote_tlb_flush", "remote_tlb_flush_requests"),
            counters("mmu_shadow_zapped", "mmu_pte_write", "mmu_pde_zapped", "mmu_flooded", "mmu_recycled"),
            counters("mmu_cache_miss"),
            all(NOW, "mmu_unsync", "pages_4k", "pages_2m", "pages_1g", "nx_lpage_splits"),
            all(PEAK, "max_mmu_page_hash_collisions", "max_mmu_rmap_size"));

    static final List<Field> OF_VCPU = fields(
            counters("halt_successful_poll", "halt_attempted_poll", "halt_poll_invalid", "halt_wakeup"),
            times("halt_poll_success_ns", "halt_poll_fail_ns", "halt_wait_ns"),
            histograms("halt_poll_success_hist", "halt_poll_fail_hist", "halt_wait_hist"),
            all(FLAG, "blocking"),
            counters("pf_taken", "pf_fixed", "pf_emulate", "pf_spurious", "pf_fast", "pf_mmio_spte_created"),
            counters("pf_guest", "tlb_flush", "invlpg", "exits", "io_exits", "mmio_exits", "signal_exits"),
            counters("irq_window_exits", "nmi_window_exits", "l1d_flush", "halt_exits", "request_irq_exits"),
            counters("irq_exits", "host_state_reload", "fpu_reload", "insn_emulation", "insn_emulation_fail"),
            counters("hypercalls", "irq_injections", "nmi_injections", "req_event", "nested_run"),
            counters("directed_yield_attempted", "directed_yield_successful"),
            counters("preemption_reported", "preemption_other"),
            all(FLAG, "guest_mode"),
            counters("notify_window_exits"));

    private final List<Field> fields;
    private final Map<String, Integer> offsets = new HashMap<>();
    private final byte[] preamble;
    private final ByteBuffer data;

    private KvmStats(String id, List<Field> fields, List<Field> described) {
        this.fields = fields;
        int end = 0;
        for (Field field : fields) {
            offsets.put(field.name(), end);
            end += field.values() * Long.BYTES;
        }
        this.preamble = preamble(id, described);
        this.data = little(end);
    }

    /** The last two have their descriptors the other way round than their values. */
    static KvmStats ofVm(String id) {
        List<Field> described = new ArrayList<>(OF_VM);
        Collections.swap(described, described.size() - 2, described.size() - 1);
        return new KvmStats(id, OF_VM, described);
    }

    static KvmStats ofVcpu(String id) {
        return new KvmStats(id, OF_VCPU, OF_VCPU);
    }

    private byte[] preamble(String id, List<Field> described) {
        int stride = Kvm.StatsDesc.SIZE + NAME_SIZE;
        int descriptors = Kvm.StatsHeader.SIZE + NAME_SIZE;
        ByteBuffer bytes = little(descriptors + described.size() * stride);
        bytes.putInt(Kvm.StatsHeader.NAME_SIZE, NAME_SIZE)
                .putInt(Kvm.StatsHeader.NUM_DESC, described.size())
                .putInt(Kvm.StatsHeader.ID_OFFSET, Kvm.StatsHeader.SIZE)
                .putInt(Kvm.StatsHeader.DESC_OFFSET, descriptors)
                .putInt(Kvm.StatsHeader.DATA_OFFSET, bytes.capacity());
        bytes.put(Kvm.StatsHeader.SIZE, id.getBytes(StandardCharsets.US_ASCII));
        int at = descriptors;
        for (Field field : described) {
            bytes.putInt(at + Kvm.StatsDesc.FLAGS, field.flags() | Kvm.KVM_STATS_BASE_POW10)
                    .putShort(at + Kvm.StatsDesc.EXPONENT, (short) field.exponent())
                    .putShort(at + Kvm.StatsDesc.SIZE_MEMBER, (short) field.values())
                    .putInt(at + Kvm.StatsDesc.OFFSET, offsets.get(field.name()))
                    .put(at + Kvm.StatsDesc.NAME, field.name().getBytes(StandardCharsets.US_ASCII));
            at += stride;
        }
        return bytes.array();
    }

    /** Sets the first values of a statistic. */
    void set(String name, long... values) {
        Field field = fields.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("KVM of Linux 6.1 does not count " + name));
        if (values.length > field.values()) {
            throw new IllegalArgumentException(values.length + " values for " + name + ", which has " + field.values());
        }
        for (int i = 0; i < values.length; i++) {
            data.putLong(offsets.get(name) + i * Long.BYTES, values[i]);
        }
    }

    /** What debugfs shows: of a histogram, the first bucket. */
    long first(String name) {
        return data.getLong(offsets.get(name));
    }

    /** kvm_stats_read(): as much as there is; nothing beyond the end. */
    byte[] read(long position, int length) {
        ByteBuffer whole = ByteBuffer.allocate(preamble.length + data.capacity());
        whole.put(preamble).put(data.array());
        if (position < 0 || position >= whole.capacity()) {
            return new byte[0];
        }
        byte[] part = new byte[(int) Math.min(length, whole.capacity() - position)];
        whole.get((int) position, part);
        return part;
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @SafeVarargs
    private static List<Field> fields(List<Field>... parts) {
        List<Field> all = new ArrayList<>();
        for (List<Field> part : parts) {
            all.addAll(part);
        }
        return List.copyOf(all);
    }

    private static List<Field> counters(String... names) {
        return all(COUNTER, names);
    }

    private static List<Field> times(String... names) {
        return all(TIME, NANO, 1, names);
    }

    private static List<Field> histograms(String... names) {
        return all(TIMES, NANO, HALT_POLL_HIST_COUNT, names);
    }

    private static List<Field> all(int flags, String... names) {
        return all(flags, 0, 1, names);
    }

    private static List<Field> all(int flags, int exponent, int values, String... names) {
        List<Field> fields = new ArrayList<>();
        for (String name : names) {
            fields.add(new Field(name, flags, exponent, values));
        }
        return fields;
    }
}

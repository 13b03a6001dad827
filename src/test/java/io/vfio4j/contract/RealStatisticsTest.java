package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.kvm.KvmStatistic;
import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** KVM's statistics, beside those of the emulated host, on a real kernel. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealStatisticsTest {
    /** Which kernel the emulated host has its tables from. */
    private static final String EMULATED = "6.1.";

    private static List<KvmStatistic> described(SystemCalls calls, boolean ofVcpu) throws IOException {
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE);
                Descriptor vm = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "VM");
                Descriptor vcpu = calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, 0), "vCPU");
                KvmStatistics statistics = KvmStatistics.open(calls, ofVcpu ? vcpu : vm)) {
            return statistics.all();
        }
    }

    private static Map<String, String> byName(List<KvmStatistic> statistics) {
        Function<KvmStatistic, String> described = each -> each + " " + each.bucketSize();
        return statistics.stream().collect(Collectors.toMap(KvmStatistic::name, described));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theEmulatedHostCountsTheSameInTheSamePlaces(boolean ofVcpu) throws Exception {
        List<KvmStatistic> real = described(JnaLinux.open(), ofVcpu);
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            List<KvmStatistic> emulated = described(host.systemCalls(), ofVcpu);
            if (System.getProperty("os.version").startsWith(EMULATED)) {
                assertEquals(real, emulated);
            }
            Map<String, String> others = byName(emulated);
            others.keySet().retainAll(byName(real).keySet());
            assertTrue(others.size() > emulated.size() / 2, "common to both: " + others.keySet());
            Map<String, String> same = byName(real);
            same.keySet().retainAll(others.keySet());
            assertEquals(same, others);
        }
    }

    @Test
    void readingAllocatesNothing() throws Exception {
        SystemCalls calls = JnaLinux.open();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE);
                Descriptor vm = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "VM");
                Descriptor vcpu = calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, 0), "vCPU");
                KvmStatistics statistics = KvmStatistics.open(calls, vcpu)) {
            long bytes = Long.MAX_VALUE;
            long sum = 0;
            for (int round = 0; round < 3; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1000; i++) {
                    statistics.read();
                    sum += statistics.value("directed_yield_successful");
                }
                bytes = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertEquals(0, sum);
            // The JVM itself may allocate now and then; a read that did would show a thousandfold.
            assertTrue(bytes < 1000, bytes + " bytes for 1000 reads");
        }
    }
}

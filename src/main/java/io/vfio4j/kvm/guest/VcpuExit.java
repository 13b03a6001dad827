package io.vfio4j.kvm.guest;

import io.vfio4j.linux.NativeBytes;
import io.vfio4j.linux.uapi.Kvm;

/** Why a vCPU has left the guest: what struct kvm_run says, none of which is followed anywhere. */
final class VcpuExit {
    /** What is read of it ends here. */
    static final int SMALLEST_RUN = 64;

    private static final int NO_PORT = -1;

    private VcpuExit() {}

    /** The port that a byte was written to, or something negative where it has left for another reason. */
    static int portWritten(NativeBytes run) {
        boolean written = run.getInt(Kvm.Run.EXIT_REASON) == Kvm.KVM_EXIT_IO
                && run.getByte(Kvm.Run.IO_DIRECTION) == Kvm.KVM_EXIT_IO_OUT
                && run.getByte(Kvm.Run.IO_SIZE) == 1
                && run.getInt(Kvm.Run.IO_COUNT) == 1;
        return written ? run.getShort(Kvm.Run.IO_PORT) : NO_PORT;
    }

    static String describe(NativeBytes run) {
        int reason = run.getInt(Kvm.Run.EXIT_REASON);
        return switch (reason) {
            case Kvm.KVM_EXIT_IO ->
                "KVM_EXIT_IO: " + Integer.toUnsignedString(run.getInt(Kvm.Run.IO_COUNT)) + " times "
                        + run.getByte(Kvm.Run.IO_SIZE) + " bytes "
                        + (run.getByte(Kvm.Run.IO_DIRECTION) == Kvm.KVM_EXIT_IO_OUT ? "to" : "from") + " port 0x"
                        + Integer.toHexString(run.getShort(Kvm.Run.IO_PORT));
            case Kvm.KVM_EXIT_HYPERCALL -> "KVM_EXIT_HYPERCALL";
            case Kvm.KVM_EXIT_HLT -> "KVM_EXIT_HLT";
            case Kvm.KVM_EXIT_MMIO ->
                "KVM_EXIT_MMIO: memory that is not there, 0x" + Long.toHexString(run.getLong(Kvm.Run.MMIO_PHYS_ADDR));
            case Kvm.KVM_EXIT_SHUTDOWN -> "KVM_EXIT_SHUTDOWN";
            case Kvm.KVM_EXIT_FAIL_ENTRY ->
                "KVM_EXIT_FAIL_ENTRY: hardware reason 0x"
                        + Long.toHexString(run.getLong(Kvm.Run.FAIL_ENTRY_HARDWARE_ENTRY_FAILURE_REASON));
            case Kvm.KVM_EXIT_INTR -> "KVM_EXIT_INTR";
            case Kvm.KVM_EXIT_INTERNAL_ERROR ->
                "KVM_EXIT_INTERNAL_ERROR: " + Integer.toUnsignedString(run.getInt(Kvm.Run.INTERNAL_SUBERROR));
            default -> "exit reason " + Integer.toUnsignedString(reason);
        };
    }
}

package io.vfio4j.emulator.vcpu;

import java.util.Collections;
import java.util.List;

/**
 * A guest.
 *
 * @param programs what each of its vCPUs does
 * @param lock which kind its spin locks are
 * @param patience how long its vCPUs spin for a paravirtualised lock
 */
public record VirtualMachine(List<GuestProgram> programs, SpinLock lock, Patience patience) {
    /** KVM_MAX_VCPUS of arch/x86/include/asm/kvm_host.h. */
    private static final int MOST_VCPUS = 1024;

    /**
     * Makes a guest.
     *
     * @param programs what each of its vCPUs does, 1 to 1024
     * @param lock which kind its spin locks are
     * @param patience how long its vCPUs spin for a paravirtualised lock
     * @throws IllegalArgumentException if there are no programs, or too many
     */
    public VirtualMachine {
        programs = List.copyOf(programs);
        Bounds.check("programs", programs.size(), 1, MOST_VCPUS);
    }

    /**
     * A guest whose patience is Linux's.
     *
     * @param programs what each of its vCPUs does, 1 to 1024
     * @param lock which kind its spin locks are
     */
    public VirtualMachine(List<GuestProgram> programs, SpinLock lock) {
        this(programs, lock, Patience.defaults());
    }

    /**
     * A guest whose vCPUs all do the same.
     *
     * @param vcpus how many, 1 to 1024
     * @param program what they do
     * @param lock which kind its spin locks are
     * @return the guest
     */
    public static VirtualMachine of(int vcpus, GuestProgram program, SpinLock lock) {
        Bounds.check("vcpus", vcpus, 1, MOST_VCPUS);
        return new VirtualMachine(Collections.nCopies(vcpus, program), lock);
    }
}

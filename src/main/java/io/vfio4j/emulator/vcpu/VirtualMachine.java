package io.vfio4j.emulator.vcpu;

import java.util.Collections;
import java.util.List;

/**
 * A guest.
 *
 * @param programs what each of its vCPUs does
 * @param lock which kind its spin locks are
 */
public record VirtualMachine(List<GuestProgram> programs, SpinLock lock) {
    /**
     * Makes a guest.
     *
     * @param programs what each of its vCPUs does
     * @param lock which kind its spin locks are
     */
    public VirtualMachine {
        programs = List.copyOf(programs);
    }

    /**
     * A guest whose vCPUs all do the same.
     *
     * @param vcpus how many
     * @param program what they do
     * @param lock which kind its spin locks are
     * @return the guest
     */
    public static VirtualMachine of(int vcpus, GuestProgram program, SpinLock lock) {
        return new VirtualMachine(Collections.nCopies(vcpus, program), lock);
    }
}

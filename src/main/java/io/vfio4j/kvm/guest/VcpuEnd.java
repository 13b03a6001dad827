package io.vfio4j.kvm.guest;

/**
 * How a vCPU ended.
 *
 * @param asked whether it was by {@link SmallGuest#stop}
 * @param text how, for people; where it was not asked for, with KVM's exit reason and the registers
 */
public record VcpuEnd(boolean asked, String text) {
    @Override
    public String toString() {
        return text;
    }
}

package io.vfio4j.doctor;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioGroup;
import java.io.IOException;
import java.util.Optional;

/**
 * What came of opening a group, which was closed again at once.
 *
 * @param viable what the kernel says; empty where the group could not be opened, or did not say
 * @param opened whether it could be opened
 * @param busy whether somebody has it open
 */
record GroupLook(Optional<Boolean> viable, boolean opened, boolean busy) {
    private static final GroupLook NONE = new GroupLook(Optional.empty(), false, false);

    static GroupLook of(SystemCalls calls, HostDevice device) {
        if (device.group().isEmpty()) {
            return NONE;
        }
        try (VfioGroup group = VfioGroup.open(calls, device.group().getAsInt())) {
            return new GroupLook(viable(group), true, false);
        } catch (LinuxException e) {
            return new GroupLook(Optional.empty(), false, e.errno() == Errno.EBUSY);
        }
    }

    private static Optional<Boolean> viable(VfioGroup group) {
        try {
            return Optional.of(group.viable());
        } catch (IOException notSaid) {
            return Optional.empty();
        }
    }

    boolean saysNotViable() {
        return viable.filter(yes -> !yes).isPresent();
    }
}

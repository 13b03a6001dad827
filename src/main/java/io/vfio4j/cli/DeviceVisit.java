package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Gets at the device that a name names, for a short time. */
final class DeviceVisit {
    /** Enough for an emulated guest to have something on its screen. */
    private static final Duration GUEST_LEAD = Duration.ofMillis(100);

    private DeviceVisit() {}

    /** What is done with the device. */
    interface Errand {
        /**
         * Does it.
         *
         * @param calls the device's host
         * @param opened closed afterwards
         */
        void run(SystemCalls calls, OpenedDevice opened) throws IOException;
    }

    /** An emulated host is one in virtual time, whose guest runs already. */
    static void to(DeviceName device, Vfio4j command, Optional<AttachPath> path, Errand errand) throws IOException {
        if (device instanceof DeviceName.Emulated name) {
            try (EmulatedDevice emulated = EmulatedDevice.inVirtualTime(name)) {
                SystemCalls calls = emulated.systemCalls();
                try (OpenedDevice opened = OpenedDevice.openWithBareVm(calls, emulated.mdev(), path)) {
                    emulated.runGuest();
                    emulated.advance(GUEST_LEAD);
                    errand.run(calls, opened);
                }
            }
            return;
        }
        SystemCalls calls = command.localHost().open();
        try (OpenedDevice opened = device instanceof DeviceName.Mdev name
                ? OpenedDevice.openWithBareVm(calls, MdevDevice.find(calls, name.uuid()), path)
                : OpenedDevice.share(calls, device)) {
            errand.run(calls, opened);
        }
    }
}

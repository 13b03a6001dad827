package io.vfio4j.cli;

import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.DeviceInfo;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Everything that a device tells of itself, asked once.
 *
 * @param name how it is called
 * @param device the open device
 * @param bareVm whether it opened only with a VM of ours, which has no guest
 * @param info flags and counts
 * @param regions those that the driver describes; the screen's too, which may lie beyond the count
 * @param irqs those that the driver describes
 * @param displayIrq the display irq; empty where there is none
 * @param access how planes are handed out; empty for a device without a display
 * @param primary the primary plane
 * @param cursor the cursor plane
 */
record DeviceReport(
        String name,
        VfioDevice device,
        boolean bareVm,
        DeviceInfo info,
        List<RegionInfo> regions,
        List<IrqInfo> irqs,
        Optional<DisplayIrqInfo> displayIrq,
        Set<PlaneAccess> access,
        Answer primary,
        Answer cursor) {

    /** What a query of a plane gave: the plane, or nothing, or the driver's refusal. */
    record Answer(Optional<Plane> plane, Optional<LinuxException> refusal) {
        private static final Answer NOTHING = new Answer(Optional.empty(), Optional.empty());

        private static Answer ask(VfioDevice device, PlaneType type, Optional<PlaneAccess> access) {
            if (access.isEmpty()) {
                return NOTHING;
            }
            try {
                return new Answer(device.plane(type, access.get()), Optional.empty());
            } catch (LinuxException e) {
                return new Answer(Optional.empty(), Optional.of(e));
            }
        }
    }

    static DeviceReport of(String name, OpenedDevice opened) throws IOException {
        VfioDevice device = opened.device();
        DeviceInfo info = device.info();
        List<IrqInfo> irqs = device.irqs();
        Set<PlaneAccess> access = device.planeAccess();
        Answer primary = Answer.ask(device, PlaneType.PRIMARY, preferred(access));
        Answer cursor = Answer.ask(device, PlaneType.CURSOR, preferred(access));
        return new DeviceReport(
                name,
                device,
                opened.bareVm().isPresent(),
                info,
                regions(device, screenRegion(access, primary)),
                irqs,
                access.isEmpty() ? Optional.empty() : DisplayIrqInfo.detect(irqs),
                access,
                primary,
                // A driver that ignores the type of the plane gives the screen for the cursor as well.
                cursor.equals(primary) ? Answer.NOTHING : cursor);
    }

    private static Optional<PlaneAccess> preferred(Set<PlaneAccess> access) {
        return access.contains(PlaneAccess.DMABUF)
                ? Optional.of(PlaneAccess.DMABUF)
                : access.stream().findFirst();
    }

    Optional<PlaneAccess> preferredAccess() {
        return preferred(access);
    }

    /** The region that holds the screen. */
    Optional<Integer> screenRegion() {
        return screenRegion(access, primary);
    }

    private static Optional<Integer> screenRegion(Set<PlaneAccess> access, Answer primary) {
        return preferred(access)
                .filter(PlaneAccess.REGION::equals)
                .flatMap(region -> primary.plane())
                .map(Plane::source);
    }

    private static List<RegionInfo> regions(VfioDevice device, Optional<Integer> screen) throws IOException {
        List<RegionInfo> regions = new ArrayList<>(device.regions());
        boolean known = screen.isEmpty() || regions.stream().anyMatch(region -> region.index() == screen.get());
        if (!known) {
            try {
                regions.add(device.region(screen.get()));
            } catch (LinuxException e) {
                if (e.errno() != Errno.EINVAL) {
                    throw e;
                }
            }
        }
        return regions;
    }

    /** The indexes below the count that the driver refused. */
    List<Integer> refusedIrqs() {
        List<Integer> refused = new ArrayList<>();
        for (int index = 0; index < info.irqs(); index++) {
            int wanted = index;
            if (irqs.stream().noneMatch(irq -> irq.index() == wanted)) {
                refused.add(index);
            }
        }
        return refused;
    }

    /** The dialect's name, or {@code none}; empty for a device without a display. */
    Optional<String> dialect() {
        return access.isEmpty()
                ? Optional.empty()
                : Optional.of(displayIrq.map(irq -> irq.dialect().label()).orElse("none"));
    }

    /** Whether a region's answer has nothing to tell but that it is not there. */
    static boolean isAbsent(RegionInfo region) {
        return region.size() == 0
                && region.flags() == 0
                && region.capabilities().isEmpty();
    }

    /** The size of the irq info's structure that the driver wrote. */
    static int infoSize(IrqInfo irq) {
        return irq.layout() == IrqInfo.Layout.MAINLINE ? Vfio.IrqInfo.SIZE : Vfio.IrqInfo.SIZE + Integer.BYTES;
    }
}

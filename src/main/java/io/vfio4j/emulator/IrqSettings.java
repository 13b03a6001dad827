package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * VFIO_DEVICE_SET_IRQS of drivers/gpu/drm/i915/gvt/kvmgt.c, in mainline and in each version of the series, with the checks
 * of {@code vfio_set_irqs_validate_and_prepare} (drivers/vfio/vfio_main.c) where and only where the driver calls it.
 *
 * <p>Calls on which the drivers read beyond an array or through a null pointer are EINVAL here, and counted.
 */
final class IrqSettings {
    private final Kernel kernel;
    private final VgpuProfile profile;
    private final IrqAbi abi;
    private final IrqInfo info;
    private final DisplayTrigger display;
    private final BooleanSupplier vblanksRunning;
    private Optional<EventFd> msi = Optional.empty();
    private Optional<EventFd> request = Optional.empty();
    private int forbidden;
    private int leaked;
    private int hasty;
    private long maskedAt;

    IrqSettings(
            Kernel kernel, VgpuProfile profile, IrqInfo info, DisplayTrigger display, BooleanSupplier vblanksRunning) {
        this.kernel = kernel;
        this.profile = profile;
        this.abi = IrqAbi.of(profile.dialect());
        this.info = info;
        this.display = display;
        this.vblanksRunning = vblanksRunning;
    }

    int forbidden() {
        return forbidden;
    }

    int leaked() {
        return leaked;
    }

    int hasty() {
        return hasty;
    }

    /** The device is being removed: the {@code request} operation of VFIO drivers. */
    void request() {
        request.ifPresent(eventFd -> eventFd.signal(1));
    }

    /** The last descriptor was closed. The display irq stays armed: no version of the series lets go of its eventfd. */
    void close() {
        msi = Optional.empty();
        request = Optional.empty();
    }

    int set(long address) throws KernelError {
        SetIrqs call = SetIrqs.header(kernel.memory(), address);
        if (readsBeyondArray(call)) {
            throw forbid();
        }
        if (!call.isWithoutData()) {
            int size = call.validate(info.count(call.index()), info.irqs());
            call = call.withData(kernel.memory(), address, size);
        }
        apply(call);
        return 0;
    }

    /**
     * The series keeps its irqs in an array behind the five of PCI, and looks up what is not INTX or MSI there: index 2 to 4
     * reach in front of it, and so do "negative" ones before they are validated.
     */
    private boolean readsBeyondArray(SetIrqs call) {
        if (abi.irqs() == 0) {
            return false;
        }
        if (call.index() < 0) {
            return !call.isWithoutData();
        }
        return call.index() < Vfio.VFIO_PCI_NUM_IRQS && info.count(call.index()) == 0;
    }

    /** intel_vgpu_set_irqs(): picks a function by index and action, ENOTTY where there is none. */
    private void apply(SetIrqs call) throws KernelError {
        if (info.isDisplay(call.index())) {
            switch (call.action()) {
                case Vfio.VFIO_IRQ_SET_ACTION_MASK -> mask(call, true);
                case Vfio.VFIO_IRQ_SET_ACTION_UNMASK -> mask(call, false);
                case Vfio.VFIO_IRQ_SET_ACTION_TRIGGER -> trigger(call);
                default -> throw new KernelError(Errno.ENOTTY);
            }
            return;
        }
        switch (call.index()) {
            case Vfio.VFIO_PCI_INTX_IRQ_INDEX -> {
                if (Integer.bitCount(call.action()) != 1) {
                    throw new KernelError(Errno.ENOTTY);
                }
            }
            case Vfio.VFIO_PCI_MSI_IRQ_INDEX -> msi(call);
            case Vfio.VFIO_PCI_REQ_IRQ_INDEX -> request(call);
            // Behind all indexes the series has a check, mainline just no function.
            default ->
                throw new KernelError(
                        call.index() < 0 || call.index() >= info.irqs()
                                ? abi.irqs() == 0 ? Errno.ENOTTY : Errno.EINVAL
                                : Errno.ENOTTY);
        }
    }

    private void mask(SetIrqs call, boolean masked) throws KernelError {
        if (!abi.maskable()) {
            throw new KernelError(Errno.ENOTTY);
        }
        // v3 wants exactly one irq; from v4 on the bound is off by one.
        boolean countFits = abi.layout() == IrqAbi.Layout.CAP_OFFSET_THEN_COUNT
                ? call.count() == 1
                : Integer.compareUnsigned(call.count(), 2) <= 0;
        if (call.start() != 0 || !countFits) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isWithoutData()) {
            if (masked && !display.isMasked()) {
                maskedAt = kernel.nanoTime();
            }
            display.setMasked(masked);
        }
    }

    private void trigger(SetIrqs call) throws KernelError {
        int irq = call.index() - Vfio.VFIO_PCI_NUM_IRQS;
        if (call.isEventFd()) {
            EventFd eventFd = eventFdOf(call);
            if (display.eventFd(irq).isPresent()) {
                leaked++;
            }
            display.setEventFd(irq, Optional.of(eventFd));
        } else if (call.isWithoutData() && call.count() == 0) {
            if (display.eventFd(irq).isPresent() && mayRaceWithVblank()) {
                hasty++;
            }
            display.setEventFd(irq, Optional.empty());
        }
    }

    /** No version has a lock between the vblank that signals an eventfd and the call that puts it. */
    private boolean mayRaceWithVblank() {
        long twoVblanks =
                2 * (abi.ownTimer() ? VblankTimers.period(profile.refreshRate()) : VblankTimers.CLASSIC_PERIOD);
        return abi.maskable()
                && vblanksRunning.getAsBoolean()
                && (!display.isMasked() || kernel.nanoTime() - maskedAt < twoVblanks);
    }

    private void msi(SetIrqs call) throws KernelError {
        if (call.action() != Vfio.VFIO_IRQ_SET_ACTION_TRIGGER) {
            throw new KernelError(Errno.ENOTTY);
        }
        if (call.isEventFd()) {
            msi = Optional.of(eventFdOf(call));
        } else if (call.isWithoutData() && call.count() == 0) {
            msi = Optional.empty();
        }
    }

    /** vfio_pci_set_req_trigger() of drivers/vfio/pci/vfio_pci_intrs.c, where alone -1 disarms. */
    private void request(SetIrqs call) throws KernelError {
        if (!profile.requestIrq() || call.action() != Vfio.VFIO_IRQ_SET_ACTION_TRIGGER) {
            throw new KernelError(Errno.ENOTTY);
        }
        if (call.start() != 0 || Integer.compareUnsigned(call.count(), 1) > 0) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isWithoutData()) {
            if (call.count() == 0) {
                request = Optional.empty();
            } else {
                request();
            }
        } else if (call.isBool()) {
            if (call.data().length > 0 && call.bool(0)) {
                request();
            }
        } else {
            if (call.data().length == 0) {
                throw new KernelError(Errno.EINVAL);
            }
            int number = call.eventFd(0);
            if (number == -1) {
                request = Optional.empty();
            } else if (number < 0) {
                throw new KernelError(Errno.EINVAL);
            } else {
                request = Optional.of(kernel.eventFd(number));
            }
        }
    }

    /** {@code eventfd_ctx_fdget(*(int *)data)}, where data is a null pointer if the call brought none. */
    private EventFd eventFdOf(SetIrqs call) throws KernelError {
        if (call.data().length == 0) {
            throw forbid();
        }
        return kernel.eventFd(call.eventFd(0));
    }

    private KernelError forbid() {
        forbidden++;
        return new KernelError(Errno.EINVAL);
    }
}

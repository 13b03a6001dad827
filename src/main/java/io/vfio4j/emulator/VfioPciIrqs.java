package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The interrupts of vfio-pci: drivers/vfio/pci/vfio_pci_intrs.c and the info call of vfio_pci_core.c, as of Linux 6.1. Of INTx, MSI and
 * MSI-X a device has one at a time.
 */
final class VfioPciIrqs implements PciFunction.Interrupts {
    /** {@code irq_type} while there is none. */
    private static final int NO_TYPE = Vfio.VFIO_PCI_NUM_IRQS;

    private final Kernel kernel;
    private final PciFunction function;
    private final long[] signals = new long[Vfio.VFIO_PCI_NUM_IRQS];
    private final List<Optional<EventFd>> triggers = new ArrayList<>();
    private int type = NO_TYPE;
    private Optional<EventFd> error = Optional.empty();
    private Optional<EventFd> request = Optional.empty();
    private Optional<Unmasker> unmasker = Optional.empty();
    private boolean masked;
    private boolean lineDisabled;
    private boolean busMaster;
    private int mostVectors = Integer.MAX_VALUE;

    VfioPciIrqs(Kernel kernel, PciFunction function) {
        this.kernel = kernel;
        this.function = function;
    }

    /** Takes what an eventfd is signalled with, and unmasks the line. */
    private final class Unmasker implements EventFd.Consumer {
        private final EventFd eventFd;

        Unmasker(EventFd eventFd) {
            this.eventFd = eventFd;
        }

        @Override
        public void signalled() {
            unmask();
        }

        @Override
        public void hungUp() {
            dropUnmasker();
        }
    }

    void limitVectors(int most) {
        mostVectors = most;
    }

    int armed(int index) {
        return switch (index) {
            case Vfio.VFIO_PCI_ERR_IRQ_INDEX -> (int) error.stream().count();
            case Vfio.VFIO_PCI_REQ_IRQ_INDEX -> (int) request.stream().count();
            default ->
                index == type
                        ? (int) triggers.stream().filter(Optional::isPresent).count()
                        : 0;
        };
    }

    boolean masked() {
        return type == Vfio.VFIO_PCI_INTX_IRQ_INDEX && masked;
    }

    long signalled(int index) {
        return signals[index];
    }

    // --------------------------------------------------------- what happens

    @Override
    public void raise() {
        switch (type) {
            case Vfio.VFIO_PCI_MSI_IRQ_INDEX, Vfio.VFIO_PCI_MSIX_IRQ_INDEX -> {
                // A message is a write to memory, which a device makes only as bus master.
                if (busMaster) {
                    signal(type, triggers.get(0));
                }
            }
            default -> lineChanged();
        }
    }

    /** vfio_intx_handler(): masks the line, then signals. */
    private void lineChanged() {
        if (type == Vfio.VFIO_PCI_INTX_IRQ_INDEX && !masked && function.asserts()) {
            masked = true;
            signalLine();
        }
    }

    private void signalLine() {
        if (!lineDisabled) {
            signal(Vfio.VFIO_PCI_INTX_IRQ_INDEX, triggers.get(0));
        }
    }

    private void signal(int index, Optional<EventFd> eventFd) {
        eventFd.ifPresent(armed -> {
            signals[index]++;
            armed.signal(1);
        });
    }

    /** The device is wanted back. */
    void request() {
        signal(Vfio.VFIO_PCI_REQ_IRQ_INDEX, request);
    }

    /** vfio_pci_core_aer_err_detected(). */
    void error() {
        signal(Vfio.VFIO_PCI_ERR_IRQ_INDEX, error);
    }

    /** The command register was written. */
    void setCommand(boolean master, boolean disableLine) {
        busMaster = master;
        if (disableLine && !lineDisabled) {
            lineDisabled = true;
            if (type == Vfio.VFIO_PCI_INTX_IRQ_INDEX) {
                masked = true;
            }
        } else if (!disableLine && lineDisabled) {
            lineDisabled = false;
            unmask();
        }
    }

    /** The last descriptor was closed. */
    void close() {
        disable();
        error = Optional.empty();
        request = Optional.empty();
        busMaster = false;
        lineDisabled = false;
    }

    // ----------------------------------------------------------------- info

    private int count(int index) {
        return switch (index) {
            case Vfio.VFIO_PCI_INTX_IRQ_INDEX, Vfio.VFIO_PCI_REQ_IRQ_INDEX -> 1;
            case Vfio.VFIO_PCI_MSI_IRQ_INDEX -> function.msiVectors();
            case Vfio.VFIO_PCI_MSIX_IRQ_INDEX -> function.msixVectors();
            case Vfio.VFIO_PCI_ERR_IRQ_INDEX -> function.isExpress() ? 1 : 0;
            default -> 0;
        };
    }

    int getInfo(long address) throws KernelError {
        ByteBuffer info = kernel.memory().struct(address, Vfio.IrqInfo.SIZE);
        int index = info.getInt(Vfio.IrqInfo.INDEX);
        if (Integer.compareUnsigned(info.getInt(Vfio.IrqInfo.ARGSZ), Vfio.IrqInfo.SIZE) < 0
                || Integer.compareUnsigned(index, Vfio.VFIO_PCI_NUM_IRQS) >= 0
                || index == Vfio.VFIO_PCI_ERR_IRQ_INDEX && !function.isExpress()) {
            throw new KernelError(Errno.EINVAL);
        }
        int more = index == Vfio.VFIO_PCI_INTX_IRQ_INDEX
                ? Vfio.VFIO_IRQ_INFO_MASKABLE | Vfio.VFIO_IRQ_INFO_AUTOMASKED
                : Vfio.VFIO_IRQ_INFO_NORESIZE;
        info.putInt(Vfio.IrqInfo.FLAGS, Vfio.VFIO_IRQ_INFO_EVENTFD | more);
        info.putInt(Vfio.IrqInfo.COUNT, count(index));
        kernel.memory().write(address, info.array());
        return 0;
    }

    // ------------------------------------------------------------- SET_IRQS

    int set(long address) throws KernelError {
        SetIrqs call = SetIrqs.validated(kernel.memory(), address, this::count, Vfio.VFIO_PCI_NUM_IRQS);
        switch (call.index()) {
            case Vfio.VFIO_PCI_INTX_IRQ_INDEX -> {
                switch (call.action()) {
                    case Vfio.VFIO_IRQ_SET_ACTION_MASK -> maskLine(call);
                    case Vfio.VFIO_IRQ_SET_ACTION_UNMASK -> unmaskLine(call);
                    case Vfio.VFIO_IRQ_SET_ACTION_TRIGGER -> triggerLine(call);
                    default -> throw new KernelError(Errno.ENOTTY);
                }
            }
            case Vfio.VFIO_PCI_MSI_IRQ_INDEX, Vfio.VFIO_PCI_MSIX_IRQ_INDEX -> {
                requireTrigger(call);
                return triggerMessages(call);
            }
            case Vfio.VFIO_PCI_ERR_IRQ_INDEX -> {
                requireTrigger(call);
                if (!function.isExpress()) {
                    throw new KernelError(Errno.ENOTTY);
                }
                error = single(call, error);
            }
            case Vfio.VFIO_PCI_REQ_IRQ_INDEX -> {
                requireTrigger(call);
                request = single(call, request);
            }
            default -> throw new KernelError(Errno.ENOTTY);
        }
        return 0;
    }

    private static void requireTrigger(SetIrqs call) throws KernelError {
        if (call.action() != Vfio.VFIO_IRQ_SET_ACTION_TRIGGER) {
            throw new KernelError(Errno.ENOTTY);
        }
    }

    private void requireArmedLine(SetIrqs call) throws KernelError {
        if (type != Vfio.VFIO_PCI_INTX_IRQ_INDEX || call.start() != 0 || call.count() != 1) {
            throw new KernelError(Errno.EINVAL);
        }
    }

    private void maskLine(SetIrqs call) throws KernelError {
        requireArmedLine(call);
        if (call.isEventFd()) {
            throw new KernelError(Errno.ENOTTY);
        }
        if (call.isWithoutData() || call.bool(0)) {
            masked = true;
        }
    }

    private void unmaskLine(SetIrqs call) throws KernelError {
        requireArmedLine(call);
        if (!call.isEventFd()) {
            if (call.isWithoutData() || call.bool(0)) {
                unmask();
            }
        } else if (call.eventFd(0) < 0) {
            dropUnmasker();
        } else {
            EventFd eventFd = kernel.eventFd(call.eventFd(0));
            if (unmasker.isPresent()) {
                throw new KernelError(Errno.EBUSY);
            }
            Unmasker taker = new Unmasker(eventFd);
            unmasker = Optional.of(taker);
            eventFd.attach(taker);
            if (eventFd.isReady()) {
                unmask();
            }
        }
    }

    /** vfio_pci_intx_unmask_handler(): a line that is still asserted stays masked, and is signalled again. */
    private void unmask() {
        if (type == Vfio.VFIO_PCI_INTX_IRQ_INDEX && masked && !lineDisabled) {
            masked = function.asserts();
            if (masked) {
                signalLine();
            }
        }
    }

    private void dropUnmasker() {
        unmasker.ifPresent(taker -> taker.eventFd.detach(taker));
        unmasker = Optional.empty();
    }

    private void triggerLine(SetIrqs call) throws KernelError {
        boolean armed = type == Vfio.VFIO_PCI_INTX_IRQ_INDEX;
        if (armed && call.count() == 0 && call.isWithoutData()) {
            disable();
            return;
        }
        if (!armed && type != NO_TYPE || call.start() != 0 || call.count() != 1) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isEventFd()) {
            Optional<EventFd> eventFd = eventFdOrNone(call.eventFd(0));
            if (armed) {
                triggers.set(0, eventFd);
            } else {
                triggers.add(eventFd);
                type = Vfio.VFIO_PCI_INTX_IRQ_INDEX;
                masked = lineDisabled;
                lineChanged();
            }
        } else if (!armed) {
            throw new KernelError(Errno.EINVAL);
        } else if (call.isWithoutData() || call.bool(0)) {
            signalLine();
        }
    }

    private Optional<EventFd> eventFdOrNone(int number) throws KernelError {
        return number < 0 ? Optional.empty() : Optional.of(kernel.eventFd(number));
    }

    /** Returns 0, or how many vectors there are where these are too many. */
    private int triggerMessages(SetIrqs call) throws KernelError {
        boolean armed = type == call.index();
        if (armed && call.count() == 0 && call.isWithoutData()) {
            disable();
            return 0;
        }
        if (!armed && type != NO_TYPE) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isEventFd()) {
            if (armed) {
                setBlock(call);
                return 0;
            }
            int vectors = call.start() + call.count();
            if (vectors == 0) {
                throw new KernelError(Errno.ERANGE);
            }
            if (vectors > mostVectors) {
                return mostVectors;
            }
            for (int i = 0; i < vectors; i++) {
                triggers.add(Optional.empty());
            }
            type = call.index();
            boolean set = false;
            try {
                setBlock(call);
                set = true;
            } finally {
                if (!set) {
                    disable();
                }
            }
            return 0;
        }
        if (!armed || call.start() + call.count() > triggers.size()) {
            throw new KernelError(Errno.EINVAL);
        }
        for (int i = 0; i < call.count(); i++) {
            if (call.isWithoutData() || call.bool(i)) {
                signal(type, triggers.get(call.start() + i));
            }
        }
        return 0;
    }

    /** vfio_msi_set_block(): all of them, or none. */
    private void setBlock(SetIrqs call) throws KernelError {
        if (call.start() + call.count() > triggers.size()) {
            throw new KernelError(Errno.EINVAL);
        }
        for (int i = 0; i < call.count(); i++) {
            try {
                triggers.set(call.start() + i, eventFdOrNone(call.eventFd(i)));
            } catch (KernelError error) {
                for (int j = 0; j <= i; j++) {
                    triggers.set(call.start() + j, Optional.empty());
                }
                throw error;
            }
        }
    }

    private void disable() {
        dropUnmasker();
        triggers.clear();
        type = NO_TYPE;
        masked = false;
    }

    /** vfio_pci_set_ctx_trigger_single(): returns what is armed afterwards. */
    private Optional<EventFd> single(SetIrqs call, Optional<EventFd> armed) throws KernelError {
        if (call.isWithoutData()) {
            if (armed.isEmpty()) {
                throw new KernelError(Errno.EINVAL);
            }
            if (call.count() == 0) {
                return Optional.empty();
            }
            signal(call.index(), armed);
            return armed;
        }
        if (call.count() == 0) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isBool()) {
            if (call.bool(0)) {
                signal(call.index(), armed);
            }
            return armed;
        }
        int number = call.eventFd(0);
        return number < -1 ? armed : eventFdOrNone(number);
    }

    @Override
    public String toString() {
        return "type " + type + ", signalled " + Arrays.toString(signals);
    }
}

package io.vfio4j.kvm;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An eventfd whose signals KVM turns into interrupts of a guest, with no thread of this process in between. Armed on an irq of a
 * VFIO device, it is the device's interrupt in the guest.
 *
 * <p>KVM reads the eventfd: do not poll or drain it. Whatever value was added, a signal is one interrupt; signals that come before
 * the guest has taken the last one merge, as they do on a wire.
 *
 * <p>Safe for use by any thread.
 */
public final class Irqfd implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Irqfd.class.getName());

    private final KvmVm vm;
    private final int gsi;
    private final Descriptor eventFd;
    private final Optional<Descriptor> resampleFd;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Irqfd(KvmVm vm, int gsi, Descriptor eventFd, Optional<Descriptor> resampleFd) {
        this.vm = vm;
        this.gsi = gsi;
        this.eventFd = eventFd;
        this.resampleFd = resampleFd;
    }

    static Irqfd assign(KvmVm vm, int gsi, Descriptor eventFd, Optional<Descriptor> resampleFd) throws IOException {
        Irqfd irqfd = new Irqfd(vm, gsi, eventFd, resampleFd);
        boolean success = false;
        try {
            irqfd.assign();
            success = true;
            return irqfd;
        } finally {
            if (!success) {
                irqfd.closeEventFds();
            }
        }
    }

    private void assign() throws IOException {
        if (gsi < 0) {
            throw new IllegalArgumentException("GSI " + gsi);
        }
        vm.require(Kvm.KVM_CAP_IRQFD, "KVM_CAP_IRQFD", "an interrupt by eventfd");
        if (resampleFd.isPresent()) {
            vm.require(Kvm.KVM_CAP_IRQFD_RESAMPLE, "KVM_CAP_IRQFD_RESAMPLE", "a level-triggered interrupt by eventfd");
        }
        try {
            set(0);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EINVAL -> e.withAdvice(inval());
                case Errno.EBUSY ->
                    e.withAdvice(eventFd.description()
                            + " interrupts a VM already: each irqfd needs an eventfd of its own.");
                case Errno.EAGAIN -> e.withAdvice("The VM's interrupt controller is not initialised yet.");
                default -> KvmVm.explained(e);
            };
        }
        boolean known = false;
        try {
            vm.add(this);
            known = true;
        } finally {
            if (!known) {
                deassign();
            }
        }
    }

    private String inval() {
        String fds = eventFd.description()
                + resampleFd.map(fd -> " or " + fd.description()).orElse("");
        return resampleFd.isPresent()
                ? "The VM has no PIC and IOAPIC in the kernel (create the interrupt controllers first; a split irqchip does"
                        + " not do), or " + fds + " is no eventfd."
                : "The VM has no interrupt controllers in the kernel (create them first), or " + fds
                        + " is no eventfd.";
    }

    /**
     * Which interrupt it is.
     *
     * @return the number in the routing table
     */
    public int gsi() {
        return gsi;
    }

    /**
     * What is to be signalled: by a VFIO device whose irq is armed with it, or by hand.
     *
     * @return on loan; not to be closed, polled or drained
     */
    public Descriptor eventFd() {
        return eventFd;
    }

    /**
     * What KVM signals when the guest has ended the interrupt.
     *
     * @return on loan, not to be closed; empty where the line is raised and lowered at once
     */
    public Optional<Descriptor> resampleFd() {
        return resampleFd;
    }

    /**
     * Has KVM forget the eventfd, then closes it. Disarm the device's irq before. Afterwards no interrupt of it is under way to
     * the guest; KVM waits for those that are. Further calls do nothing.
     */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        vm.remove(this);
        deassign();
        closeEventFds();
    }

    private void deassign() {
        try {
            set(Kvm.KVM_IRQFD_FLAG_DEASSIGN);
        } catch (LinuxException | ClosedException e) {
            // The last close of the eventfd, or of the VM, ends the irqfd as well.
            LOG.log(System.Logger.Level.DEBUG, "irqfd of GSI " + gsi + " not taken away", e);
        }
    }

    private void closeEventFds() {
        eventFd.close();
        resampleFd.ifPresent(Descriptor::close);
    }

    private void set(int flags) throws LinuxException {
        int number = eventFd.acquire();
        try (NativeMemory irqfd = vm.calls().allocate(Kvm.Irqfd.SIZE)) {
            irqfd.putInt(Kvm.Irqfd.FD, number);
            irqfd.putInt(Kvm.Irqfd.GSI, gsi);
            if (flags == 0 && resampleFd.isPresent()) {
                setResampling(irqfd, resampleFd.get());
            } else {
                irqfd.putInt(Kvm.Irqfd.FLAGS, flags);
                vm.calls().ioctl(vm.descriptor(), Kvm.KVM_IRQFD, irqfd);
            }
        } finally {
            eventFd.release();
        }
    }

    private void setResampling(NativeMemory irqfd, Descriptor resample) throws LinuxException {
        int number = resample.acquire();
        try {
            irqfd.putInt(Kvm.Irqfd.FLAGS, Kvm.KVM_IRQFD_FLAG_RESAMPLE);
            irqfd.putInt(Kvm.Irqfd.RESAMPLEFD, number);
            vm.calls().ioctl(vm.descriptor(), Kvm.KVM_IRQFD, irqfd);
        } finally {
            resample.release();
        }
    }

    @Override
    public String toString() {
        return "irqfd of GSI " + gsi + " (" + eventFd.description() + ")";
    }
}

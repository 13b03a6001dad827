package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The interrupts of a VM: virt/kvm/eventfd.c, virt/kvm/irqchip.c and arch/x86/kvm/irq_comm.c of 6.1. No guest takes them; they are
 * counted. What the kernel leaves to a work queue happens at once.
 */
final class KvmInterrupts {
    /** KVM_MAX_IRQ_ROUTES. */
    static final int MOST_ROUTES = 4096;

    private static final int ISA_INTERRUPTS = 16;
    private static final int PIC_PINS = 8;

    /** An entry of the routing table; for a message, irqchip is NO_IRQCHIP. */
    private record Route(int irqchip, int pin) {
        private static final int NO_IRQCHIP = -1;

        boolean isPin() {
            return irqchip != NO_IRQCHIP;
        }
    }

    private final Kernel kernel;
    private final List<Irqfd> irqfds = new ArrayList<>();
    /** How often each GSI was raised by an irqfd. */
    private final Map<Integer, Long> counts = new HashMap<>();
    /** GSIs that resampling irqfds hold up. */
    private final Set<Integer> asserted = new HashSet<>();

    private Map<Integer, List<Route>> routes = Map.of();
    private boolean inKernel;

    KvmInterrupts(Kernel kernel) {
        this.kernel = kernel;
    }

    /** KVM_CREATE_IRQCHIP. */
    void create(boolean hasVcpus) throws KernelError {
        if (inKernel) {
            throw new KernelError(Errno.EEXIST);
        }
        if (hasVcpus) {
            throw new KernelError(Errno.EINVAL);
        }
        Map<Integer, List<Route>> table = new HashMap<>();
        for (int gsi = 0; gsi < Kvm.KVM_IOAPIC_NUM_PINS; gsi++) {
            List<Route> targets = new ArrayList<>(List.of(new Route(Kvm.KVM_IRQCHIP_IOAPIC, gsi)));
            if (gsi < ISA_INTERRUPTS) {
                int pic = gsi < PIC_PINS ? Kvm.KVM_IRQCHIP_PIC_MASTER : Kvm.KVM_IRQCHIP_PIC_SLAVE;
                targets.add(new Route(pic, gsi % PIC_PINS));
            }
            table.put(gsi, targets);
        }
        routes = table;
        inKernel = true;
    }

    /** KVM_SET_GSI_ROUTING. */
    void setRouting(long address) throws KernelError {
        ByteBuffer header = kernel.memory().struct(address, Kvm.IrqRouting.SIZE);
        int count = header.getInt(Kvm.IrqRouting.NR);
        if (!inKernel || Integer.compareUnsigned(count, MOST_ROUTES) > 0 || header.getInt(Kvm.IrqRouting.FLAGS) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        ByteBuffer entries = kernel.memory().struct(address + Kvm.IrqRouting.ENTRIES, count * Kvm.IrqRoutingEntry.SIZE);
        Map<Integer, List<Route>> table = new HashMap<>();
        for (int i = 0; i < count; i++) {
            add(table, entries, i * Kvm.IrqRoutingEntry.SIZE);
        }
        routes = table;
    }

    private static void add(Map<Integer, List<Route>> table, ByteBuffer entries, int at) throws KernelError {
        int gsi = entries.getInt(at + Kvm.IrqRoutingEntry.GSI);
        int type = entries.getInt(at + Kvm.IrqRoutingEntry.TYPE);
        int allowedFlags = type == Kvm.KVM_IRQ_ROUTING_MSI ? Kvm.KVM_MSI_VALID_DEVID : 0;
        if (Integer.compareUnsigned(gsi, MOST_ROUTES) >= 0
                || (entries.getInt(at + Kvm.IrqRoutingEntry.FLAGS) & ~allowedFlags) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        Route route = route(type, entries, at);
        List<Route> others = table.computeIfAbsent(gsi, none -> new ArrayList<>());
        for (Route other : others) {
            if (!other.isPin() || !route.isPin() || other.irqchip() == route.irqchip()) {
                throw new KernelError(Errno.EINVAL);
            }
        }
        others.add(route);
    }

    /** kvm_set_routing_entry(); Xen's event channels are not emulated. */
    private static Route route(int type, ByteBuffer entries, int at) throws KernelError {
        switch (type) {
            case Kvm.KVM_IRQ_ROUTING_MSI, Kvm.KVM_IRQ_ROUTING_HV_SINT -> {
                return new Route(Route.NO_IRQCHIP, 0);
            }
            case Kvm.KVM_IRQ_ROUTING_IRQCHIP -> {
                int irqchip = entries.getInt(at + Kvm.IrqRoutingEntry.IRQCHIP_IRQCHIP);
                int pin = entries.getInt(at + Kvm.IrqRoutingEntry.IRQCHIP_PIN);
                int pins = switch (irqchip) {
                    case Kvm.KVM_IRQCHIP_PIC_MASTER, Kvm.KVM_IRQCHIP_PIC_SLAVE -> PIC_PINS;
                    case Kvm.KVM_IRQCHIP_IOAPIC -> Kvm.KVM_IOAPIC_NUM_PINS;
                    default -> 0;
                };
                if (Integer.compareUnsigned(pin, pins) >= 0) {
                    throw new KernelError(Errno.EINVAL);
                }
                return new Route(irqchip, pin);
            }
            default -> throw new KernelError(Errno.EINVAL);
        }
    }

    /** KVM_IRQFD. */
    void irqfd(long address) throws KernelError {
        ByteBuffer irqfd = kernel.memory().struct(address, Kvm.Irqfd.SIZE);
        int flags = irqfd.getInt(Kvm.Irqfd.FLAGS);
        if ((flags & ~(Kvm.KVM_IRQFD_FLAG_DEASSIGN | Kvm.KVM_IRQFD_FLAG_RESAMPLE)) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        int gsi = irqfd.getInt(Kvm.Irqfd.GSI);
        if ((flags & Kvm.KVM_IRQFD_FLAG_DEASSIGN) != 0) {
            deassign(eventFd(irqfd.getInt(Kvm.Irqfd.FD)), gsi);
            return;
        }
        if (!inKernel) {
            throw new KernelError(Errno.EINVAL);
        }
        EventFd eventFd = eventFd(irqfd.getInt(Kvm.Irqfd.FD));
        Optional<EventFd> resample = Optional.empty();
        if ((flags & Kvm.KVM_IRQFD_FLAG_RESAMPLE) != 0) {
            resample = Optional.of(eventFd(irqfd.getInt(Kvm.Irqfd.RESAMPLEFD)));
        }
        assign(new Irqfd(eventFd, gsi, resample));
    }

    /** EBADF for a number that is not open, EINVAL for a file that is no eventfd. */
    private EventFd eventFd(int number) throws KernelError {
        if (kernel.descriptors().file(number) instanceof EventFd eventFd) {
            return eventFd;
        }
        throw new KernelError(Errno.EINVAL);
    }

    /** What was signalled before is injected, and yet stays in the counter: it is polled, not read. */
    private void assign(Irqfd irqfd) throws KernelError {
        if (irqfds.stream().anyMatch(other -> other.eventFd == irqfd.eventFd)) {
            throw new KernelError(Errno.EBUSY);
        }
        irqfds.add(irqfd);
        irqfd.eventFd.attach(irqfd);
        if (irqfd.eventFd.isReady()) {
            irqfd.signalled();
        }
    }

    /** An eventfd that has no irqfd on that GSI is no error. */
    private void deassign(EventFd eventFd, int gsi) {
        List.copyOf(irqfds).stream()
                .filter(irqfd -> irqfd.eventFd == eventFd && irqfd.gsi == gsi)
                .forEach(this::shutDown);
    }

    private void shutDown(Irqfd irqfd) {
        irqfds.remove(irqfd);
        irqfd.eventFd.detach(irqfd);
        if (irqfd.resample.isPresent() && resampling(irqfd.gsi).isEmpty()) {
            asserted.remove(irqfd.gsi);
        }
    }

    private List<Irqfd> resampling(int gsi) {
        return irqfds.stream()
                .filter(irqfd -> irqfd.gsi == gsi && irqfd.resample.isPresent())
                .toList();
    }

    /** The VM's descriptor is closed. */
    void release() {
        List.copyOf(irqfds).forEach(this::shutDown);
    }

    long count(int gsi) {
        return counts.getOrDefault(gsi, 0L);
    }

    /** The guest ends an interrupt that is up: the line falls, then those who hold it up look at their devices again. */
    void endOfInterrupt(int gsi) {
        if (asserted.remove(gsi)) {
            resampling(gsi).forEach(irqfd -> irqfd.resample.orElseThrow().signal(1));
        }
    }

    /** An eventfd that raises a GSI: struct kvm_kernel_irqfd. */
    private final class Irqfd implements EventFd.Consumer {
        private final EventFd eventFd;
        private final int gsi;
        private final Optional<EventFd> resample;

        Irqfd(EventFd eventFd, int gsi, Optional<EventFd> resample) {
            this.eventFd = eventFd;
            this.gsi = gsi;
            this.resample = resample;
        }

        /** A line that is up already is not raised again; a message has no level. */
        @Override
        public void signalled() {
            List<Route> targets = routes.getOrDefault(gsi, List.of());
            boolean level = resample.isPresent() && targets.stream().anyMatch(Route::isPin);
            if (!targets.isEmpty() && (!level || asserted.add(gsi))) {
                counts.merge(gsi, 1L, Long::sum);
            }
        }

        @Override
        public void hungUp() {
            shutDown(this);
        }
    }
}

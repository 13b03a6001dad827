package io.vfio4j.kvm;

import io.vfio4j.kvm.GsiTarget.Irqchip;
import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.GsiTarget.Pin;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where the interrupts of a VM lead, by their numbers (GSI). KVM_SET_GSI_ROUTING replaces the table as a whole, so it is kept
 * here, and every change hands over all of it: nobody else may change it.
 *
 * <p>A refused change leaves the table as it was. Safe for use by any thread.
 */
public final class GsiRouting {
    private static final int ISA_INTERRUPTS = 16;

    private final KvmVm vm;
    private final ReentrantLock lock = new ReentrantLock();
    private NavigableMap<Integer, List<GsiTarget>> table = new TreeMap<>();
    private OptionalInt limit = OptionalInt.empty();

    GsiRouting(KvmVm vm, Map<Integer, List<GsiTarget>> current) {
        this.vm = vm;
        current.forEach((gsi, targets) -> {
            if (gsi < 0) {
                throw new IllegalArgumentException("GSI " + gsi);
            }
            if (!targets.isEmpty()) {
                table.put(gsi, checked(gsi, targets));
            }
        });
    }

    /**
     * The table that KVM_CREATE_IRQCHIP makes on x86: 0 to 15 lead to a PIC's pin and to the IOAPIC's, 16 to 23 to the IOAPIC's.
     *
     * @return the targets, by GSI
     */
    public static Map<Integer, List<GsiTarget>> ofPc() {
        NavigableMap<Integer, List<GsiTarget>> pc = new TreeMap<>();
        for (int gsi = 0; gsi < Irqchip.IOAPIC.pins(); gsi++) {
            Pin ioapic = new Pin(Irqchip.IOAPIC, gsi);
            if (gsi < ISA_INTERRUPTS) {
                Irqchip pic = gsi < Irqchip.PIC_MASTER.pins() ? Irqchip.PIC_MASTER : Irqchip.PIC_SLAVE;
                pc.put(gsi, List.of(ioapic, new Pin(pic, gsi % pic.pins())));
            } else {
                pc.put(gsi, List.of(ioapic));
            }
        }
        return Collections.unmodifiableMap(pc);
    }

    /**
     * The table.
     *
     * @return the targets by GSI, as they are now; GSIs that lead nowhere are not in it
     */
    public Map<Integer, List<GsiTarget>> routes() {
        lock.lock();
        try {
            return Collections.unmodifiableMap(new TreeMap<>(table));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Leads an interrupt to other targets, or nowhere. It holds for irqfds that are there and for those to come; all other
     * interrupts stay as they are.
     *
     * @param gsi the interrupt's number
     * @param targets one message, or up to one pin of each controller; nothing, to lead it nowhere
     * @throws IOException what KVM says, with advice; {@link MissingCapabilityException}
     * @throws IllegalArgumentException for a GSI or a combination of targets that KVM does not have
     */
    public void route(int gsi, GsiTarget... targets) throws IOException {
        lock.lock();
        try {
            set(gsi, List.of(targets));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Finds a GSI that is free, above those of the IOAPIC's pins, and leads it to a message.
     *
     * @param message where to
     * @return the GSI, which is taken until {@link #route} leads it nowhere
     * @throws IOException what KVM says, with advice; {@link MissingCapabilityException}
     * @throws IllegalStateException when none is free
     */
    public int routeFree(Message message) throws IOException {
        lock.lock();
        try {
            int gsi = Irqchip.IOAPIC.pins();
            while (table.containsKey(gsi)) {
                gsi++;
            }
            if (gsi >= limit()) {
                throw new IllegalStateException("none of the " + limit() + " GSIs is free");
            }
            set(gsi, List.of(message));
            return gsi;
        } finally {
            lock.unlock();
        }
    }

    private void set(int gsi, List<GsiTarget> targets) throws IOException {
        if (gsi < 0 || gsi >= limit()) {
            throw new IllegalArgumentException("GSI " + gsi + ", where KVM has 0 to " + (limit() - 1));
        }
        NavigableMap<Integer, List<GsiTarget>> next = new TreeMap<>(table);
        if (targets.isEmpty()) {
            next.remove(gsi);
        } else {
            next.put(gsi, checked(gsi, targets));
        }
        handOver(next);
        table = next;
    }

    private int limit() throws IOException {
        if (limit.isEmpty()) {
            limit = OptionalInt.of(
                    vm.require(Kvm.KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING", "to say where interrupts lead"));
        }
        return limit.getAsInt();
    }

    /** setup_routing_entry() of virt/kvm/irqchip.c refuses the rest. */
    private static List<GsiTarget> checked(int gsi, List<GsiTarget> targets) {
        Set<Irqchip> irqchips = EnumSet.noneOf(Irqchip.class);
        for (GsiTarget target : targets) {
            boolean alone = target instanceof Message;
            if (alone ? targets.size() > 1 : !irqchips.add(((Pin) target).irqchip())) {
                throw new IllegalArgumentException("GSI " + gsi + " to " + targets
                        + ": it can lead to one message, or to one pin of each controller");
            }
        }
        return List.copyOf(targets);
    }

    private void handOver(NavigableMap<Integer, List<GsiTarget>> next) throws IOException {
        int entries = next.values().stream().mapToInt(List::size).sum();
        if (entries > limit()) {
            throw new IllegalStateException("a routing table of " + entries + " entries; KVM has room for " + limit());
        }
        try (NativeMemory routing = vm.calls().allocate(Kvm.IrqRouting.SIZE + entries * Kvm.IrqRoutingEntry.SIZE)) {
            routing.putInt(Kvm.IrqRouting.NR, entries);
            int offset = Kvm.IrqRouting.ENTRIES;
            for (Map.Entry<Integer, List<GsiTarget>> route : next.entrySet()) {
                for (GsiTarget target : route.getValue()) {
                    put(routing, offset, route.getKey(), target);
                    offset += Kvm.IrqRoutingEntry.SIZE;
                }
            }
            vm.calls().ioctl(vm.descriptor(), Kvm.KVM_SET_GSI_ROUTING, routing);
        } catch (LinuxException e) {
            throw e.errno() == Errno.EINVAL
                    ? e.withAdvice(
                            "The VM has no interrupt controllers in the kernel, or not those whose pins are in the"
                                    + " table: a split irqchip has no pins, and PIC and IOAPIC are those of x86.")
                    : KvmVm.explained(e);
        }
    }

    private static void put(NativeMemory routing, int offset, int gsi, GsiTarget target) {
        routing.putInt(offset + Kvm.IrqRoutingEntry.GSI, gsi);
        if (target instanceof Pin pin) {
            routing.putInt(offset + Kvm.IrqRoutingEntry.TYPE, Kvm.KVM_IRQ_ROUTING_IRQCHIP);
            routing.putInt(
                    offset + Kvm.IrqRoutingEntry.IRQCHIP_IRQCHIP, pin.irqchip().number());
            routing.putInt(offset + Kvm.IrqRoutingEntry.IRQCHIP_PIN, pin.pin());
        } else if (target instanceof Message message) {
            routing.putInt(offset + Kvm.IrqRoutingEntry.TYPE, Kvm.KVM_IRQ_ROUTING_MSI);
            routing.putInt(offset + Kvm.IrqRoutingEntry.MSI_ADDRESS_LO, (int) message.address());
            routing.putInt(offset + Kvm.IrqRoutingEntry.MSI_ADDRESS_HI, (int) (message.address() >>> Integer.SIZE));
            routing.putInt(offset + Kvm.IrqRoutingEntry.MSI_DATA, message.data());
        }
    }

    @Override
    public String toString() {
        return routes().toString();
    }
}

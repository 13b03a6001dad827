package io.vfio4j.display.irq;

import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.Bytes;
import io.vfio4j.vfio.Capability;
import io.vfio4j.vfio.IrqInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The display irq of a device, as its capabilities describe it.
 *
 * @param dialect which form it has
 * @param counters what has to be armed: one irq, two in v2
 * @param values what each event adds to the counter; empty where the dialect does not tell planes
 * @param maskable whether it can be masked
 */
public record DisplayIrqInfo(
        IrqDialect dialect, List<Counter> counters, Optional<EventValues> values, boolean maskable) {

    /**
     * An irq index with the decoder for what it counts.
     *
     * @param index the irq's index
     * @param subtype the type capability's subtype: which of v2's planes
     */
    public record Counter(int index, int subtype) {}

    /**
     * Looks for the display irq among the device-specific irqs.
     *
     * <p>The pair of type 1 and subtype 1 is also used by other series that never were merged, for irqs that have nothing to do
     * with a display. So ask only of a device that has a display at all, that is, one that answers QUERY_GFX_PLANE.
     *
     * @param irqs what the driver of such a device describes
     * @return empty where none of them is the display irq, as on every mainline kernel
     */
    public static Optional<DisplayIrqInfo> detect(List<IrqInfo> irqs) {
        List<Candidate> candidates = new ArrayList<>();
        for (IrqInfo irq : irqs) {
            if (irq.index() >= Vfio.VFIO_PCI_NUM_IRQS && irq.eventFd() && irq.count() > 0) {
                displayType(irq).ifPresent(type -> candidates.add(new Candidate(irq, type)));
            }
        }
        return candidates.stream()
                .filter(candidate -> candidate.subtype() == DisplayIrq.SUBTYPE_DISPLAY)
                .findFirst()
                .map(primary -> describe(primary, candidates));
    }

    private static DisplayIrqInfo describe(Candidate found, List<Candidate> all) {
        IrqInfo irq = found.irq();
        if (irq.layout() == IrqInfo.Layout.OFFSET_BEFORE_COUNT) {
            Optional<Candidate> cursor = all.stream()
                    .filter(candidate -> candidate.subtype() == DisplayIrq.SUBTYPE_CURSOR)
                    .findFirst();
            return cursor.map(candidate -> new DisplayIrqInfo(
                            IrqDialect.V2,
                            List.of(found.counter(), candidate.counter()),
                            Optional.empty(),
                            irq.maskable() && candidate.irq().maskable()))
                    .orElseGet(() -> single(IrqDialect.V3, found, Optional.empty()));
        }
        Optional<EventValues> told = toldValues(found);
        if (irq.capOffset() % Long.BYTES == 0) {
            // 20 in all of 2019's kernels; 24 where the core aligns capabilities to 8 bytes.
            return single(told.isPresent() ? IrqDialect.PORT_DISPLAY : IrqDialect.PORT, found, told);
        }
        if (found.typeId() == DisplayIrq.CAP_TYPE_V5) {
            return told.isPresent()
                    ? single(IrqDialect.V5, found, told)
                    : single(
                            IrqDialect.V4,
                            found,
                            hasDisplay(found) ? Optional.empty() : Optional.of(EventValues.SERIES));
        }
        return told.isPresent() ? single(IrqDialect.V6, found, told) : single(IrqDialect.PAGE_FLIP, found, told);
    }

    private static DisplayIrqInfo single(IrqDialect dialect, Candidate irq, Optional<EventValues> values) {
        return new DisplayIrqInfo(
                dialect, List.of(irq.counter()), values, irq.irq().maskable());
    }

    private static Optional<Type> displayType(IrqInfo irq) {
        for (Capability capability : irq.capabilities()) {
            boolean typeId = capability.id() == DisplayIrq.CAP_TYPE_V5 || capability.id() == DisplayIrq.CAP_TYPE_V6;
            if (typeId && capability.bytes().size() >= DisplayIrq.CapType.SIZE) {
                Bytes bytes = capability.bytes();
                int subtype = bytes.getInt(DisplayIrq.CapType.SUBTYPE);
                if (bytes.getInt(DisplayIrq.CapType.TYPE) == DisplayIrq.TYPE_GFX
                        && (subtype == DisplayIrq.SUBTYPE_DISPLAY || subtype == DisplayIrq.SUBTYPE_CURSOR)) {
                    return Optional.of(new Type(capability.id(), subtype));
                }
            }
        }
        return Optional.empty();
    }

    private static boolean hasDisplay(Candidate candidate) {
        return displayCapability(candidate).isPresent();
    }

    /** Ids go in pairs: 3 with 4 in v5, 1 with 2 in v6. */
    private static Optional<Capability> displayCapability(Candidate candidate) {
        int id = candidate.typeId() == DisplayIrq.CAP_TYPE_V5 ? DisplayIrq.CAP_DISPLAY_V5 : DisplayIrq.CAP_DISPLAY_V6;
        return candidate.irq().capabilities().stream()
                .filter(capability -> capability.id() == id)
                .findFirst();
    }

    /** Another version or size would be another layout, of which nothing is known: then planes are not told. */
    private static Optional<EventValues> toldValues(Candidate candidate) {
        return displayCapability(candidate)
                .filter(display -> display.version() == DisplayIrq.CapDisplay.VERSION
                        && display.bytes().size() >= DisplayIrq.CapDisplay.SIZE)
                .map(display -> new EventValues(
                        display.bytes().getLong(DisplayIrq.CapDisplay.PRIMARY),
                        display.bytes().getLong(DisplayIrq.CapDisplay.CURSOR)));
    }

    /**
     * The decoder for what one of the irqs counts.
     *
     * @param counter one of {@link #counters}
     * @return a new decoder
     */
    public CounterDecoder decoder(Counter counter) {
        return switch (dialect) {
            case V2 ->
                counter.subtype() == DisplayIrq.SUBTYPE_CURSOR ? CounterDecoder.ofCursor() : CounterDecoder.ofPrimary();
            case V3, PAGE_FLIP, PORT -> CounterDecoder.ofOnes();
            case V4, V5, V6 -> values.map(CounterDecoder::ofValues).orElseGet(CounterDecoder::ofOnes);
            case PORT_DISPLAY -> values.map(CounterDecoder::ofValuesOrOnes).orElseGet(CounterDecoder::ofOnes);
        };
    }

    private record Type(int id, int subtype) {}

    private record Candidate(IrqInfo irq, Type type) {
        int typeId() {
            return type.id();
        }

        int subtype() {
            return type.subtype();
        }

        Counter counter() {
            return new Counter(irq.index(), type.subtype());
        }
    }
}

package io.vfio4j.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which user memory a device finds at which addresses. Addresses are unsigned; areas do not overlap. */
final class IovaMap {

    /**
     * A piece of user memory.
     *
     * @param first its first address for the device
     * @param last its last one, inclusive
     * @param address where its process has it
     * @param readable whether the device may read it
     * @param writable whether the device may write it
     * @param mapper whose memory it is
     */
    record Area(long first, long last, long address, boolean readable, boolean writable, Task mapper) {
        long length() {
            return last - first + 1;
        }
    }

    private final TreeMap<Long, Area> areas = new TreeMap<>(Long::compareUnsigned);

    void add(Area area) {
        areas.put(area.first(), area);
    }

    void remove(Area area) {
        areas.remove(area.first());
    }

    /** The lowest area that has an address of a range. */
    Optional<Area> lowestIn(long first, long last) {
        Map.Entry<Long, Area> below = areas.floorEntry(first);
        if (below != null && Long.compareUnsigned(below.getValue().last(), first) >= 0) {
            return Optional.of(below.getValue());
        }
        Map.Entry<Long, Area> above = areas.ceilingEntry(first);
        return above != null && Long.compareUnsigned(above.getKey(), last) <= 0
                ? Optional.of(above.getValue())
                : Optional.empty();
    }

    Optional<Area> at(long iova) {
        return lowestIn(iova, iova);
    }

    boolean isEmpty() {
        return areas.isEmpty();
    }

    /** All areas, the lowest first. */
    List<Area> all() {
        return new ArrayList<>(areas.values());
    }
}

package io.vfio4j.vfio;

import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.uapi.Vfio;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * One capability of a device, region or irq: {@code struct vfio_info_cap_header} and what follows it. Kinds that vfio4j does not
 * know are kept as their bytes.
 *
 * @param id what it is, in the number space of the info it belongs to
 * @param version the version of its layout
 * @param offset where it starts in the reply
 * @param bytes header included, up to the next capability or the reply's end
 */
public record Capability(int id, int version, int offset, Bytes bytes) {
    /** More than any kernel has; chains are bounded by it as well as by their bytes. */
    private static final int MOST = 256;

    /**
     * Walks a chain.
     *
     * @param reply the whole reply
     * @param first the offset of the first header; 0 for none
     * @param infoSize where capabilities may start at the earliest: behind the info itself
     * @param operation the ioctl, for errors
     * @param target the device, for errors
     * @return the capabilities in the order of the chain
     * @throws MalformedReplyException when a header lies outside, overlaps another, or was seen before
     */
    static List<Capability> chain(byte[] reply, int first, int infoSize, String operation, String target)
            throws MalformedReplyException {
        Bytes bytes = Bytes.of(reply);
        List<Integer> starts = new ArrayList<>();
        TreeSet<Integer> inOrder = new TreeSet<>();
        for (long next = Integer.toUnsignedLong(first); next != 0; ) {
            if (next < infoSize || next > reply.length - Vfio.InfoCapHeader.SIZE) {
                throw malformed(
                        "a capability at " + next + " is outside of " + infoSize + " to " + reply.length,
                        reply,
                        operation,
                        target);
            }
            int start = (int) next;
            if (!inOrder.add(start)) {
                throw malformed("the capability at " + start + " comes round again", reply, operation, target);
            }
            if (starts.size() == MOST) {
                throw malformed("more than " + MOST + " capabilities", reply, operation, target);
            }
            starts.add(start);
            next = Integer.toUnsignedLong(bytes.getInt(start + Vfio.InfoCapHeader.NEXT));
        }
        List<Capability> capabilities = new ArrayList<>(starts.size());
        for (int start : starts) {
            Integer following = inOrder.higher(start);
            int end = following == null ? reply.length : following;
            if (end - start < Vfio.InfoCapHeader.SIZE) {
                throw malformed("the capabilities at " + start + " and " + end + " overlap", reply, operation, target);
            }
            capabilities.add(new Capability(
                    bytes.getShort(start + Vfio.InfoCapHeader.ID),
                    bytes.getShort(start + Vfio.InfoCapHeader.VERSION),
                    start,
                    bytes.slice(start, end)));
        }
        return List.copyOf(capabilities);
    }

    private static MalformedReplyException malformed(String problem, byte[] reply, String operation, String target) {
        return new MalformedReplyException(operation, target, problem, reply);
    }
}

package io.vfio4j.kvm;

import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.uapi.Kvm;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes sense of what precedes the data in a file of KVM_GET_STATS_FD, none of which is trusted. */
final class StatisticsSchema {
    /** The kernel's names have 48 bytes, its statistics are some dozens, its data has some KiB. */
    private static final int LONGEST_NAME = 4096;

    private static final int MOST_STATISTICS = 16 * 1024;
    private static final int MOST_BYTES = 1 << 20;

    private StatisticsSchema() {}

    /**
     * Where the blocks are, in bytes from the start of the file.
     *
     * @param nameSize how many bytes each name takes
     * @param idOffset where the name of the VM or vCPU is
     * @param descriptorsOffset where the descriptors begin
     * @param descriptorBytes how many bytes they have
     * @param dataOffset where the values begin
     */
    record Header(int nameSize, long idOffset, long descriptorsOffset, int descriptorBytes, long dataOffset) {

        static Header parse(byte[] bytes, String target) throws MalformedReplyException {
            ByteBuffer header = view(bytes);
            long nameSize = Integer.toUnsignedLong(header.getInt(Kvm.StatsHeader.NAME_SIZE));
            long count = Integer.toUnsignedLong(header.getInt(Kvm.StatsHeader.NUM_DESC));
            if (nameSize == 0 || nameSize > LONGEST_NAME) {
                throw malformed(target, "names of " + nameSize + " bytes", bytes);
            }
            long descriptorBytes = count * (Kvm.StatsDesc.SIZE + nameSize);
            if (count == 0 || count > MOST_STATISTICS || descriptorBytes > MOST_BYTES) {
                throw malformed(target, count + " descriptors with names of " + nameSize + " bytes", bytes);
            }
            return new Header(
                    (int) nameSize,
                    Integer.toUnsignedLong(header.getInt(Kvm.StatsHeader.ID_OFFSET)),
                    Integer.toUnsignedLong(header.getInt(Kvm.StatsHeader.DESC_OFFSET)),
                    (int) descriptorBytes,
                    Integer.toUnsignedLong(header.getInt(Kvm.StatsHeader.DATA_OFFSET)));
        }
    }

    /** By name, in the kernel's order. */
    static Map<String, KvmStatistic> parse(Header header, byte[] descriptors, String target)
            throws MalformedReplyException {
        Map<String, KvmStatistic> schema = new LinkedHashMap<>();
        int stride = Kvm.StatsDesc.SIZE + header.nameSize();
        for (int at = 0; at < descriptors.length; at += stride) {
            byte[] bytes = new byte[stride];
            System.arraycopy(descriptors, at, bytes, 0, stride);
            KvmStatistic statistic = statistic(bytes, target);
            if (schema.put(statistic.name(), statistic) != null) {
                throw malformed(target, "two statistics are called " + statistic.name(), bytes);
            }
        }
        return schema;
    }

    private static KvmStatistic statistic(byte[] bytes, String target) throws MalformedReplyException {
        ByteBuffer descriptor = view(bytes);
        String name = text(bytes, Kvm.StatsDesc.NAME, target);
        int flags = descriptor.getInt(Kvm.StatsDesc.FLAGS);
        KvmStatistic statistic = new KvmStatistic(
                name,
                KvmStatistic.Kind.of(flags),
                KvmStatistic.Unit.of(flags),
                KvmStatistic.baseOf(flags),
                descriptor.getShort(Kvm.StatsDesc.EXPONENT),
                Short.toUnsignedInt(descriptor.getShort(Kvm.StatsDesc.SIZE_MEMBER)),
                descriptor.getInt(Kvm.StatsDesc.BUCKET_SIZE),
                descriptor.getInt(Kvm.StatsDesc.OFFSET));
        if (name.isEmpty()) {
            throw malformed(target, "a statistic without a name", bytes);
        }
        if (statistic.values() == 0) {
            throw malformed(target, name + " has no values", bytes);
        }
        if (end(statistic) > MOST_BYTES) {
            throw malformed(target, name + " has its values up to byte " + end(statistic), bytes);
        }
        if (statistic.kind() == KvmStatistic.Kind.LINEAR_HISTOGRAM && statistic.bucketSize() == 0) {
            throw malformed(target, name + " has buckets without width", bytes);
        }
        return statistic;
    }

    /** How many bytes of data there must be: the header does not say. */
    static int dataBytes(Map<String, KvmStatistic> schema) {
        return (int)
                schema.values().stream().mapToLong(StatisticsSchema::end).max().orElseThrow();
    }

    private static long end(KvmStatistic statistic) {
        return Integer.toUnsignedLong(statistic.offset()) + (long) statistic.values() * Long.BYTES;
    }

    /** A string that must end before its bytes do. */
    static String text(byte[] bytes, int from, String target) throws MalformedReplyException {
        for (int end = from; end < bytes.length; end++) {
            if (bytes[end] == 0) {
                return new String(bytes, from, end - from, StandardCharsets.UTF_8);
            }
        }
        throw malformed(target, "a name without an end", bytes);
    }

    static MalformedReplyException malformed(String target, String problem, byte[] bytes) {
        return new MalformedReplyException(Kvm.KVM_GET_STATS_FD.name(), target, problem, bytes);
    }

    private static ByteBuffer view(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}

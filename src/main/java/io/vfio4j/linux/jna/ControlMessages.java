package io.vfio4j.linux.jna;

import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Sockets;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Control messages of a socket: cmsg(3). */
final class ControlMessages {
    private ControlMessages() {}

    /**
     * CMSG_LEN: the room for so many descriptors. Not CMSG_SPACE, whose padding is room for one more, which the kernel would use.
     */
    static int length(int descriptors) {
        return Sockets.Cmsghdr.SIZE + descriptors * Integer.BYTES;
    }

    /** One message with descriptors, into memory of {@link #length}. */
    static void putRights(NativeMemory control, List<Integer> numbers) {
        control.putLong(Sockets.Cmsghdr.CMSG_LEN, length(numbers.size()));
        control.putInt(Sockets.Cmsghdr.CMSG_LEVEL, Sockets.SOL_SOCKET);
        control.putInt(Sockets.Cmsghdr.CMSG_TYPE, Sockets.SCM_RIGHTS);
        int offset = Sockets.Cmsghdr.SIZE;
        for (int number : numbers) {
            control.putInt(offset, number);
            offset += Integer.BYTES;
        }
    }

    /**
     * All descriptors that stand in control messages; what else there is, and what is cut off, is passed over.
     *
     * @param bytes what the kernel has written
     */
    static List<Integer> rights(byte[] bytes) {
        ByteBuffer control = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<Integer> numbers = new ArrayList<>();
        int at = 0;
        while (bytes.length - at >= Sockets.Cmsghdr.SIZE) {
            long length = control.getLong(at + Sockets.Cmsghdr.CMSG_LEN);
            if (length < Sockets.Cmsghdr.SIZE) {
                break;
            }
            int end = at + (int) Math.min(bytes.length - at, length);
            if (control.getInt(at + Sockets.Cmsghdr.CMSG_LEVEL) == Sockets.SOL_SOCKET
                    && control.getInt(at + Sockets.Cmsghdr.CMSG_TYPE) == Sockets.SCM_RIGHTS) {
                for (int i = at + Sockets.Cmsghdr.SIZE; i <= end - Integer.BYTES; i += Integer.BYTES) {
                    if (control.getInt(i) >= 0) {
                        numbers.add(control.getInt(i));
                    }
                }
            }
            int alignment = Sockets.Cmsghdr.ALIGNMENT;
            at = (end + alignment - 1) / alignment * alignment;
        }
        return numbers;
    }
}

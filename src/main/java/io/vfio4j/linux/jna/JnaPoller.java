package io.vfio4j.linux.jna;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Waits and reads through JNA: one call to wait, and one for each counter. */
final class JnaPoller extends EpollPoller {
    private final EpollAbi abi = EpollAbi.ofThisMachine().orElseThrow();
    private final ByteBuffer events =
            ByteBuffer.allocateDirect(MOST * abi.size()).order(ByteOrder.nativeOrder());
    private final long eventsAddress = Allocations.address(events);

    JnaPoller() throws LinuxException {}

    @Override
    int waitAndRead(int epoll, int room, boolean wait) {
        while (true) {
            int ready = Calls.epollWait(epoll, eventsAddress, room, wait);
            if (ready <= 0) {
                return ready;
            }
            int count = 0;
            int failed = 0;
            for (int i = 0; i < ready; i++) {
                // Whatever epoll says of it, also EPOLLERR of a saturated eventfd: reading tells.
                long data = events.getLong(i * abi.size() + abi.data());
                int result = count * RESULT_BYTES;
                int outcome = Calls.read((int) data, resultsAddress + result + RESULT_VALUE, Long.BYTES);
                if (outcome == Long.BYTES) {
                    results.putLong(result, data);
                    count++;
                } else if (outcome != -Errno.EAGAIN) {
                    // Fewer bytes than eight: this is no counter.
                    results.putLong(FAILURE, data)
                            .putLong(FAILURE + RESULT_VALUE, outcome < 0 ? -outcome : Errno.EINVAL);
                    failed = FAILED;
                }
            }
            if (count > 0 || failed != 0 || !wait) {
                return count + failed;
            }
        }
    }
}

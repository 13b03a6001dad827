package io.vfio4j.vfio;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Ioctl;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * An info ioctl whose answer may need more room than was offered: the kernel then says how much in {@code argsz}, and is asked
 * again. All of them have {@code argsz} at 0 and {@code flags} at 4.
 */
final class GrowingReply {
    private static final int ARGSZ = 0;
    private static final int FLAGS = 4;
    private static final int LARGEST = 64 * 1024;
    private static final int ROUNDS = 4;

    private GrowingReply() {}

    /**
     * Asks until the answer fits.
     *
     * @param firstSize how much room to offer at first
     * @param capsFlag the flag that announces capabilities
     * @param question fills in the input fields
     */
    static byte[] ask(
            SystemCalls calls,
            Descriptor device,
            Ioctl request,
            int firstSize,
            int capsFlag,
            Consumer<NativeMemory> question)
            throws IOException {
        int size = firstSize;
        byte[] reply = {};
        for (int round = 0; round < ROUNDS; round++) {
            reply = askOnce(calls, device, request, size, question);
            Bytes bytes = Bytes.of(reply);
            long wanted = Integer.toUnsignedLong(bytes.getInt(ARGSZ));
            if ((bytes.getInt(FLAGS) & capsFlag) == 0 || wanted <= size) {
                return reply;
            }
            if (wanted > LARGEST) {
                throw new MalformedReplyException(
                        request.name(), device.description(), "it asks for " + wanted + " bytes", reply);
            }
            size = (int) wanted;
        }
        throw new MalformedReplyException(
                request.name(), device.description(), "argsz grew in each of " + ROUNDS + " calls", reply);
    }

    private static byte[] askOnce(
            SystemCalls calls, Descriptor device, Ioctl request, int size, Consumer<NativeMemory> question)
            throws LinuxException {
        try (NativeMemory memory = calls.allocate(size)) {
            memory.putInt(ARGSZ, size);
            question.accept(memory);
            calls.ioctl(device, request, memory);
            return memory.getBytes(0, size);
        }
    }
}

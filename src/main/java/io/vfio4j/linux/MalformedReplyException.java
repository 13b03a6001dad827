package io.vfio4j.linux;

import java.io.IOException;
import java.util.HexFormat;

/** The kernel answered something that cannot be: counts without bound, chains that lead out of the reply, or in circles. */
public final class MalformedReplyException extends IOException {
    private static final long serialVersionUID = 1L;
    /** Enough to see what is wrong; a reply may have 64 KiB. */
    private static final int SHOWN = 128;

    private final byte[] reply;

    /**
     * Says what is wrong.
     *
     * @param operation the ioctl or system call
     * @param target the device or file
     * @param problem what is wrong with the reply
     * @param reply the whole reply
     */
    public MalformedReplyException(String operation, String target, String problem, byte[] reply) {
        super(operation + " " + target + ": malformed reply: " + problem + "; its first bytes: "
                + HexFormat.of().formatHex(reply, 0, Math.min(reply.length, SHOWN)));
        this.reply = reply.clone();
    }

    /**
     * The reply as it came.
     *
     * @return a copy
     */
    public byte[] reply() {
        return reply.clone();
    }
}

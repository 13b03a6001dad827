package io.vfio4j.bench;

import com.sun.jna.Memory;
import com.sun.jna.Native;

/** The writer in C, in this process. */
final class NativeWriter {
    private NativeWriter() {}

    static void load(String library) {
        Native.register(NativeWriter.class, library);
    }

    static native void make_ready(Memory counters, int count);

    static native void signal_slowly(int counter, Memory stamp, int signals, long gapNanos);
}

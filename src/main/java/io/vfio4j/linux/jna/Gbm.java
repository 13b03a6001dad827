package io.vfio4j.linux.jna;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * {@code libgbm.so.1}, direct-mapped as {@link LibC}.
 */
final class Gbm {
    static {
        Native.register(Gbm.class, NativeLibrary.getInstance(GlLibrary.GBM.file()));
    }

    private Gbm() {}

    /** Has the class start, and so all symbols looked up. */
    static void load() {}

    static native long gbm_create_device(int descriptor);

    static native void gbm_device_destroy(long device);

    static native long gbm_bo_create(long device, int width, int height, int format, int flags);

    static native void gbm_bo_destroy(long buffer);

    static native int gbm_bo_get_fd(long buffer);

    static native int gbm_bo_get_stride(long buffer);

    static native long gbm_bo_get_modifier(long buffer);
}

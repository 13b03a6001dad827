package io.vfio4j.linux.jna;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * {@code libEGL.so.1}, direct-mapped as {@link LibC}: what EGL 1.4 has. The rest is an extension, which {@link EglContext}
 * looks up.
 */
final class Egl {
    static {
        Native.register(Egl.class, NativeLibrary.getInstance(GlLibrary.EGL.file()));
    }

    private Egl() {}

    /** Has the class start, and so all symbols looked up. */
    static void load() {}

    static native long eglGetProcAddress(long name);

    static native int eglGetError();

    static native long eglQueryString(long display, int name);

    static native int eglInitialize(long display, long major, long minor);

    static native int eglTerminate(long display);

    static native int eglBindAPI(int api);

    static native long eglCreateContext(long display, long config, long share, long attributes);

    static native int eglDestroyContext(long display, long context);

    static native int eglMakeCurrent(long display, long draw, long read, long context);

    static native int eglReleaseThread();
}

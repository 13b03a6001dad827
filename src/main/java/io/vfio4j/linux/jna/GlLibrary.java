package io.vfio4j.linux.jna;

/** What GL consists of here, and which package of Debian has it. */
enum GlLibrary {
    EGL("libEGL.so.1", "libegl1"),
    GBM("libgbm.so.1", "libgbm1"),
    GLES("libGLESv2.so.2", "libgles2");

    private final String file;
    private final String debian;

    GlLibrary(String file, String debian) {
        this.file = file;
        this.debian = debian;
    }

    /** The name by which the dynamic linker finds it. */
    String file() {
        return file;
    }

    String debian() {
        return debian;
    }
}

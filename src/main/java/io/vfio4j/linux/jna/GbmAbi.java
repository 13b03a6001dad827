package io.vfio4j.linux.jna;

/** {@code gbm.h}. */
final class GbmAbi {
    static final int GBM_BO_USE_RENDERING = 1 << 2;

    private GbmAbi() {}
}

package io.vfio4j.contract;

/** On the emulated host, whose regions are those of mdpy. */
class EmulatorLiveScreenTest extends LiveScreenContract {
    @Override
    PixelsHost openHost() {
        return new EmulatorPixelsHost();
    }
}

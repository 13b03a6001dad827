package io.vfio4j.contract;

/** On the emulated host. */
class EmulatorPixelsTest extends PixelsContract {
    @Override
    PixelsHost openHost() {
        return new EmulatorPixelsHost();
    }
}

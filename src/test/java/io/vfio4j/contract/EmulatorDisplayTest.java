package io.vfio4j.contract;

/** On the emulated host. */
class EmulatorDisplayTest extends DisplayContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost();
    }
}

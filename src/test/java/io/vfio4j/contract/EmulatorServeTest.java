package io.vfio4j.contract;

/** On the emulated host. */
class EmulatorServeTest extends ServeContract {
    @Override
    ServedHost openHost() {
        return new EmulatorServedHost();
    }
}

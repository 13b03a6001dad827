package io.vfio4j.contract;

/** On the emulated host. */
class EmulatorMonitorTest extends MonitorContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost();
    }
}

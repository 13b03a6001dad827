package io.vfio4j.contract;

/** On the emulated host. */
class EmulatorKvmTest extends KvmContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost();
    }
}

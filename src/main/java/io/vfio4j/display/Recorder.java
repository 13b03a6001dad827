package io.vfio4j.display;

/** What JDK Flight Recorder gets to see. Does nothing where the module jdk.jfr is absent or no recording runs. */
interface Recorder {
    /** Where there is no Flight Recorder. */
    Recorder NONE = new Recorder() {
        @Override
        public boolean isRecording() {
            return false;
        }

        @Override
        public void refresh(String display, RefreshEvent event, Runnable callback) {
            callback.run();
        }

        @Override
        public void lifecycle(String display, String what) {}
    };

    /** Whether {@link #refresh} is worth calling. */
    boolean isRecording();

    /** Runs the callback and records it. */
    void refresh(String display, RefreshEvent event, Runnable callback);

    /** Records that a display was attached, armed, masked, closed. */
    void lifecycle(String display, String what);

    /** The recorder of this JVM. */
    static Recorder create() {
        return ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? new FlightRecorder() : NONE;
    }
}

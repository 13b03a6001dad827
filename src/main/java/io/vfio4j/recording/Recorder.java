package io.vfio4j.recording;

import java.util.Set;

/** What JDK Flight Recorder gets to see. Does nothing where the module jdk.jfr is absent or no recording runs. Any thread may call. */
public interface Recorder {
    /** Where there is no Flight Recorder. */
    Recorder NONE = new Recorder() {
        @Override
        public boolean isRecording() {
            return false;
        }

        @Override
        public void refresh(
                String display, String source, Set<?> planes, int merged, long sequence, Runnable callback) {
            callback.run();
        }

        @Override
        public void lifecycle(String display, String what) {}

        @Override
        public PictureSpan picture() {
            return PictureSpan.UNRECORDED;
        }

        @Override
        public UpdateSpan update() {
            return UpdateSpan.UNRECORDED;
        }
    };

    /** A picture that is being captured. */
    interface PictureSpan {
        /** One that nobody records. */
        PictureSpan UNRECORDED = (display, changedPixels) -> {};

        /**
         * The picture is there for the viewers.
         *
         * @param display the screen's name
         * @param changedPixels 0 where it shows what the one before had shown
         */
        void end(String display, long changedPixels);
    }

    /** An update that is being made for a client, and sent. */
    interface UpdateSpan {
        /** One that nobody records. */
        UpdateSpan UNRECORDED = (display, client, encoding, bytes) -> {};

        /**
         * The update is sent.
         *
         * @param display the screen's name
         * @param client who gets it
         * @param encoding how the pixels are encoded
         * @param bytes how much is sent
         */
        void end(String display, String client, String encoding, long bytes);
    }

    /**
     * Whether {@link #refresh} is worth calling.
     *
     * @return false where it would only run the callback
     */
    boolean isRecording();

    /**
     * Runs the callback and records it.
     *
     * @param display whose refresh it is
     * @param source where it comes from
     * @param planes what it is about
     * @param merged how many reads it covers
     * @param sequence its number
     * @param callback gets the refresh
     */
    void refresh(String display, String source, Set<?> planes, int merged, long sequence, Runnable callback);

    /**
     * Records that a display was attached, armed, masked, closed.
     *
     * @param display which one
     * @param what happened
     */
    void lifecycle(String display, String what);

    /**
     * A picture begins to be captured.
     *
     * @return to be ended where it was; one that is never ended is not recorded
     */
    PictureSpan picture();

    /**
     * An update for a client begins to be made.
     *
     * @return to be ended when it is sent; one that is never ended is not recorded
     */
    UpdateSpan update();

    /**
     * The recorder of this JVM.
     *
     * @return one that records where there is a Flight Recorder
     */
    static Recorder create() {
        return ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? new FlightRecorder() : NONE;
    }
}

package io.vfio4j.cli;

/** Where a study of frames goes. */
interface FrameOutput {
    /** What is watched; before it begins. */
    void begin(FrameStudy study);

    /** What has come out. */
    void result(FrameStudy.Result result);
}

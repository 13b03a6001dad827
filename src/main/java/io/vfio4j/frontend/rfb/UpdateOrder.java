package io.vfio4j.frontend.rfb;

import java.util.List;
import java.util.Optional;

/**
 * What a client wants of its next update, and what has to be told to it. Made on the network thread for an encoder thread.
 *
 * @param area the part of the picture that it wants to see
 * @param repaint the part that it wants whether or not it changed
 * @param format how it wants pixels from now on
 * @param encodings what it knows from now on
 * @param sizeAnswers the status of each of its wishes for another size
 * @param asked the size that it asked for and has not got
 * @param fence the number of the fence that follows the update
 * @param continued whether it looked all the time since the last update, so that a picture that it did not see was dropped
 * @param ages whether some time has passed, so that what has come to rest meanwhile is shown without loss
 * @param mostBytes after how many bytes the rest is left for the next update
 */
record UpdateOrder(
        Area area,
        Optional<Area> repaint,
        Optional<ClientPixelFormat> format,
        Optional<List<Integer>> encodings,
        List<SizeStatus> sizeAnswers,
        Optional<Area> asked,
        Optional<Integer> fence,
        boolean continued,
        boolean ages,
        int mostBytes) {

    /** What became of a SetDesktopSize, by its number in ExtendedDesktopSize. */
    enum SizeStatus {
        DONE,
        PROHIBITED,
        FAILED,
        INVALID
    }
}

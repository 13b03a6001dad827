package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Rectangle;

/**
 * A part of the picture that was elsewhere in the one before: a window that was moved, text that was scrolled.
 *
 * @param target where it is now
 * @param sourceX where its left edge was
 * @param sourceY where its upper edge was
 */
public record Move(Rectangle target, int sourceX, int sourceY) {}

/**
 * A display in a window: {@link io.vfio4j.frontend.swing.DisplayPanel} is a Swing component that shows a
 * {@link io.vfio4j.frontend.LiveScreen}.
 */
@NullMarked
package io.vfio4j.frontend.swing;

import org.jspecify.annotations.NullMarked;

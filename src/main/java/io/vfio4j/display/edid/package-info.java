/**
 * Monitors as a guest sees them: reads and builds EDIDs, and plugs them in.
 *
 * <p>{@link io.vfio4j.display.edid.Edid} is the description, {@link io.vfio4j.display.edid.Monitor} is what a vGPU's guest has
 * plugged in. To change a guest's resolution, {@code Display.setMode} does it all.
 *
 * <p>Structures are those of VESA's Enhanced EDID Standard, release A2 (EDID 1.4); timings are computed as VESA's Coordinated Video
 * Timings standard, version 1.2, does for reduced blanking.
 */
package io.vfio4j.display.edid;

/**
 * The constants and layouts of the kernel's user API, and nothing else. The names are those of the C headers; a test compiles
 * them as static assertions against the system's headers.
 */
package io.vfio4j.linux.uapi;

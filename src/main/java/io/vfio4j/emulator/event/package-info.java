/** What is going to happen, in order of time: the queue that the emulated kernel and the model of vCPUs share. Internal. */
package io.vfio4j.emulator.event;

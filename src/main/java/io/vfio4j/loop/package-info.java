/**
 * One thread, many counters and deadlines: wait, drain, dispatch.
 *
 * <p>{@link io.vfio4j.loop.EventLoop} is an object apart from its thread: {@code start} gives it one, {@code stepped} lets a test
 * be the thread.
 */
package io.vfio4j.loop;

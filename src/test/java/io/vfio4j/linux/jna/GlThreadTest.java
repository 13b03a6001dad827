package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.linux.gl.GraphicsException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers of a GPU's thread can rely on, without a GPU. */
@Timeout(60)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GlThreadTest {
    private final GlThread thread = GlThread.start("vfio4j-gl test");

    @AfterEach
    void end() {
        thread.end(() -> {});
        thread.join();
    }

    @Test
    void work_is_done_on_one_thread_that_holds_up_no_exit_and_has_its_name() throws Exception {
        AtomicReference<Thread> first = new AtomicReference<>();
        thread.call(() -> first.set(Thread.currentThread()));
        assertNotSame(Thread.currentThread(), first.get());
        assertTrue(first.get().isDaemon());
        thread.rename("vfio4j-gl another");
        thread.call(() -> assertSame(first.get(), Thread.currentThread()));
        assertEquals("vfio4j-gl another", first.get().getName());
    }

    @Test
    void a_refusal_is_the_callers_own_exception_and_the_thread_goes_on() throws Exception {
        GraphicsException refusal = new GraphicsException("GL_OUT_OF_MEMORY");
        GraphicsException thrown = assertThrows(
                GraphicsException.class,
                () -> thread.call(() -> {
                    throw refusal;
                }));
        assertEquals("GL_OUT_OF_MEMORY", thrown.getMessage());
        assertSame(refusal, thrown.getCause());
        AtomicInteger done = new AtomicInteger();
        thread.call(done::incrementAndGet);
        assertEquals(1, done.get());
    }

    @Test
    void the_last_work_is_done_before_the_end_and_then_nothing_is() {
        AtomicReference<Thread> gl = new AtomicReference<>();
        thread.end(() -> gl.set(Thread.currentThread()));
        GraphicsException closed = assertThrows(GraphicsException.class, () -> thread.call(() -> {}));
        assertEquals("the GPU is closed", closed.getMessage());
        AtomicInteger late = new AtomicInteger();
        thread.end(late::incrementAndGet);
        thread.post(late::incrementAndGet);
        thread.join();
        assertFalse(gl.get().isAlive());
        assertNotSame(Thread.currentThread(), gl.get());
        thread.post(late::incrementAndGet);
        assertEquals(0, late.get());
    }

    @Test
    void last_work_that_fails_ends_the_thread_too() {
        AtomicReference<Thread> gl = new AtomicReference<>();
        thread.end(() -> {
            gl.set(Thread.currentThread());
            throw new GraphicsException("no");
        });
        thread.join();
        assertFalse(gl.get().isAlive());
        assertEquals(
                "the GPU is closed",
                assertThrows(GraphicsException.class, () -> thread.call(() -> {}))
                        .getMessage());
    }

    @Test
    void whoever_closes_does_not_wait_for_the_picture_that_is_being_read() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch read = new CountDownLatch(1);
        List<Throwable> told = new ArrayList<>();
        Thread reader = caller(told, () -> {
            busy.countDown();
            awaitUninterruptibly(read);
        });
        busy.await();
        List<String> order = new ArrayList<>();
        thread.post(() -> order.add("image"));
        thread.post(() -> {
            throw new OutOfMemoryError("in closing an image");
        });
        thread.post(() -> order.add("another image"));
        thread.end(() -> order.add("device"));
        // All of these have returned, and nothing is done yet.
        assertEquals(List.of(), order);
        Thread late = caller(told, () -> order.add("late"));
        read.countDown();
        reader.join();
        late.join();
        thread.join();
        assertEquals(List.of("image", "another image", "device"), order);
        assertEquals(1, told.size(), told::toString);
        assertEquals("the GPU is closed", told.get(0).getMessage());
    }

    @Test
    void what_is_posted_is_done_before_what_the_same_caller_hands_over_next() throws Exception {
        List<Integer> order = new ArrayList<>();
        List<Integer> expected = new ArrayList<>();
        for (int i = 0; i < 1000; i += 2) {
            int number = i;
            thread.post(() -> order.add(number));
            thread.call(() -> order.add(number + 1));
            expected.addAll(List.of(i, i + 1));
        }
        assertEquals(expected, order);
    }

    @Test
    void who_waits_for_a_turn_is_refused_by_an_end_and_nobody_waits_for_ever() throws Exception {
        for (int round = 0; round < 200; round++) {
            GlThread gl = GlThread.start("vfio4j-gl round");
            CountDownLatch start = new CountDownLatch(1);
            AtomicInteger done = new AtomicInteger();
            AtomicInteger refused = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Thread caller = new Thread(() -> {
                    awaitUninterruptibly(start);
                    try {
                        while (true) {
                            gl.call(done::incrementAndGet);
                        }
                    } catch (GraphicsException closed) {
                        refused.incrementAndGet();
                    }
                });
                caller.start();
                callers.add(caller);
            }
            start.countDown();
            AtomicInteger after = new AtomicInteger(-1);
            gl.end(() -> after.set(done.get()));
            for (Thread caller : callers) {
                caller.join();
            }
            gl.join();
            assertEquals(3, refused.get());
            assertEquals(after.get(), done.get());
        }
    }

    @Test
    void an_exit_of_the_process_waits_for_a_driver_that_is_being_closed() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Exiting.class.getName())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertTrue(said.endsWith("closed" + System.lineSeparator()), said);
    }

    /** A program that exits while its GPU is being closed. */
    static final class Exiting {
        private Exiting() {}

        public static void main(String[] arguments) throws Exception {
            CountDownLatch closing = new CountDownLatch(1);
            CountDownLatch exiting = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(exiting::countDown));
            GlThread.start("vfio4j-gl exiting").end(() -> {
                closing.countDown();
                awaitUninterruptibly(exiting);
                // Nothing to wait for: an exit that is not held up is over by then.
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300));
                new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8)
                        .println("closed");
            });
            closing.await();
        }
    }

    @Test
    void an_error_in_one_piece_of_work_is_its_callers_and_the_gpu_goes_on() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch fail = new CountDownLatch(1);
        List<Throwable> told = new ArrayList<>();
        List<Thread> callers = new ArrayList<>();
        callers.add(caller(told, () -> {
            busy.countDown();
            awaitUninterruptibly(fail);
            throw new OutOfMemoryError("for a picture");
        }));
        busy.await();
        for (int i = 0; i < 3; i++) {
            callers.add(caller(told, () -> {}));
        }
        fail.countDown();
        for (Thread caller : callers) {
            caller.join();
        }
        assertEquals(1, told.size(), told::toString);
        assertEquals(GraphicsException.class, told.get(0).getClass());
        assertTrue(
                told.get(0).getMessage().contains("OutOfMemoryError: for a picture"),
                told.get(0).getMessage());
        assertEquals(OutOfMemoryError.class, told.get(0).getCause().getClass());
        boolean[] closed = {false};
        thread.end(() -> closed[0] = true);
        thread.join();
        assertTrue(closed[0], "the last work is done");
    }

    private Thread caller(List<Throwable> told, GlThread.Work work) {
        Thread caller = new Thread(() -> {
            try {
                thread.call(work);
            } catch (GraphicsException e) {
                synchronized (told) {
                    told.add(e);
                }
            }
        });
        caller.start();
        return caller;
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void an_interrupted_caller_waits_for_its_work_and_stays_interrupted() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        AtomicReference<Boolean> interrupted = new AtomicReference<>();
        Thread caller = new Thread(() -> {
            try {
                thread.call(() -> {
                    begun.countDown();
                    awaitUninterruptibly(finish);
                    done.incrementAndGet();
                });
            } catch (GraphicsException e) {
                throw new AssertionError(e);
            }
            interrupted.set(done.get() == 1 && Thread.currentThread().isInterrupted());
        });
        caller.start();
        begun.await();
        caller.interrupt();
        finish.countDown();
        caller.join();
        assertTrue(interrupted.get());
        // As does one that was interrupted before, and one that closes and waits for it.
        Thread.currentThread().interrupt();
        thread.call(done::incrementAndGet);
        assertTrue(Thread.currentThread().isInterrupted());
        thread.end(done::incrementAndGet);
        thread.join();
        assertTrue(Thread.interrupted());
        assertEquals(3, done.get());
    }

    @Test
    void an_interrupt_of_the_thread_itself_means_nothing() throws Exception {
        AtomicReference<Thread> gl = new AtomicReference<>();
        thread.call(() -> gl.set(Thread.currentThread()));
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < 100; i++) {
            gl.get().interrupt();
            thread.call(done::incrementAndGet);
        }
        assertEquals(100, done.get());
    }

    @Test
    void many_callers_are_served_one_by_one() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Thread caller = new Thread(() -> {
                try {
                    for (int n = 0; n < 1000; n++) {
                        thread.call(() -> {
                            assertEquals(1, inside.incrementAndGet());
                            done.incrementAndGet();
                            inside.decrementAndGet();
                        });
                    }
                } catch (GraphicsException e) {
                    throw new AssertionError(e);
                }
            });
            caller.start();
            callers.add(caller);
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertEquals(8000, done.get());
    }

    @Test
    void handing_work_over_allocates_nothing() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicInteger done = new AtomicInteger();
        GlThread.Work work = done::incrementAndGet;
        for (int i = 0; i < 2000; i++) {
            thread.call(work);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 2000; i++) {
            thread.call(work);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 2000, allocated + " bytes by 2000 calls");
        assertEquals(4000, done.get());
    }
}

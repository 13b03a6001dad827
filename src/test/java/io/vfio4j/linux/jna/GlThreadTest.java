package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.linux.gl.GraphicsException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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
        assertFalse(gl.get().isAlive());
        thread.end(() -> gl.set(Thread.currentThread()));
        assertNotSame(Thread.currentThread(), gl.get());
        GraphicsException closed = assertThrows(GraphicsException.class, () -> thread.call(() -> {}));
        assertEquals("the GPU is closed", closed.getMessage());
    }

    @Test
    void last_work_that_fails_ends_the_thread_too() {
        AtomicReference<Thread> gl = new AtomicReference<>();
        thread.end(() -> {
            gl.set(Thread.currentThread());
            throw new GraphicsException("no");
        });
        assertFalse(gl.get().isAlive());
        assertEquals(
                "the GPU is closed",
                assertThrows(GraphicsException.class, () -> thread.call(() -> {}))
                        .getMessage());
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
        // As does one that was interrupted before, and one that closes.
        Thread.currentThread().interrupt();
        thread.call(done::incrementAndGet);
        assertTrue(Thread.currentThread().isInterrupted());
        thread.end(done::incrementAndGet);
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

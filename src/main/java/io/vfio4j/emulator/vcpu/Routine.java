package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.vcpu.Vcpu.Doing;

/** A guest's program, step by step. Where a vCPU is in it is the vCPU's own. */
abstract class Routine {
    /** The step before is done: begins the next. */
    abstract void next(Vcpu vcpu);

    /** Whether it runs in the address space that the guest's threads share. */
    boolean isSharer() {
        return false;
    }

    static Routine of(GuestProgram program, Guest guest, int index) {
        if (program instanceof GuestProgram.Ebizzy ebizzy) {
            return new Searching(ebizzy, guest);
        } else if (program instanceof GuestProgram.LockBench bench) {
            return new Locking(bench, guest);
        } else if (program instanceof GuestProgram.Hog) {
            return new Computing();
        } else if (program instanceof GuestProgram.DrawLoop drawing) {
            return new Drawing(drawing, guest);
        } else if (program instanceof GuestProgram.PingPong pingPong && guest.playsPingPong(index ^ 1)) {
            return new Playing(pingPong, guest);
        }
        return new Idling(guest);
    }

    private static final class Searching extends Routine {
        private final Guest guest;
        private final long userNanos;
        private final long pieceNanos;
        private final long holdNanos;
        private final int shootdown;

        Searching(GuestProgram.Ebizzy program, Guest guest) {
            this.guest = guest;
            userNanos = program.userNanos();
            pieceNanos = program.kernelNanos() / (program.lockSections() + 1);
            holdNanos = program.holdNanos();
            shootdown = 2 * program.lockSections() + 2;
        }

        @Override
        boolean isSharer() {
            return true;
        }

        @Override
        void next(Vcpu vcpu) {
            // 0: user mode; then kernel, lock, kernel, …, lock, kernel; the shootdown.
            int step = vcpu.step++;
            if (step == 0) {
                vcpu.work(Doing.USER, userNanos);
            } else if (step < shootdown) {
                if (step % 2 == 1) {
                    vcpu.work(Doing.KERNEL, pieceNanos);
                } else {
                    guest.lock(vcpu, holdNanos);
                }
            } else if (step == shootdown) {
                guest.shootDown(vcpu);
            } else {
                vcpu.step = 0;
                guest.records++;
                next(vcpu);
            }
        }
    }

    private static final class Locking extends Routine {
        private final Guest guest;
        private final GuestProgram.LockBench program;

        Locking(GuestProgram.LockBench program, Guest guest) {
            this.program = program;
            this.guest = guest;
        }

        @Override
        void next(Vcpu vcpu) {
            if (vcpu.step == 0) {
                vcpu.step = 1;
                vcpu.work(Doing.KERNEL, program.outsideNanos());
            } else if (vcpu.step == 1) {
                vcpu.step = 2;
                guest.lock(vcpu, program.holdNanos());
            } else {
                guest.records++;
                vcpu.step = 0;
                next(vcpu);
            }
        }
    }

    private static final class Computing extends Routine {
        @Override
        boolean isSharer() {
            return true;
        }

        @Override
        void next(Vcpu vcpu) {
            vcpu.doing = Doing.USER;
            vcpu.left = Vcpu.FOREVER;
        }
    }

    private static final class Playing extends Routine {
        private final Guest guest;
        private final GuestProgram.PingPong program;

        Playing(GuestProgram.PingPong program, Guest guest) {
            this.program = program;
            this.guest = guest;
        }

        @Override
        void next(Vcpu vcpu) {
            boolean second = vcpu.index % 2 == 1;
            if (vcpu.step == 0 && !second) {
                vcpu.signalled = true;
            }
            if (vcpu.step == 2) {
                vcpu.step = 1;
                if (second) {
                    guest.records++;
                }
                guest.wake(vcpu, vcpu.index ^ 1);
            } else if (vcpu.signalled) {
                vcpu.signalled = false;
                vcpu.step = 2;
                vcpu.work(Doing.USER, program.workNanos());
            } else {
                vcpu.step = 1;
                guest.halt(vcpu);
            }
        }
    }

    private static final class Drawing extends Routine {
        private final Guest guest;
        private final long pieceNanos;
        private final int shootdowns;

        Drawing(GuestProgram.DrawLoop program, Guest guest) {
            this.guest = guest;
            shootdowns = program.shootdowns();
            pieceNanos = program.drawNanos() / (shootdowns + 1);
        }

        @Override
        boolean isSharer() {
            return true;
        }

        @Override
        void next(Vcpu vcpu) {
            // 1: draws, shoots down, draws, …, draws; then flips.
            int step = vcpu.step;
            if (step == 0) {
                awaitVblank(vcpu);
            } else if (step > 2 * shootdowns + 1) {
                guest.flip(vcpu);
                awaitVblank(vcpu);
            } else {
                vcpu.step++;
                if (step % 2 == 1) {
                    vcpu.work(Doing.USER, pieceNanos);
                } else {
                    guest.shootDown(vcpu);
                }
            }
        }

        private void awaitVblank(Vcpu vcpu) {
            vcpu.step = 0;
            if (vcpu.vblankTaken) {
                vcpu.vblankTaken = false;
                vcpu.frameTime = vcpu.vblankTime;
                vcpu.step = 1;
                next(vcpu);
            } else {
                guest.halt(vcpu);
            }
        }
    }

    private static final class Idling extends Routine {
        private final Guest guest;

        Idling(Guest guest) {
            this.guest = guest;
        }

        @Override
        void next(Vcpu vcpu) {
            guest.halt(vcpu);
        }
    }
}

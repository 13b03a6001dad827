/**
 * Guests of a few instructions, assembled here and run by {@code /dev/kvm}, to measure and to test with: a VM with 64 KiB of memory
 * and the interrupt controllers of a PC ({@link io.vfio4j.kvm.guest.SmallGuest}), its vCPUs, each run by a thread of its own
 * ({@link io.vfio4j.kvm.guest.Vcpu}), and the instructions ({@link io.vfio4j.kvm.guest.GuestCode}).
 */
package io.vfio4j.kvm.guest;

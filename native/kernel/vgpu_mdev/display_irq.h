/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The display irq of a mediated GPU.
 *
 * A vGPU that has it tells user space through an eventfd that the picture it
 * scans out has changed. Seven shapes of this interface were published, and
 * two more follow from porting it to kernels whose eventfd_signal() lost its
 * value: this file speaks all of them. It knows nothing of the driver around
 * it, which calls
 *
 *   display_irq_get_info()   for VFIO_DEVICE_GET_IRQ_INFO,
 *   display_irq_set()        for VFIO_DEVICE_SET_IRQS,
 *   display_irq_flip()       when the guest writes a plane's base address,
 *   display_irq_vblank()     for every pipe at every emulated vblank.
 */
#ifndef DISPLAY_IRQ_H
#define DISPLAY_IRQ_H

#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct eventfd_ctx;
struct display_irq;
struct display_irq_abi;

#define DISPLAY_IRQ_PIPES	3
#define DISPLAY_IRQ_TRIGGERS	2

enum display_irq_dialect {
	DISPLAY_IRQ_NONE,
	DISPLAY_IRQ_V2,
	DISPLAY_IRQ_V3,
	DISPLAY_IRQ_V4,
	DISPLAY_IRQ_V5,
	DISPLAY_IRQ_V6,
	DISPLAY_IRQ_PAGEFLIP,
	DISPLAY_IRQ_PORT,
	DISPLAY_IRQ_PORT_DISPLAY,
	DISPLAY_IRQ_DIALECTS
};

/* The newest one that this kernel can speak. */
#ifdef DISPLAY_IRQ_EVENTFD_HAS_VALUE
#define DISPLAY_IRQ_DEFAULT	DISPLAY_IRQ_V6
#else
#define DISPLAY_IRQ_DEFAULT	DISPLAY_IRQ_PORT
#endif

enum display_irq_plane {
	DISPLAY_IRQ_PRIMARY,
	DISPLAY_IRQ_CURSOR,
};

/* How a flip came about; 0 is a register write that waits for the vblank. */
#define DISPLAY_IRQ_FLIP_ASYNC		BIT(0)
#define DISPLAY_IRQ_FLIP_COMMAND	BIT(1)	/* by the command stream */

/**
 * struct display_irq_counters - what has been signalled
 * @signalled_calls: calls of eventfd_signal()
 * @signalled_primary: primary increments, where the value tells the plane
 * @signalled_cursor: cursor increments, where the value tells the plane
 * @signalled_raw: sum of the values, where each event adds 1
 * @dropped_masked: calls that the mask has swallowed
 * @heuristic_primary: primary increments that were guessed, not flipped
 * @forbidden_calls: SET_IRQS calls that crash the drivers this ABI comes from
 */
struct display_irq_counters {
	u64 signalled_calls;
	u64 signalled_primary;
	u64 signalled_cursor;
	u64 signalled_raw;
	u64 dropped_masked;
	u64 heuristic_primary;
	u64 forbidden_calls;
};

/**
 * struct display_irq_host - the driver around the irq
 * @req_irq: the driver offers VFIO_PCI_REQ_IRQ_INDEX
 * @set_irqs: SET_IRQS for INTX, MSI and, if offered, REQ. @data holds what
 *            the flags announce, or is NULL if there is none.
 */
struct display_irq_host {
	bool req_irq;
	int (*set_irqs)(struct display_irq *irq, u32 flags, u32 index,
			u32 start, u32 count, const void *data);
};

/**
 * struct display_irq - one vGPU's display irq
 * @abi: what its dialect looks like
 * @host: the driver around it
 * @lock: guards everything below
 * @trigger: armed eventfds; the second one exists in v2 only
 * @masked: events are dropped
 * @quiet: pipe calls without a flip, where the heuristic counts per vGPU
 * @pending: flips of each pipe that wait for its vblank
 * @counters: what has been signalled
 */
struct display_irq {
	const struct display_irq_abi *abi;
	const struct display_irq_host *host;
	spinlock_t lock;
	struct eventfd_ctx *trigger[DISPLAY_IRQ_TRIGGERS];
	bool masked;
	int quiet;
	u8 pending[DISPLAY_IRQ_PIPES];
	struct display_irq_counters counters;
};

int display_irq_dialect_by_name(const char *name);
const char *display_irq_dialect_name(enum display_irq_dialect dialect);

void display_irq_init(struct display_irq *irq,
		      enum display_irq_dialect dialect,
		      const struct display_irq_host *host);
void display_irq_exit(struct display_irq *irq);

enum display_irq_dialect display_irq_dialect(const struct display_irq *irq);
unsigned int display_irq_num_irqs(const struct display_irq *irq);
unsigned int display_irq_num_triggers(const struct display_irq *irq);

long display_irq_get_info(struct display_irq *irq, void __user *arg);
long display_irq_set(struct display_irq *irq, void __user *arg);

void display_irq_flip(struct display_irq *irq, unsigned int pipe,
		      enum display_irq_plane plane, unsigned int how);
void display_irq_vblank(struct display_irq *irq, unsigned int pipe,
			bool enabled);

bool display_irq_armed(struct display_irq *irq, unsigned int trigger);
bool display_irq_masked(struct display_irq *irq);
int display_irq_heuristic(struct display_irq *irq);
void display_irq_set_heuristic(struct display_irq *irq, int value);
void display_irq_read_counters(struct display_irq *irq,
			       struct display_irq_counters *counters);
void display_irq_reset_counters(struct display_irq *irq);

#endif /* DISPLAY_IRQ_H */

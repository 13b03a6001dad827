// SPDX-License-Identifier: GPL-2.0
/*
 * The display irq of a mediated GPU: see display_irq.h.
 *
 * What user space sees is the dialect's, quirks included: which bytes of the
 * answer are written, which errors come back, what is dropped. What user space
 * cannot see is sound: a lock between SET_IRQS and the vblank, no reference to
 * an eventfd lost, and no crash for the calls that the published drivers do
 * not survive. Those return -EINVAL and are counted.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "display_irq.h"

/* In no uapi header: struct vfio_irq_info of this ABI, in its two layouts. */
#define IRQ_INFO_FLAG_CAPS	BIT(4)

struct irq_info_offset_first {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 cap_offset;
	__u32 count;
};

struct irq_info_count_first {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 count;
	__u32 cap_offset;
	__u32 pad;		/* written by the ports only */
};

#define IRQ_TYPE_GFX			1
#define IRQ_SUBTYPE_GFX_DISPLAY		1	/* v2: the primary plane's */
#define IRQ_SUBTYPE_GFX_CURSOR		2	/* v2 only */

struct irq_cap_type {
	struct vfio_info_cap_header header;
	__u32 type;
	__u32 subtype;
};

struct irq_cap_display {
	struct vfio_info_cap_header header;
	__u64 cur_event_val;
	__u64 pri_event_val;
};

/* All a chain can hold, without holes: the first one is 16 bytes long. */
struct irq_caps {
	struct irq_cap_type type;
	struct irq_cap_display display;
};

#define PRIMARY_VALUE	BIT_ULL(56)
#define CURSOR_VALUE	BIT_ULL(48)

/* Bits of display_irq.pending */
#define PENDING_PRIMARY		BIT(0)
#define PENDING_CURSOR		BIT(1)
#define PENDING_PRIMARY_ASYNC	BIT(2)
#define PENDING_CURSOR_ASYNC	BIT(3)

/* When a dialect signals, and what. */
enum signal_rule {
	SIGNAL_NEVER,
	SIGNAL_AT_WRITE,	/* an eventfd per plane, at the register write */
	SIGNAL_EVERY_VBLANK,	/* 1 for each enabled pipe */
	SIGNAL_EVERY_FLIP,	/* 1 for each flip done, at the vblank */
	SIGNAL_PLANES_ADD,	/* planes at the vblank, sync and async add up */
	SIGNAL_PLANES_OR,	/* planes at the vblank, each at most once */
};

/* Who counts the vblanks without a flip, for the guess that follows them. */
enum quiet_scope {
	QUIET_NOBODY,
	QUIET_SHARED_DECAY,	/* one for all vGPUs, grows with each flip */
	QUIET_SHARED,		/* one for all vGPUs */
	QUIET_PER_VGPU,
};

#define DECAY_PER_FLIP		5
#define QUIET_THRESHOLD		10

struct display_irq_abi {
	const char *name;
	enum signal_rule rule;
	enum quiet_scope quiet;
	bool values;		/* the value tells the plane */
	bool offset_first;	/* irq_info as in v2 and v3 */
	bool maskable;
	bool strict_mask;	/* MASK wants a count of exactly 1 */
	u8 triggers;		/* irqs behind VFIO_PCI_NUM_IRQS */
	u8 info_size;		/* the capabilities start here */
	u8 cap_type;		/* capability ids; 0: absent */
	u8 cap_display;
	u32 flags;		/* of the display irq */
	u32 msi_flags;
};

#define FLAGS_NORESIZE	(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE)
#define FLAGS_MASKABLE	(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE)

static const struct display_irq_abi abis[DISPLAY_IRQ_DIALECTS] = {
	[DISPLAY_IRQ_NONE] = {
		.name = "none",
		.info_size = 16,
		.msi_flags = FLAGS_NORESIZE,
	},
	[DISPLAY_IRQ_V2] = {
		.name = "v2",
		.rule = SIGNAL_AT_WRITE,
		.offset_first = true,
		.triggers = 2,
		.info_size = 20,
		.cap_type = 3,
		.flags = FLAGS_NORESIZE,
		.msi_flags = FLAGS_NORESIZE,
	},
	[DISPLAY_IRQ_V3] = {
		.name = "v3",
		.rule = SIGNAL_EVERY_VBLANK,
		.offset_first = true,
		.maskable = true,
		.strict_mask = true,
		.triggers = 1,
		.info_size = 20,
		.cap_type = 3,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
	[DISPLAY_IRQ_V4] = {
		.name = "v4",
		.rule = SIGNAL_PLANES_ADD,
		.quiet = QUIET_SHARED_DECAY,
		.values = true,
		.maskable = true,
		.triggers = 1,
		.info_size = 20,
		.cap_type = 3,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
	[DISPLAY_IRQ_V5] = {
		.name = "v5",
		.rule = SIGNAL_PLANES_OR,
		.quiet = QUIET_SHARED,
		.values = true,
		.maskable = true,
		.triggers = 1,
		.info_size = 20,
		.cap_type = 3,
		.cap_display = 4,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
	[DISPLAY_IRQ_V6] = {
		.name = "v6",
		.rule = SIGNAL_PLANES_OR,
		.quiet = QUIET_PER_VGPU,
		.values = true,
		.maskable = true,
		.triggers = 1,
		.info_size = 20,
		.cap_type = 1,
		.cap_display = 2,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
	[DISPLAY_IRQ_PAGEFLIP] = {
		.name = "pageflip",
		.rule = SIGNAL_EVERY_FLIP,
		.maskable = true,
		.triggers = 1,
		.info_size = 20,
		.cap_type = 1,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
	[DISPLAY_IRQ_PORT] = {
		.name = "port",
		.rule = SIGNAL_PLANES_OR,
		.quiet = QUIET_PER_VGPU,
		.maskable = true,
		.triggers = 1,
		.info_size = 24,
		.cap_type = 1,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
	[DISPLAY_IRQ_PORT_DISPLAY] = {
		.name = "port-display",
		.rule = SIGNAL_PLANES_OR,
		.quiet = QUIET_PER_VGPU,
		.maskable = true,
		.triggers = 1,
		.info_size = 24,
		.cap_type = 1,
		.cap_display = 2,
		.flags = FLAGS_MASKABLE,
		.msi_flags = VFIO_IRQ_INFO_EVENTFD,
	},
};

/* v4 and v5 count for all vGPUs together: one's flips silence the others. */
static DEFINE_SPINLOCK(shared_lock);
static int shared_decay;
static int shared_quiet;

/* ------------------------------------------------------------- dialects */

/**
 * display_irq_dialect_by_name - find a dialect
 * @name: its name, in which a final newline counts for nothing
 *
 * Return: an enum display_irq_dialect, or -EINVAL.
 */
int display_irq_dialect_by_name(const char *name)
{
	int i;

	for (i = 0; i < DISPLAY_IRQ_DIALECTS; i++)
		if (sysfs_streq(name, abis[i].name))
			return i;
	return -EINVAL;
}

const char *display_irq_dialect_name(enum display_irq_dialect dialect)
{
	return abis[dialect].name;
}

enum display_irq_dialect display_irq_dialect(const struct display_irq *irq)
{
	return irq->abi - abis;
}

/**
 * display_irq_num_irqs - what VFIO_DEVICE_GET_INFO says in num_irqs
 * @irq: the irq
 */
unsigned int display_irq_num_irqs(const struct display_irq *irq)
{
	return VFIO_PCI_NUM_IRQS + irq->abi->triggers;
}

unsigned int display_irq_num_triggers(const struct display_irq *irq)
{
	return irq->abi->triggers;
}

void display_irq_init(struct display_irq *irq,
		      enum display_irq_dialect dialect,
		      const struct display_irq_host *host)
{
	memset(irq, 0, sizeof(*irq));
	spin_lock_init(&irq->lock);
	irq->abi = &abis[dialect];
	irq->host = host;
}

/**
 * display_irq_exit - let go of the eventfds
 * @irq: the irq; nothing else may be using it any more
 */
void display_irq_exit(struct display_irq *irq)
{
	unsigned int i;

	for (i = 0; i < DISPLAY_IRQ_TRIGGERS; i++) {
		if (irq->trigger[i])
			eventfd_ctx_put(irq->trigger[i]);
		irq->trigger[i] = NULL;
	}
}

/* ------------------------------------------------------------ signalling */

static void post(struct display_irq *irq, unsigned int trigger,
		 unsigned int primary, unsigned int cursor, unsigned int guessed)
{
	const struct display_irq_abi *abi = irq->abi;
	struct eventfd_ctx *ctx = irq->trigger[trigger];
	bool planes = abi->rule == SIGNAL_AT_WRITE;
	bool ones = true;
	u64 value = 1;

	lockdep_assert_held(&irq->lock);

	if (!ctx)
		return;
	if (irq->masked) {
		irq->counters.dropped_masked++;
		return;
	}

#ifdef DISPLAY_IRQ_EVENTFD_HAS_VALUE
	if (abi->values) {
		value = primary * PRIMARY_VALUE + cursor * CURSOR_VALUE;
		planes = true;
		ones = false;
	}
	eventfd_signal(ctx, value);
#else
	eventfd_signal(ctx);
#endif

	irq->counters.signalled_calls++;
	irq->counters.heuristic_primary += guessed;
	if (ones)
		irq->counters.signalled_raw += value;
	if (planes) {
		irq->counters.signalled_primary += primary;
		irq->counters.signalled_cursor += cursor;
	}
}

/*
 * Many vblanks without a flip: the guest may be drawing into the framebuffer
 * that is being shown. Counted for every pipe, enabled or not.
 */
static bool guess(struct display_irq *irq, unsigned int flips)
{
	bool guessed = false;
	int *quiet = &irq->quiet;

	switch (irq->abi->quiet) {
	case QUIET_NOBODY:
		break;
	case QUIET_SHARED_DECAY:
		spin_lock(&shared_lock);
		shared_decay += DECAY_PER_FLIP * flips;
		if (--shared_decay < 0) {
			shared_decay = 0;
			guessed = true;
		}
		spin_unlock(&shared_lock);
		break;
	case QUIET_SHARED:
		quiet = &shared_quiet;
		fallthrough;
	case QUIET_PER_VGPU:
		spin_lock(&shared_lock);
		if (flips)
			*quiet = 0;
		else if (*quiet > QUIET_THRESHOLD)
			guessed = true;
		else
			++*quiet;
		spin_unlock(&shared_lock);
		break;
	}
	return guessed;
}

/**
 * display_irq_flip - the guest has set a plane's base address
 * @irq: the irq
 * @pipe: the plane's pipe, from 0
 * @plane: the plane
 * @how: 0 or DISPLAY_IRQ_FLIP_* bits
 */
void display_irq_flip(struct display_irq *irq, unsigned int pipe,
		      enum display_irq_plane plane, unsigned int how)
{
	bool cursor = plane == DISPLAY_IRQ_CURSOR;
	unsigned long flags;
	u8 bit;

	if (how & DISPLAY_IRQ_FLIP_ASYNC)
		bit = cursor ? PENDING_CURSOR_ASYNC : PENDING_PRIMARY_ASYNC;
	else
		bit = cursor ? PENDING_CURSOR : PENDING_PRIMARY;

	spin_lock_irqsave(&irq->lock, flags);
	irq->pending[pipe] |= bit;
	if (irq->abi->rule == SIGNAL_AT_WRITE &&
	    !(how & DISPLAY_IRQ_FLIP_COMMAND))
		post(irq, cursor ? 1 : 0, !cursor, cursor, 0);
	spin_unlock_irqrestore(&irq->lock, flags);
}

/**
 * display_irq_vblank - a pipe's vblank has come
 * @irq: the irq
 * @pipe: the pipe, from 0
 * @enabled: the guest has enabled it
 *
 * To be called for all pipes at each vblank, and in any context.
 */
void display_irq_vblank(struct display_irq *irq, unsigned int pipe,
			bool enabled)
{
	const struct display_irq_abi *abi = irq->abi;
	unsigned int primary, cursor;
	unsigned long flags;
	bool guessed;
	u8 done;

	spin_lock_irqsave(&irq->lock, flags);
	done = irq->pending[pipe];
	irq->pending[pipe] = 0;
	if (!enabled)
		done = 0;

	switch (abi->rule) {
	case SIGNAL_NEVER:
	case SIGNAL_AT_WRITE:
		break;
	case SIGNAL_EVERY_VBLANK:
		if (enabled)
			post(irq, 0, 0, 0, 0);
		break;
	case SIGNAL_EVERY_FLIP:
		/* Nobody waits for an async flip to be done. */
		if (done & PENDING_PRIMARY)
			post(irq, 0, 1, 0, 0);
		if (done & PENDING_CURSOR)
			post(irq, 0, 0, 1, 0);
		break;
	case SIGNAL_PLANES_ADD:
	case SIGNAL_PLANES_OR:
		primary = !!(done & PENDING_PRIMARY) +
			  !!(done & PENDING_PRIMARY_ASYNC);
		cursor = !!(done & PENDING_CURSOR) +
			 !!(done & PENDING_CURSOR_ASYNC);
		guessed = guess(irq, primary + cursor);
		primary += guessed;
		if (abi->rule == SIGNAL_PLANES_OR) {
			primary = min(primary, 1U);
			cursor = min(cursor, 1U);
		}
		if (primary || cursor)
			post(irq, 0, primary, cursor, guessed);
		break;
	}
	spin_unlock_irqrestore(&irq->lock, flags);
}

/* --------------------------------------------- VFIO_DEVICE_GET_IRQ_INFO */

static bool is_display_irq(const struct display_irq *irq, u32 index)
{
	return index >= VFIO_PCI_NUM_IRQS && index < display_irq_num_irqs(irq);
}

/* Returns the size of the chain, which is linked as if put at @offset. */
static u32 fill_caps(const struct display_irq *irq, u32 index, u32 offset,
		     struct irq_caps *caps)
{
	const struct display_irq_abi *abi = irq->abi;

	memset(caps, 0, sizeof(*caps));
	caps->type.header.id = abi->cap_type;
	caps->type.header.version = 1;
	caps->type.type = IRQ_TYPE_GFX;
	caps->type.subtype = index == VFIO_PCI_NUM_IRQS ?
		IRQ_SUBTYPE_GFX_DISPLAY : IRQ_SUBTYPE_GFX_CURSOR;
	if (!abi->cap_display)
		return sizeof(caps->type);

	caps->type.header.next = offset + sizeof(caps->type);
	caps->display.header.id = abi->cap_display;
	caps->display.header.version = 1;
	caps->display.cur_event_val = CURSOR_VALUE;
	caps->display.pri_event_val = PRIMARY_VALUE;
	return sizeof(*caps);
}

static int describe(const struct display_irq *irq, u32 index, u32 *flags)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		*flags = FLAGS_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (index == VFIO_PCI_MSI_IRQ_INDEX)
		*flags = irq->abi->msi_flags;
	else if (index == VFIO_PCI_REQ_IRQ_INDEX && irq->host->req_irq)
		*flags = FLAGS_NORESIZE;
	else if (is_display_irq(irq, index))
		*flags = irq->abi->flags | IRQ_INFO_FLAG_CAPS;
	else
		return -EINVAL;
	return 0;
}

/* v2 and v3 take and give all of their 20 bytes, always. */
static long get_info_offset_first(struct display_irq *irq, void __user *arg)
{
	struct irq_info_offset_first info;
	struct irq_caps caps;
	u32 size;
	int ret;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info))
		return -EINVAL;
	ret = describe(irq, info.index, &info.flags);
	if (ret)
		return ret;
	info.count = 1;

	if (info.flags & IRQ_INFO_FLAG_CAPS) {
		size = fill_caps(irq, info.index, sizeof(info), &caps);
		if (info.argsz < sizeof(info) + size) {
			info.argsz = sizeof(info) + size;
			info.cap_offset = 0;
		} else {
			info.cap_offset = sizeof(info);
			if (copy_to_user(arg + sizeof(info), &caps, size))
				return -EFAULT;
		}
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* From v4 on cap_offset is written only together with the capabilities. */
static long get_info_count_first(struct display_irq *irq, void __user *arg)
{
	const u32 minsz = offsetofend(struct irq_info_count_first, count);
	const u32 info_size = irq->abi->info_size;
	struct irq_info_count_first info = {};
	struct irq_caps caps;
	u32 written = minsz;
	u32 size;
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	ret = describe(irq, info.index, &info.flags);
	if (ret)
		return ret;
	info.count = 1;

	if (info.flags & IRQ_INFO_FLAG_CAPS) {
		size = fill_caps(irq, info.index, info_size, &caps);
		if (info.argsz < info_size + size) {
			info.argsz = info_size + size;
		} else {
			info.cap_offset = info_size;
			written = info_size;
			if (copy_to_user(arg + info_size, &caps, size))
				return -EFAULT;
		}
	}
	return copy_to_user(arg, &info, written) ? -EFAULT : 0;
}

/**
 * display_irq_get_info - VFIO_DEVICE_GET_IRQ_INFO, for every index
 * @irq: the irq
 * @arg: the ioctl's argument
 */
long display_irq_get_info(struct display_irq *irq, void __user *arg)
{
	if (irq->abi->offset_first)
		return get_info_offset_first(irq, arg);
	return get_info_count_first(irq, arg);
}

/* ------------------------------------------------- VFIO_DEVICE_SET_IRQS */

static long forbidden(struct display_irq *irq)
{
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	irq->counters.forbidden_calls++;
	spin_unlock_irqrestore(&irq->lock, flags);
	return -EINVAL;
}

static void set_trigger(struct display_irq *irq, unsigned int trigger,
			struct eventfd_ctx *ctx)
{
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	old = irq->trigger[trigger];
	irq->trigger[trigger] = ctx;
	if (ctx)
		irq->masked = false;
	spin_unlock_irqrestore(&irq->lock, flags);
	if (old)
		eventfd_ctx_put(old);
}

static void set_masked(struct display_irq *irq, bool masked)
{
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	irq->masked = masked;
	spin_unlock_irqrestore(&irq->lock, flags);
}

static int set_display_mask(struct display_irq *irq, bool masked, u32 flags,
			    u32 start, u32 count)
{
	if (!irq->abi->maskable)
		return -ENOTTY;
	if (start || (irq->abi->strict_mask ? count != 1 : count > 2))
		return -EINVAL;
	if (flags & VFIO_IRQ_SET_DATA_NONE)
		set_masked(irq, masked);
	return 0;
}

static int set_display_trigger(struct display_irq *irq, unsigned int trigger,
			       u32 flags, u32 count, const void *data)
{
	struct eventfd_ctx *ctx;
	s32 fd;

	if (flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		memcpy(&fd, data, sizeof(fd));
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
		set_trigger(irq, trigger, ctx);
	} else if ((flags & VFIO_IRQ_SET_DATA_NONE) && !count) {
		set_trigger(irq, trigger, NULL);
	}
	return 0;
}

static u32 count_of_index(const struct display_irq *irq, u32 index)
{
	u32 flags;

	return describe(irq, index, &flags) ? 0 : 1;
}

/*
 * An index that no irq stands behind: the published drivers look it up in an
 * array all the same, mainline does not.
 */
static bool is_stray_index(const struct display_irq *irq,
			   const struct vfio_irq_set *hdr)
{
	if (!irq->abi->triggers)
		return false;
	if (hdr->index < VFIO_PCI_NUM_IRQS)
		return !count_of_index(irq, hdr->index);
	return hdr->index > S32_MAX && !(hdr->flags & VFIO_IRQ_SET_DATA_NONE);
}

/* ... and a descriptor that is announced, but not there: any driver reads it. */
static bool is_missing_fd(const struct display_irq *irq,
			  const struct vfio_irq_set *hdr, const void *data)
{
	if (data || !(hdr->flags & VFIO_IRQ_SET_DATA_EVENTFD))
		return false;
	if ((hdr->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) !=
	    VFIO_IRQ_SET_ACTION_TRIGGER)
		return false;
	return hdr->index == VFIO_PCI_MSI_IRQ_INDEX ||
	       is_display_irq(irq, hdr->index);
}

/**
 * display_irq_set - VFIO_DEVICE_SET_IRQS, for every index
 * @irq: the irq
 * @arg: the ioctl's argument
 *
 * Everything that carries DATA_NONE goes through unchecked, as in the drivers.
 */
long display_irq_set(struct display_irq *irq, void __user *arg)
{
	const u32 minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set hdr;
	size_t data_size = 0;
	void *data = NULL;
	s32 buffer = 0;

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;
	if (is_stray_index(irq, &hdr))
		return forbidden(irq);

	if (!(hdr.flags & VFIO_IRQ_SET_DATA_NONE)) {
		if (vfio_set_irqs_validate_and_prepare(&hdr,
						       count_of_index(irq, hdr.index),
						       display_irq_num_irqs(irq),
						       &data_size))
			return -EINVAL;
		/* No irq here has a count above 1, so this holds all data. */
		if (data_size > sizeof(buffer))
			return -EINVAL;
		if (data_size) {
			data = &buffer;
			if (copy_from_user(data, arg + minsz, data_size))
				return -EFAULT;
		}
	}
	if (is_missing_fd(irq, &hdr, data))
		return forbidden(irq);

	if (hdr.index < VFIO_PCI_NUM_IRQS)
		return irq->host->set_irqs(irq, hdr.flags, hdr.index,
					   hdr.start, hdr.count, data);
	if (!is_display_irq(irq, hdr.index))
		return irq->abi->triggers ? -EINVAL : -ENOTTY;

	switch (hdr.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_MASK:
		return set_display_mask(irq, true, hdr.flags, hdr.start,
					hdr.count);
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return set_display_mask(irq, false, hdr.flags, hdr.start,
					hdr.count);
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		return set_display_trigger(irq, hdr.index - VFIO_PCI_NUM_IRQS,
					   hdr.flags, hdr.count, data);
	default:
		return -ENOTTY;
	}
}

/* ------------------------------------------------------------ inspection */

bool display_irq_armed(struct display_irq *irq, unsigned int trigger)
{
	unsigned long flags;
	bool armed;

	spin_lock_irqsave(&irq->lock, flags);
	armed = irq->trigger[trigger];
	spin_unlock_irqrestore(&irq->lock, flags);
	return armed;
}

bool display_irq_masked(struct display_irq *irq)
{
	return READ_ONCE(irq->masked);
}

static int *heuristic_counter(struct display_irq *irq)
{
	switch (irq->abi->quiet) {
	case QUIET_SHARED_DECAY:
		return &shared_decay;
	case QUIET_SHARED:
		return &shared_quiet;
	default:
		return &irq->quiet;
	}
}

/**
 * display_irq_heuristic - the counter behind the guess
 * @irq: the irq; in v4 and v5 all vGPUs of the dialect share one counter
 */
int display_irq_heuristic(struct display_irq *irq)
{
	return READ_ONCE(*heuristic_counter(irq));
}

void display_irq_set_heuristic(struct display_irq *irq, int value)
{
	unsigned long flags;

	spin_lock_irqsave(&shared_lock, flags);
	*heuristic_counter(irq) = value;
	spin_unlock_irqrestore(&shared_lock, flags);
}

void display_irq_read_counters(struct display_irq *irq,
			       struct display_irq_counters *counters)
{
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	*counters = irq->counters;
	spin_unlock_irqrestore(&irq->lock, flags);
}

void display_irq_reset_counters(struct display_irq *irq)
{
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	memset(&irq->counters, 0, sizeof(irq->counters));
	spin_unlock_irqrestore(&irq->lock, flags);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Proves vgpu_mdev through /dev/vfio, in every dialect, byte by byte and count
 * by count. To be run as root in a kernel that has the module, by
 * "scripts/real-kernel smoke". Prints TAP.
 *
 *	smoke [group|cdev...]
 *
 * Through the device's group, its cdev, or one after the other; where nothing
 * is said, through the group, and the cdev if this kernel has it.
 *
 * This is a second reading of the ABI: it shares nothing with the module.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the headers of an older system lack: linux/vfio.h, linux/iommufd.h. */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz, flags, pt_id;
};

struct vfio_device_detach_iommufd_pt {
	uint32_t argsz, flags;
};

#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
#define VFIO_DEVICE_DETACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 20)
#endif

struct ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

#define IOAS_ALLOC	_IO(';', 0x81)
#define IOAS_MAP	_IO(';', 0x85)
#define IOAS_UNMAP	_IO(';', 0x86)
#define IOAS_MAP_FIXED_READ_WRITE 7

#define PRI 0x0100000000000000ULL
#define CUR 0x0001000000000000ULL

#define SET_ARM		(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define SET_DISARM	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)
#define SET_MASK	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK)
#define SET_UNMASK	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK)

/* -------------------------------------------------------------------- TAP */

static int passed, failed;

static bool ok(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", passed + failed + 1);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	*(good ? &passed : &failed) += 1;
	return good;
}

static void is(uint64_t got, uint64_t wanted, const char *what,
	       const char *dialect)
{
	if (!ok(got == wanted, "%s: %s", dialect, what))
		printf("#   got 0x%" PRIx64 " (%" PRIu64 "), wanted 0x%" PRIx64
		       " (%" PRIu64 ")\n", got, got, wanted, wanted);
}

static _Noreturn void bail(const char *format, ...)
{
	va_list args;

	printf("Bail out! ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (%s)\n", strerror(errno));
	exit(1);
}

/* ------------------------------------------------------------------ sysfs */

#define CREATE "/sys/class/mdev_bus/vgpu_mdev/mdev_supported_types/vgpu_mdev-vga/create"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	error = n < 0 ? -errno : 0;
	close(fd);
	return error;
}

static char *get(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		bail("cannot open %s", path);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		bail("cannot read %s", path);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static int put_parameter(const char *name, const char *value)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/module/vgpu_mdev/parameters/%s",
		 name);
	return put(path, value);
}

static bool by_cdev;

/* What is not open is -1. */
struct device {
	char uuid[40];
	int container;	/* or the iommufd */
	int file;	/* the group or the cdev, which KVM can be told of */
	int fd;
};

static int put_attribute(const struct device *device, const char *name,
			 const char *value)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/vgpu/%s",
		 device->uuid, name);
	return put(path, value);
}

static char *attribute(const struct device *device, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/vgpu/%s",
		 device->uuid, name);
	return get(path);
}

static uint64_t counter(const struct device *device, const char *name)
{
	return strtoull(attribute(device, name), NULL, 10);
}

static void must_put(const struct device *device, const char *name,
		     const char *value)
{
	int error = put_attribute(device, name, value);

	if (error) {
		errno = -error;
		bail("cannot write %s to %s", value, name);
	}
}

static void step(const struct device *device, unsigned int n)
{
	char text[20];

	snprintf(text, sizeof(text), "%u", n);
	must_put(device, "step", text);
}

/* ------------------------------------------------------------------- VFIO */

static struct device new_device(int number)
{
	struct device device = { .container = -1, .file = -1, .fd = -1 };
	int error;

	snprintf(device.uuid, sizeof(device.uuid),
		 "c0ffee00-0000-4000-8000-%012d", number);
	error = put(CREATE, device.uuid);
	if (error) {
		errno = -error;
		bail("cannot make %s", device.uuid);
	}
	return device;
}

static void group_path(const struct device *device, char path[64])
{
	char link[200], target[200];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/bus/mdev/devices/%s/iommu_group",
		 device->uuid);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		bail("no group of %s", device->uuid);
	target[n] = '\0';
	snprintf(path, 64, "/dev/vfio/%.40s", strrchr(target, '/') + 1);
}

static void cdev_path(const struct device *device, char path[64])
{
	char directory[200];
	struct dirent *entry;
	DIR *dir;

	snprintf(directory, sizeof(directory),
		 "/sys/bus/mdev/devices/%s/vfio-dev", device->uuid);
	dir = opendir(directory);
	do {
		entry = dir ? readdir(dir) : NULL;
		if (!entry)
			bail("no cdev of %s", device->uuid);
	} while (entry->d_name[0] == '.');
	snprintf(path, 64, "/dev/vfio/devices/%.40s", entry->d_name);
	closedir(dir);
}

/* Opens what is needed before the device itself can be opened. */
static void open_file(struct device *device)
{
	char path[64];

	if (by_cdev)
		cdev_path(device, path);
	else
		group_path(device, path);
	device->container = open(by_cdev ? "/dev/iommu" : "/dev/vfio/vfio",
				 O_RDWR | O_CLOEXEC);
	device->file = open(path, O_RDWR | O_CLOEXEC);
	if (device->container < 0 || device->file < 0)
		bail("cannot open %s", path);
	if (by_cdev)
		return;
	if (ioctl(device->file, VFIO_GROUP_SET_CONTAINER, &device->container) ||
	    ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		bail("no container");
}

/* Returns 0 or -errno. */
static int bind_iommufd(int cdev, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = iommufd,
	};

	return ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &bind) ? -errno : 0;
}

/* Returns the id of the address space that the device is attached to. */
static uint32_t attach_ioas(const struct device *device)
{
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};

	if (ioctl(device->container, IOAS_ALLOC, &alloc))
		bail("no address space");
	attach.pt_id = alloc.out_ioas_id;
	if (ioctl(device->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		bail("cannot attach the vGPU");
	return alloc.out_ioas_id;
}

/* Returns 0 or -errno. */
static int open_device(struct device *device)
{
	int ret;

	if (!by_cdev) {
		device->fd = ioctl(device->file, VFIO_GROUP_GET_DEVICE_FD,
				   device->uuid);
		return device->fd < 0 ? -errno : 0;
	}
	ret = bind_iommufd(device->file, device->container);
	if (ret)
		return ret;
	device->fd = device->file;
	attach_ioas(device);
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The cdev is the device, a group stays open. */
static void close_device(struct device *device)
{
	if (device->fd == device->file)
		device->file = -1;
	close_fd(&device->fd);
}

static void close_all(struct device *device)
{
	close_device(device);
	close_fd(&device->file);
	close_fd(&device->container);
}

static void destroy(struct device *device)
{
	char path[200];

	close_all(device);
	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/remove",
		 device->uuid);
	if (put(path, "1"))
		bail("cannot remove %s", device->uuid);
}

/* A stepped vGPU of the dialect, open. */
static struct device make(const char *dialect, int number)
{
	struct device device;

	if (put_parameter("dialect", dialect) || put_parameter("stepped", "1"))
		bail("no parameter dialect=%s", dialect);
	device = new_device(number);
	open_file(&device);
	if (open_device(&device))
		bail("cannot open the vGPU");
	return device;
}

struct irq_set {
	uint32_t argsz, flags, index, start, count;
	int32_t data;
};

/* Returns 0 or -errno. */
static int set_irqs(const struct device *device, uint32_t argsz,
		    uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count, int32_t data)
{
	struct irq_set set = { argsz, flags, index, start, count, data };

	return ioctl(device->fd, VFIO_DEVICE_SET_IRQS, &set) < 0 ? -errno : 0;
}

static int arm(const struct device *device, uint32_t index, int fd)
{
	return set_irqs(device, 24, SET_ARM, index, 0, 1, fd);
}

static int disarm(const struct device *device, uint32_t index)
{
	return set_irqs(device, 20, SET_DISARM, index, 0, 0, 0);
}

static int mask(const struct device *device, bool masked)
{
	return set_irqs(device, 20, masked ? SET_MASK : SET_UNMASK, 5, 0, 1, 0);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		bail("no eventfd");
	return fd;
}

/* What has been signalled since the last time. */
static uint64_t drain(int fd)
{
	uint64_t value;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

/* --------------------------------------------------- bytes of GET_IRQ_INFO */

/*
 * A row of the vectors: what is written for an argsz of FROM or more. Where
 * the bytes begin with "argsz" it is the caller's, unchanged.
 */
struct vector {
	const char *dialect;
	uint32_t index;
	uint32_t from;
	const char *bytes[3];	/* irq_info, and each capability */
};

static const struct vector vectors[] = {
	/* v2: argsz below 20 is an error; two irqs */
	{ "v2", 0, 20, { "argsz 07000000 00000000 00000000 01000000" } },
	{ "v2", 1, 20, { "argsz 09000000 01000000 00000000 01000000" } },
	{ "v2", 5, 20, { "24000000 19000000 05000000 00000000 01000000" } },
	{ "v2", 5, 36, { "argsz 19000000 05000000 14000000 01000000",
		"03000100 00000000 01000000 01000000" } },
	{ "v2", 6, 20, { "24000000 19000000 06000000 00000000 01000000" } },
	{ "v2", 6, 36, { "argsz 19000000 06000000 14000000 01000000",
		"03000100 00000000 01000000 02000000" } },
	/* v3 */
	{ "v3", 0, 20, { "argsz 07000000 00000000 00000000 01000000" } },
	{ "v3", 1, 20, { "argsz 01000000 01000000 00000000 01000000" } },
	{ "v3", 5, 20, { "24000000 13000000 05000000 00000000 01000000" } },
	{ "v3", 5, 36, { "argsz 13000000 05000000 14000000 01000000",
		"03000100 00000000 01000000 01000000" } },
	/* v4: count before cap_offset, and 16 bytes do */
	{ "v4", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "v4", 1, 16, { "argsz 01000000 01000000 01000000" } },
	{ "v4", 5, 16, { "24000000 13000000 05000000 01000000" } },
	{ "v4", 5, 36, { "argsz 13000000 05000000 01000000 14000000",
		"03000100 00000000 01000000 01000000" } },
	/* v5: with the values */
	{ "v5", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "v5", 1, 16, { "argsz 01000000 01000000 01000000" } },
	{ "v5", 5, 16, { "3c000000 13000000 05000000 01000000" } },
	{ "v5", 5, 60, { "argsz 13000000 05000000 01000000 14000000",
		"03000100 24000000 01000000 01000000",
		"04000100 00000000 0000000000000100 0000000000000001" } },
	/* v6: other ids */
	{ "v6", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "v6", 1, 16, { "argsz 01000000 01000000 01000000" } },
	{ "v6", 5, 16, { "3c000000 13000000 05000000 01000000" } },
	{ "v6", 5, 60, { "argsz 13000000 05000000 01000000 14000000",
		"01000100 24000000 01000000 01000000",
		"02000100 00000000 0000000000000100 0000000000000001" } },
	/* the page-flip tree */
	{ "pageflip", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "pageflip", 1, 16, { "argsz 01000000 01000000 01000000" } },
	{ "pageflip", 5, 16, { "24000000 13000000 05000000 01000000" } },
	{ "pageflip", 5, 36, { "argsz 13000000 05000000 01000000 14000000",
		"01000100 00000000 01000000 01000000" } },
	/* ports: 24 bytes of info, so that capabilities are aligned */
	{ "port", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "port", 1, 16, { "argsz 01000000 01000000 01000000" } },
	{ "port", 5, 16, { "28000000 13000000 05000000 01000000" } },
	{ "port", 5, 40, { "argsz 13000000 05000000 01000000 18000000 00000000",
		"01000100 00000000 01000000 01000000" } },
	{ "port-display", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "port-display", 1, 16, { "argsz 01000000 01000000 01000000" } },
	{ "port-display", 5, 16, { "40000000 13000000 05000000 01000000" } },
	{ "port-display", 5, 64, { "argsz 13000000 05000000 01000000 18000000 00000000",
		"01000100 28000000 01000000 01000000",
		"02000100 00000000 0000000000000100 0000000000000001" } },
	/* mainline */
	{ "none", 0, 16, { "argsz 07000000 00000000 01000000" } },
	{ "none", 1, 16, { "argsz 09000000 01000000 01000000" } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED 0xee

static size_t parse_bytes(const char *text, uint32_t argsz, uint8_t *bytes)
{
	size_t n = 0;
	unsigned int byte;

	while (*text) {
		if (*text == ' ') {
			text++;
		} else if (!strncmp(text, "argsz", 5)) {
			memcpy(bytes + n, &argsz, 4);
			n += 4;
			text += 5;
		} else {
			if (sscanf(text, "%2x", &byte) != 1)
				bail("bad vector %s", text);
			bytes[n++] = byte;
			text += 2;
		}
	}
	return n;
}

static const struct vector *vector_for(const char *dialect, uint32_t index,
				       uint32_t argsz)
{
	const struct vector *found = NULL;
	size_t i;

	for (i = 0; i < COUNT(vectors); i++)
		if (!strcmp(vectors[i].dialect, dialect) &&
		    vectors[i].index == index && argsz >= vectors[i].from)
			found = &vectors[i];
	return found;
}

static bool info_is_right(const struct device *device, const char *dialect,
			  uint32_t index, uint32_t argsz)
{
	const struct vector *vector = vector_for(dialect, index, argsz);
	uint8_t got[128], wanted[128];
	size_t n = 0, i;
	bool right;
	int ret;

	memset(got, UNTOUCHED, sizeof(got));
	memcpy(got, &argsz, 4);
	memcpy(got + 8, &index, 4);
	memset(got + 12, 0, 4);		/* v2 and v3 take cap_offset in, too */
	memcpy(wanted, got, sizeof(got));
	for (i = 0; vector && i < COUNT(vector->bytes) && vector->bytes[i]; i++)
		n += parse_bytes(vector->bytes[i], argsz, wanted + n);

	ret = ioctl(device->fd, VFIO_DEVICE_GET_IRQ_INFO, got) < 0 ? -errno : 0;
	right = ret == (vector ? 0 : -EINVAL) &&
		!memcmp(got, wanted, sizeof(got));
	if (!right) {
		printf("# index %u argsz %u: returned %d\n# got   ", index,
		       argsz, ret);
		for (i = 0; i < 72; i++)
			printf("%02x%s", got[i], i % 4 == 3 ? " " : "");
		printf("\n# wanted");
		for (i = 0; i < 72; i++)
			printf("%s%02x", i % 4 == 0 ? " " : "", wanted[i]);
		printf("\n");
	}
	return right;
}

static void check_info(const struct device *device, const char *dialect)
{
	static const uint32_t indexes[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 0x7fffffff, 0x80000000, 0xffffffff
	};
	struct vfio_device_info info = { .argsz = sizeof(info) };
	uint32_t irqs = !strcmp(dialect, "none") ? 5 :
		!strcmp(dialect, "v2") ? 7 : 6;
	uint32_t argsz;
	size_t i;

	info.cap_offset = 0xeeeeeeee;
	ok(!ioctl(device->fd, VFIO_DEVICE_GET_INFO, &info) && info.flags == 3 &&
	   info.num_regions == 11 && info.num_irqs == irqs &&
	   info.cap_offset == 0xeeeeeeee && info.argsz == sizeof(info),
	   "%s: GET_INFO says PCI, RESET, 11 regions, %u irqs in 16 bytes",
	   dialect, irqs);

	for (i = 0; i < COUNT(indexes); i++) {
		bool right = true;

		for (argsz = 0; argsz <= 80; argsz++)
			right &= info_is_right(device, dialect, indexes[i],
					       argsz);
		right &= info_is_right(device, dialect, indexes[i], 4096);
		ok(right, "%s: GET_IRQ_INFO of index %u, every argsz to 80",
		   dialect, indexes[i]);
	}
	ok(ioctl(device->fd, VFIO_DEVICE_GET_IRQ_INFO, NULL) < 0 &&
	   errno == EFAULT, "%s: GET_IRQ_INFO(NULL) is EFAULT", dialect);
}

/* ---------------------------------------------------- shapes of SET_IRQS */

#define NONE		VFIO_IRQ_SET_DATA_NONE
#define BOOL		VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD		VFIO_IRQ_SET_DATA_EVENTFD
#define MASK		VFIO_IRQ_SET_ACTION_MASK
#define UNMASK		VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER
#define ANY		0x100	/* in .error: the dialects differ */

struct shape {
	const char *what;
	uint32_t argsz, flags, index, start, count;
	int32_t data;
	int error;
};

/* The same in every dialect that has the irq. */
static const struct shape shapes[] = {
	{ "argsz below 20", 19, SET_ARM, 5, 0, 1, -1, EINVAL },
	{ "eventfd without room for it", 20, SET_ARM, 5, 0, 1, -1, EINVAL },
	{ "eventfd, room for half of it", 22, SET_ARM, 5, 0, 1, -1, EINVAL },
	{ "eventfd -1", 24, SET_ARM, 5, 0, 1, -1, EBADF },
	{ "eventfd that is closed", 24, SET_ARM, 5, 0, 1, 999, EBADF },
	{ "eventfd that is none", 24, SET_ARM, 5, 0, 1, 1, EINVAL },
	{ "two eventfds", 28, SET_ARM, 5, 0, 2, 1, EINVAL },
	{ "start 1", 24, SET_ARM, 5, 1, 1, 1, EINVAL },
	{ "start 0xffffffff", 24, SET_ARM, 5, UINT32_MAX, 1, 1, EINVAL },
	{ "count 0xffffffff", 24, SET_ARM, 5, 0, UINT32_MAX, 1, EINVAL },
	{ "no data type", 24, TRIGGER, 5, 0, 1, 1, EINVAL },
	{ "two data types", 24, BOOL | EVENTFD | TRIGGER, 5, 0, 1, 1, EINVAL },
	{ "unknown flag", 24, SET_ARM | 0x40, 5, 0, 1, 1, EINVAL },
	{ "unknown flag with no data", 20, SET_DISARM | 0x40, 5, 0, 0, 0, 0 },
	{ "no data: argsz is not looked at", 0, SET_DISARM, 5, 0, 0, 0, 0 },
	{ "no data: start is not looked at", 20, SET_DISARM, 5, 7, 0, 0, 0 },
	{ "no action", 20, NONE, 5, 0, 1, 0, ENOTTY },
	{ "two actions", 20, SET_MASK | UNMASK, 5, 0, 1, 0, ENOTTY },
	{ "no action, eventfd", 24, EVENTFD, 5, 0, 1, 1, ENOTTY },
	{ "trigger without data", 20, NONE | TRIGGER, 5, 0, 1, 0, 0 },
	{ "trigger with bool", 21, BOOL | TRIGGER, 5, 0, 1, 1, 0 },
	{ "bool without room for it", 20, BOOL | TRIGGER, 5, 0, 1, 1, EINVAL },
	{ "bool, count 0", 20, BOOL | TRIGGER, 5, 0, 0, 0, 0 },
	{ "index 7", 24, SET_ARM, 7, 0, 1, 1, EINVAL },
	{ "index 7 without data", 20, SET_DISARM, 7, 0, 0, 0, EINVAL },
	{ "index 0xffffffff without data", 20, SET_DISARM, UINT32_MAX, 0, 0, 0,
	  EINVAL },
	{ "INTX mask", 20, SET_MASK, 0, 0, 1, 0, 0 },
	{ "INTX trigger", 20, SET_DISARM, 0, 0, 0, 0, 0 },
	{ "INTX without action", 20, NONE, 0, 0, 0, 0, ENOTTY },
	{ "MSI mask", 20, SET_MASK, 1, 0, 1, 0, ENOTTY },
	{ "MSI eventfd -1", 24, SET_ARM, 1, 0, 1, -1, EBADF },
	{ "MSI disarm", 20, SET_DISARM, 1, 0, 0, 0, 0 },
};

/* Where the mask is concerned they differ. */
struct mask_shape {
	const char *what;
	uint32_t argsz, flags, start, count;
	int v2, v3, later;
};

static const struct mask_shape mask_shapes[] = {
	{ "mask", 20, SET_MASK, 0, 1, ENOTTY, 0, 0 },
	{ "unmask", 20, SET_UNMASK, 0, 1, ENOTTY, 0, 0 },
	{ "mask, start 1", 20, SET_MASK, 1, 1, ENOTTY, EINVAL, EINVAL },
	{ "mask, count 0", 20, SET_MASK, 0, 0, ENOTTY, EINVAL, 0 },
	{ "mask, count 2", 20, SET_MASK, 0, 2, ENOTTY, EINVAL, 0 },
	{ "mask, count 3", 20, SET_MASK, 0, 3, ENOTTY, EINVAL, EINVAL },
	{ "unmask, count 3", 20, SET_UNMASK, 0, 3, ENOTTY, EINVAL, EINVAL },
	{ "unmask", 20, SET_UNMASK, 0, 1, ENOTTY, 0, 0 },
	{ "mask with bool", 21, BOOL | MASK, 0, 1, ENOTTY, 0, 0 },
	{ "mask with eventfd", 24, EVENTFD | MASK, 0, 1, ENOTTY, 0, 0 },
};

/* What crashes the drivers that this ABI comes from. */
static const struct shape crashes[] = {
	{ "no data and eventfd", 24, NONE | SET_ARM, 5, 0, 1, 1, EINVAL },
	{ "no data and eventfd, count 0", 24, NONE | SET_ARM, 5, 0, 0, 1, EINVAL },
	{ "eventfd, count 0", 24, SET_ARM, 5, 0, 0, 1, EINVAL },
	{ "MSI: eventfd, count 0", 24, SET_ARM, 1, 0, 0, 1, EINVAL },
	{ "MSI: no data and eventfd", 24, NONE | SET_ARM, 1, 0, 1, 1, EINVAL },
	{ "MSIX", 20, SET_DISARM, 2, 0, 0, 0, EINVAL },
	{ "ERR", 20, SET_DISARM, 3, 0, 0, 0, EINVAL },
	{ "REQ", 24, SET_ARM, 4, 0, 1, 1, EINVAL },
	{ "index 0x80000000", 24, SET_ARM, 0x80000000, 0, 1, 1, EINVAL },
	{ "index 0xffffffff", 24, SET_ARM, UINT32_MAX, 0, 1, 1, EINVAL },
};

static bool set_is(const struct device *device, const struct shape *s,
		   const char *dialect)
{
	int ret = set_irqs(device, s->argsz, s->flags, s->index, s->start,
			   s->count, s->data);

	return ok(ret == -s->error, "%s: SET_IRQS %s: %s", dialect, s->what,
		  ret ? strerrorname_np(-ret) : "0");
}

static void check_set(const struct device *device, const char *dialect)
{
	size_t i;

	for (i = 0; i < COUNT(shapes); i++)
		set_is(device, &shapes[i], dialect);
	for (i = 0; i < COUNT(mask_shapes); i++) {
		const struct mask_shape *m = &mask_shapes[i];
		struct shape s = { m->what, m->argsz, m->flags, 5, m->start,
				   m->count, 0, m->later };

		if (!strcmp(dialect, "v2"))
			s.error = m->v2;
		else if (!strcmp(dialect, "v3"))
			s.error = m->v3;
		set_is(device, &s, dialect);
	}
	is(strtoull(attribute(device, "masked"), NULL, 10), 0,
	   "bool and eventfd do not mask", dialect);
	is(counter(device, "forbidden_calls"), 0, "none of it is forbidden",
	   dialect);
	for (i = 0; i < COUNT(crashes); i++) {
		set_is(device, &crashes[i], dialect);
		is(counter(device, "forbidden_calls"), i + 1,
		   "that one is counted as forbidden", dialect);
	}
	ok(ioctl(device->fd, VFIO_DEVICE_SET_IRQS, NULL) < 0 &&
	   errno == EFAULT, "%s: SET_IRQS(NULL) is EFAULT", dialect);
}

static void check_set_none(const struct device *device)
{
	static const struct shape mainline[] = {
		{ "index 5", 24, SET_ARM, 5, 0, 1, 1, EINVAL },
		{ "index 5 without data", 20, SET_DISARM, 5, 0, 0, 0, ENOTTY },
		{ "MSIX", 24, SET_ARM, 2, 0, 1, 1, EINVAL },
		{ "MSIX without data", 20, SET_DISARM, 2, 0, 0, 0, ENOTTY },
		{ "ERR without data", 20, SET_DISARM, 3, 0, 0, 0, ENOTTY },
		{ "REQ without data", 20, SET_DISARM, 4, 0, 0, 0, ENOTTY },
		{ "INTX trigger", 20, SET_DISARM, 0, 0, 0, 0, 0 },
		{ "MSI disarm", 20, SET_DISARM, 1, 0, 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(mainline); i++)
		set_is(device, &mainline[i], "none");
	is(counter(device, "forbidden_calls"), 0, "none of it is forbidden",
	   "none");
}

/* -------------------------------------------------------------- signals */

static bool lost_values;	/* this kernel's eventfd_signal() takes none */

struct totals {
	uint64_t calls, primary, cursor, raw, guessed, dropped;
};

static struct totals totals(const struct device *device)
{
	return (struct totals) {
		counter(device, "signalled_calls"),
		counter(device, "signalled_primary"),
		counter(device, "signalled_cursor"),
		counter(device, "signalled_raw"),
		counter(device, "heuristic_primary"),
		counter(device, "dropped_masked"),
	};
}

static void totals_are(const struct device *device, struct totals wanted,
		       const char *what, const char *dialect)
{
	struct totals got = totals(device);

	if (!ok(!memcmp(&got, &wanted, sizeof(got)), "%s: counters: %s",
		dialect, what))
		printf("#   calls %" PRIu64 "/%" PRIu64 " primary %" PRIu64
		       "/%" PRIu64 " cursor %" PRIu64 "/%" PRIu64 " raw %"
		       PRIu64 "/%" PRIu64 " guessed %" PRIu64 "/%" PRIu64
		       " dropped %" PRIu64 "/%" PRIu64 " (got/wanted)\n",
		       got.calls, wanted.calls, got.primary, wanted.primary,
		       got.cursor, wanted.cursor, got.raw, wanted.raw,
		       got.guessed, wanted.guessed, got.dropped,
		       wanted.dropped);
}

static void fresh(const struct device *device)
{
	must_put(device, "scenario", "manual");
	must_put(device, "heuristic", "0");
	must_put(device, "reset_counters", "1");
}

static void check_v2(const struct device *device)
{
	int pri = new_eventfd(), cur = new_eventfd();

	fresh(device);
	is(arm(device, 5, pri), 0, "arm primary", "v2");
	is(!strcmp(attribute(device, "armed"), "10"), 1, "armed is 10", "v2");
	is(arm(device, 6, cur), 0, "arm cursor", "v2");
	is(!strcmp(attribute(device, "armed"), "11"), 1, "armed is 11", "v2");
	must_put(device, "flip", "A");
	is(drain(pri), 1, "a flip signals at the write", "v2");
	must_put(device, "flip", "A async");
	must_put(device, "flip", "B");
	is(drain(pri), 2, "async or on a disabled pipe likewise", "v2");
	must_put(device, "flip", "A command");
	is(drain(pri), 0, "a flip by command does not signal", "v2");
	must_put(device, "cursor", "A");
	is(drain(cur), 1, "the cursor has its own eventfd", "v2");
	step(device, 100);
	is(drain(pri) + drain(cur), 0, "vblanks signal nothing", "v2");
	totals_are(device, (struct totals){ 4, 3, 1, 4, 0, 0 }, "by hand", "v2");

	fresh(device);
	must_put(device, "scenario", "flip");
	step(device, 312);
	is(drain(pri), 313, "flip at 0 and in 312 vblanks: 313", "v2");
	is(disarm(device, 5), 0, "disarm primary", "v2");
	is(!strcmp(attribute(device, "armed"), "01"), 1, "armed is 01", "v2");
	step(device, 10);
	is(drain(pri), 0, "disarmed: silence", "v2");
	is(disarm(device, 6), 0, "disarm cursor", "v2");
	close(pri);
	close(cur);
}

static void check_v3(const struct device *device)
{
	int fd = new_eventfd();

	fresh(device);
	is(arm(device, 5, fd), 0, "arm", "v3");
	step(device, 10);
	is(drain(fd), 10, "10 vblanks of one pipe", "v3");
	must_put(device, "pipe", "C on");
	step(device, 10);
	is(drain(fd), 20, "10 vblanks of two pipes", "v3");
	must_put(device, "scenario", "flip");
	step(device, 10);
	is(drain(fd), 20, "flips make no difference", "v3");
	must_put(device, "pipe", "A off");
	must_put(device, "pipe", "C off");
	step(device, 10);
	is(drain(fd), 0, "no pipe, no vblank", "v3");
	is(counter(device, "vblanks"), 30, "nor is one counted", "v3");
	must_put(device, "pipe", "A on");
	mask(device, true);
	step(device, 5);
	mask(device, false);
	step(device, 2);
	is(drain(fd), 2, "masked ones are dropped", "v3");
	totals_are(device, (struct totals){ 52, 0, 0, 52, 0, 5 }, "in all", "v3");
	is(disarm(device, 5), 0, "disarm", "v3");
	close(fd);
}

/* v4: sync and async add up, the delay grows with the flips before it. */
static void check_v4(const struct device *device)
{
	const uint64_t p = lost_values ? 1 : PRI, c = lost_values ? 1 : CUR;
	int fd = new_eventfd();
	unsigned int n;

	fresh(device);
	is(arm(device, 5, fd), 0, "arm", "v4");
	step(device, 1);
	is(drain(fd), 3 * p, "an idle guest is guessed at once, per pipe", "v4");
	must_put(device, "flip", "A");
	must_put(device, "flip", "A");
	must_put(device, "flip", "A async");
	step(device, 1);
	is(drain(fd), lost_values ? 1 : 2 * PRI,
	   "sync and async add up, two sync do not", "v4");
	is(counter(device, "heuristic"), 7, "10 for two events, less 3 pipes",
	   "v4");
	must_put(device, "cursor", "A");
	must_put(device, "cursor", "A async");
	must_put(device, "flip", "A");
	step(device, 1);
	is(drain(fd), lost_values ? 1 : PRI + 2 * CUR, "planes in one signal",
	   "v4");
	is(counter(device, "heuristic"), 19, "15 more, less 3", "v4");
	must_put(device, "cursor", "B");
	step(device, 1);
	is(drain(fd), 0, "a disabled pipe's flip is consumed", "v4");
	must_put(device, "pipe", "B on");
	step(device, 1);
	is(drain(fd), 0, "for good", "v4");
	must_put(device, "pipe", "B off");
	must_put(device, "cursor", "A");
	step(device, 1);
	is(drain(fd), c, "cursor alone", "v4");

	fresh(device);
	must_put(device, "scenario", "flip");
	step(device, 60);
	is(drain(fd), lost_values ? 60 : 60 * PRI, "60 flips", "v4");
	totals_are(device, lost_values ?
		   (struct totals){ 60, 0, 0, 60, 0, 0 } :
		   (struct totals){ 60, 60, 0, 0, 0, 0 }, "60 flips", "v4");
	must_put(device, "scenario", "idle");
	step(device, 1);	/* the last flip of the scenario */
	drain(fd);
	for (n = 0; n < 1000; n++) {
		step(device, 1);
		if (drain(fd))
			break;
	}
	/* 61 flips leave 61 * 2; the guess comes when 3 a vblank exceed it. */
	is(n, 40, "the guess comes 40 vblanks later", "v4");
	is(disarm(device, 5), 0, "disarm", "v4");
	close(fd);
}

static void check_or(const struct device *device, const char *dialect,
		     bool values)
{
	const uint64_t p = values ? PRI : 1, c = values ? CUR : 1;
	const uint64_t both = values ? PRI + CUR : 1;
	int fd = new_eventfd(), other = new_eventfd();
	unsigned int n;

	fresh(device);
	step(device, 20);
	totals_are(device, (struct totals){ 0 }, "unarmed", dialect);
	fresh(device);
	is(arm(device, 5, fd), 0, "arm", dialect);
	is(counter(device, "armed"), 1, "is armed", dialect);
	must_put(device, "scenario", "flip");
	is(drain(fd), 0, "nothing at the write", dialect);
	step(device, 10);
	is(drain(fd), 10 * p, "scenario flip, 10 vblanks", dialect);
	totals_are(device, values ? (struct totals){ 10, 10, 0, 0, 0, 0 } :
		   (struct totals){ 10, 0, 0, 10, 0, 0 }, "10 flips", dialect);
	step(device, 302);
	is(counter(device, "signalled_calls"), 312, "312 in 312 vblanks",
	   dialect);
	is(drain(fd), values ? UINT64_MAX : 302,
	   values ? "302 more saturate the counter" : "302 more", dialect);

	must_put(device, "scenario", "idle");
	step(device, 1);
	is(drain(fd), p, "the last flip", dialect);
	for (n = 1; n < 100; n++) {
		step(device, 1);
		if (n < 4 && drain(fd))
			break;
		if (n == 4)
			break;
	}
	is(n, 4, "nothing in the 3 vblanks after it", dialect);
	is(drain(fd), 3 * p, "the 4th guesses, per pipe", dialect);
	step(device, 5);
	is(drain(fd), 15 * p, "then 3 in each vblank", dialect);
	is(counter(device, "heuristic_primary"), 18, "18 guessed", dialect);

	fresh(device);
	step(device, 3);
	is(drain(fd), 0, "from the start: nothing in 3 vblanks", dialect);
	step(device, 1);
	is(drain(fd), p, "one in the 4th", dialect);

	fresh(device);
	must_put(device, "flip", "A");
	must_put(device, "flip", "A async");
	must_put(device, "flip", "A command");
	step(device, 1);
	is(drain(fd), p, "sync, async and command are one", dialect);
	must_put(device, "flip", "A async");
	must_put(device, "cursor", "A");
	must_put(device, "cursor", "A async");
	step(device, 1);
	is(drain(fd), both, "both planes in one signal", dialect);
	must_put(device, "flip", "B");
	must_put(device, "cursor", "C");
	step(device, 1);
	is(drain(fd), 0, "not on disabled pipes", dialect);
	must_put(device, "pipe", "B on");
	must_put(device, "flip", "A");
	must_put(device, "flip", "B");
	step(device, 1);
	is(drain(fd), 2 * p, "two pipes, two signals", dialect);
	must_put(device, "pipe", "B off");

	fresh(device);
	must_put(device, "scenario", "cursor");
	step(device, 200);
	is(drain(fd), 200 * c, "a moving cursor starves the primary", dialect);
	must_put(device, "scenario", "console");
	step(device, 1);
	is(drain(fd), c, "the last move", dialect);
	step(device, 3);
	is(drain(fd), 0, "drawing to the front buffer is silent", dialect);
	step(device, 2);
	is(drain(fd), 6 * p, "until it is guessed", dialect);

	fresh(device);
	must_put(device, "flip", "A");
	is(mask(device, true), 0, "mask", dialect);
	is(counter(device, "masked"), 1, "is masked", dialect);
	step(device, 1);
	is(mask(device, false), 0, "unmask", dialect);
	step(device, 1);
	is(drain(fd), 0, "masked events are dropped, not latched", dialect);
	is(counter(device, "dropped_masked"), 1, "and counted", dialect);
	mask(device, true);
	step(device, 10);
	mask(device, false);
	step(device, 1);
	is(drain(fd), 3 * p, "the mask does not stop the guess", dialect);
	mask(device, true);
	is(disarm(device, 5), 0, "disarm", dialect);
	is(counter(device, "armed"), 0, "is disarmed", dialect);
	is(counter(device, "masked"), 1, "and still masked", dialect);
	is(disarm(device, 5), 0, "disarm twice", dialect);
	is(arm(device, 5, fd), 0, "arm again", dialect);
	is(counter(device, "masked"), 0, "that clears the mask", dialect);
	is(arm(device, 5, other), 0, "arm another eventfd", dialect);
	must_put(device, "flip", "A");
	step(device, 1);
	is(drain(fd), 0, "the first one hears nothing", dialect);
	is(drain(other), p, "the second one does", dialect);
	is(arm(device, 5, -1), -EBADF, "arm -1", dialect);
	is(counter(device, "armed"), 1, "does not disarm", dialect);
	is(set_irqs(device, 20, NONE | TRIGGER, 5, 0, 1, 0), 0,
	   "trigger without data", dialect);
	is(set_irqs(device, 21, BOOL | TRIGGER, 5, 0, 1, 1), 0,
	   "trigger with bool", dialect);
	is(drain(other), 0, "signal nothing", dialect);
	is(disarm(device, 5), 0, "disarm", dialect);
	must_put(device, "flip", "A");
	step(device, 20);
	is(drain(other), 0, "disarmed: silence", dialect);
	close(fd);
	close(other);
}

static void check_pageflip(const struct device *device)
{
	int fd = new_eventfd();

	fresh(device);
	is(arm(device, 5, fd), 0, "arm", "pageflip");
	must_put(device, "scenario", "flip");
	step(device, 312);
	is(drain(fd), 312, "312 flips in 312 vblanks", "pageflip");
	must_put(device, "scenario", "manual");
	step(device, 1);
	is(drain(fd), 1, "the last flip", "pageflip");
	step(device, 100);
	is(drain(fd), 0, "idle is silent", "pageflip");
	must_put(device, "flip", "A");
	must_put(device, "cursor", "A");
	step(device, 1);
	is(drain(fd), 2, "1 for each plane", "pageflip");
	must_put(device, "flip", "A async");
	must_put(device, "flip", "B");
	step(device, 1);
	is(drain(fd), 0, "nothing for async, nor for disabled pipes",
	   "pageflip");
	mask(device, true);
	must_put(device, "flip", "A");
	must_put(device, "cursor", "A");
	step(device, 1);
	totals_are(device, (struct totals){ 315, 0, 0, 315, 0, 2 }, "in all",
		   "pageflip");
	is(disarm(device, 5), 0, "disarm", "pageflip");
	close(fd);
}

/* The trigger outlives its opener, until somebody disarms. */
static void check_survival(struct device *device, const char *dialect)
{
	int fd = new_eventfd();

	fresh(device);
	arm(device, 5, fd);
	close_all(device);
	is(attribute(device, "armed")[0], '1', "closing leaves it armed",
	   dialect);
	must_put(device, "flip", "A");
	if (strcmp(dialect, "v2")) {
		step(device, 10);
		is(drain(fd), 0, "closed: no vblanks", dialect);
	}
	drain(fd);
	open_file(device);
	open_device(device);
	must_put(device, "flip", "A");
	step(device, 1);
	ok(drain(fd), "%s: the next opener makes it fire", dialect);
	is(disarm(device, 5), 0, "until disarmed", dialect);
	must_put(device, "flip", "A");
	step(device, 20);
	is(drain(fd), 0, "then silence", dialect);
	is(ioctl(device->fd, VFIO_DEVICE_RESET), 0, "RESET", dialect);
	close(fd);
}

/* v4 and v5 count the quiet vblanks of all vGPUs together. */
static void check_neighbours(const char *dialect, unsigned int guessed)
{
	struct device one = make(dialect, 1), two = make(dialect, 2);
	int fd = new_eventfd();

	fresh(&one);
	fresh(&two);
	arm(&one, 5, fd);
	step(&one, 10);
	drain(fd);
	must_put(&two, "flip", "A");
	step(&two, 1);
	step(&one, 1);
	is(drain(fd), guessed * (lost_values || !strncmp(dialect, "port", 4) ?
				 1 : PRI),
	   guessed == 3 ? "a neighbour's flip changes nothing" :
	   "a neighbour's flip keeps the guess away", dialect);
	disarm(&one, 5);
	destroy(&one);
	destroy(&two);
	close(fd);
}

/* ---------------------------------------------------------- free running */

/* Waits until the timer has run N vblanks, 10 s at most. */
static bool wait_vblanks(const struct device *device, uint64_t n)
{
	int i;

	for (i = 0; i < 1000 && counter(device, "vblanks") < n; i++)
		usleep(10000);
	return counter(device, "vblanks") >= n;
}

static void check_timer(const char *dialect)
{
	struct device device = make(dialect, 1);
	const bool lost = lost_values || !strncmp(dialect, "port", 4);
	uint64_t pri = 0, vblanks;
	int fd = new_eventfd();
	int i;

	fresh(&device);
	must_put(&device, "scenario", "flip");
	arm(&device, 5, fd);
	must_put(&device, "stepped", "0");
	is(put_attribute(&device, "step", "1"), -EBUSY,
	   "step is busy while the timer runs", dialect);
	for (i = 0; i < 20; i++) {
		wait_vblanks(&device, 2 * i);
		pri += lost ? drain(fd) : drain(fd) / PRI;
	}
	must_put(&device, "stepped", "1");
	pri += lost ? drain(fd) : drain(fd) / PRI;
	vblanks = counter(&device, "vblanks");
	ok(vblanks >= 38, "%s: %" PRIu64 " vblanks by the timer", dialect,
	   vblanks);
	is(pri, vblanks, "each of them signalled once", dialect);
	is(counter(&device, lost ? "signalled_raw" : "signalled_primary"),
	   vblanks, "and counted so", dialect);
	usleep(50000);
	is(counter(&device, "vblanks"), vblanks, "none once it is stepped",
	   dialect);
	must_put(&device, "stepped", "0");
	ok(wait_vblanks(&device, vblanks + 2), "%s: it runs again", dialect);
	must_put(&device, "pipe", "A off");
	vblanks = counter(&device, "vblanks");
	usleep(50000);
	is(counter(&device, "vblanks"), vblanks, "and not without a pipe",
	   dialect);
	must_put(&device, "pipe", "A on");
	ok(wait_vblanks(&device, vblanks + 2), "%s: it runs with a pipe",
	   dialect);
	close_all(&device);
	vblanks = counter(&device, "vblanks");
	usleep(50000);
	is(counter(&device, "vblanks"), vblanks, "and not while closed",
	   dialect);
	destroy(&device);
	close(fd);
}

/* Arms and disarms for a while under the timer: nothing may break. */
static void *hammer(void *arg)
{
	const struct device *device = arg;
	int i, fd;

	for (i = 0; i < 2000; i++) {
		fd = new_eventfd();
		arm(device, 5, fd);
		mask(device, i & 1);
		drain(fd);
		if (i & 2)
			disarm(device, 5);
		close(fd);
	}
	return NULL;
}

static void check_races(void)
{
	struct device device = make("v5", 1);
	pthread_t threads[3];
	unsigned int i;

	must_put(&device, "scenario", "flip");
	for (i = 0; i < COUNT(threads); i++)
		if (pthread_create(&threads[i], NULL, hammer, &device))
			bail("no thread");
	for (i = 0; i < 20; i++) {
		must_put(&device, "stepped", i & 1 ? "1" : "0");
		put_attribute(&device, "step", "50");
		usleep(10000);
	}
	for (i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	ok(true, "v5: armed and disarmed 6000 times under vblanks");
	destroy(&device);
}

/* ---------------------------------------------------------------- planes */

struct plane {
	uint32_t argsz, flags, type, format;
	uint64_t modifier;
	uint32_t width, height, stride, size, x, y, x_hot, y_hot, id, reserved;
};

_Static_assert(sizeof(struct plane) == 64, "vfio_device_gfx_plane_info");

static int query(const struct device *device, struct plane *plane,
		 uint32_t argsz, uint32_t flags, uint32_t type)
{
	memset(plane, UNTOUCHED, sizeof(*plane));
	plane->argsz = argsz;
	plane->flags = flags;
	plane->type = type;
	return ioctl(device->fd, VFIO_DEVICE_QUERY_GFX_PLANE, plane) < 0 ?
		-errno : 0;
}

static uint32_t id_of(const struct device *device, uint32_t type)
{
	struct plane plane;

	return query(device, &plane, 64, 2, type) ? 0 : plane.id;
}

static int get_dmabuf(const struct device *device, uint32_t id)
{
	int fd = ioctl(device->fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);

	return fd < 0 ? -errno : fd;
}

static bool nothing_shown(const struct device *device, uint32_t type)
{
	struct plane plane, wanted;
	int ret = query(device, &plane, 64, 2, type);

	memset(&wanted, UNTOUCHED, sizeof(wanted));
	wanted.argsz = 64;
	wanted.flags = 2;
	wanted.type = type;
	return !ret && !memcmp(&plane, &wanted, sizeof(plane));
}

static void check_planes(void)
{
	struct device device = make("v6", 1);
	struct plane plane;
	uint32_t flags, *pixels;
	int fds[3], fd, i;
	bool right = true;

	for (flags = 0; flags < 16; flags++)
		right &= query(&device, &plane, 64, flags, 1) ==
			(flags == 2 || flags == 3 ? 0 : -EINVAL);
	ok(right, "planes: flags 2 and 3, and no other");
	is(query(&device, &plane, 59, 2, 1), -EINVAL, "argsz 59", "planes");
	is(query(&device, &plane, 60, 2, 1), 0, "argsz 60", "planes");
	is(query(&device, &plane, 64, 2, 0), -EINVAL, "overlay", "planes");
	is(query(&device, &plane, 64, 2, 3), -EINVAL, "type 3", "planes");

	query(&device, &plane, 64, 2, 1);
	ok(plane.argsz == 64 && plane.flags == 2 &&
	   plane.format == 0x34325258 && plane.modifier == 0 &&
	   plane.width == 640 && plane.height == 480 && plane.stride == 2560 &&
	   plane.size == 2560 * 480 && plane.x == 0 && plane.y == 0 &&
	   plane.id == 1 && plane.reserved == 0xeeeeeeee,
	   "planes: primary 640x480 XR24, id 1, reserved untouched");
	query(&device, &plane, 64, 2, 2);
	ok(plane.format == 0x34325241 && plane.width == 64 &&
	   plane.height == 64 && plane.stride == 256 && plane.size == 16384 &&
	   plane.x_hot == UINT32_MAX && plane.y_hot == UINT32_MAX &&
	   plane.id == 2, "planes: cursor 64x64 AR24, id 2, no hot spot");
	must_put(&device, "cursor", "A");
	query(&device, &plane, 64, 2, 2);
	ok(plane.x == 8 && plane.y == 4 && plane.id == 3,
	   "planes: the cursor moves, to another buffer");
	must_put(&device, "cursor", "A hide");
	ok(nothing_shown(&device, 2), "planes: a hidden cursor answers 0, untouched");
	must_put(&device, "cursor", "A show");
	must_put(&device, "pipe", "A off");
	ok(nothing_shown(&device, 1), "planes: so does a disabled pipe");
	must_put(&device, "pipe", "A on");

	/* Ids: three framebuffers in turn, then the first one again. */
	is(id_of(&device, 1), 1, "the same framebuffer, the same id", "planes");
	must_put(&device, "flip", "A");
	is(id_of(&device, 1), 4, "a new one, a new id", "planes");
	must_put(&device, "flip", "A");
	is(id_of(&device, 1), 5, "and another", "planes");
	must_put(&device, "flip", "A");
	is(id_of(&device, 1), 1, "the first one again", "planes");

	is(get_dmabuf(&device, 77), -EINVAL, "unknown id", "planes");
	is(get_dmabuf(&device, 0), -EINVAL, "id 0", "planes");
	fd = get_dmabuf(&device, 1);
	ok(fd >= 0 && lseek(fd, 0, SEEK_END) == 2560 * 480,
	   "planes: a dma-buf of its size");
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
	   errno == ENODEV, "planes: that cannot be mapped: ENODEV");
	ok(mmap(NULL, 2560 * 481, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
	   errno == EINVAL, "planes: nor beyond its end: EINVAL");
	put_parameter("dmabuf_mmap", "1");
	pixels = mmap(NULL, 2560 * 480, PROT_READ, MAP_SHARED, fd, 0);
	put_parameter("dmabuf_mmap", "0");
	if (ok(pixels != MAP_FAILED, "planes: with dmabuf_mmap it can")) {
		/* Frame 3, pixel (5,7). */
		is(pixels[7 * 640 + 5], 0xff080d03, "frame 3", "planes");
		must_put(&device, "draw", "A");
		is(pixels[0], 0xff000000, "a cell is drawn", "planes");
		must_put(&device, "draw", "A");
		is(pixels[8], 0xff9e3779, "and the next", "planes");
		must_put(&device, "flip", "A");
		must_put(&device, "flip", "A");
		must_put(&device, "flip", "A");
		is(pixels[7 * 640 + 5], 0xff0b1306, "frame 6", "planes");
		munmap(pixels, 2560 * 480);
	}

	/* Get and close at once: the id is free for the next framebuffer. */
	close(fd);
	is(get_dmabuf(&device, 1), -EINVAL, "closed: the id is gone", "planes");
	must_put(&device, "flip", "A");
	is(id_of(&device, 1), 4, "a framebuffer that is known keeps its id",
	   "planes");
	must_put(&device, "flip", "A");
	must_put(&device, "flip", "A");
	is(id_of(&device, 1), 1, "the next unknown one gets the free id",
	   "planes");
	/* One flag for all users. */
	is(id_of(&device, 1), 1, "queried twice", "planes");
	close(get_dmabuf(&device, 1));
	is(get_dmabuf(&device, 1), -EINVAL, "fetched and closed by one: the other fails",
	   "planes");
	is(id_of(&device, 1), 1, "a query makes it known again", "planes");
	for (i = 0; i < 3; i++)
		fds[i] = get_dmabuf(&device, 1);
	ok(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0,
	   "planes: several descriptors of one id");
	close_all(&device);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	open_file(&device);
	open_device(&device);
	is(get_dmabuf(&device, 4), -EINVAL, "closing the device forgets ids",
	   "planes");
	is(id_of(&device, 1), 1, "and starts over", "planes");
	must_put(&device, "pipe", "A off");
	must_put(&device, "pipe", "B on");
	is(id_of(&device, 1), 2, "pipe B has other framebuffers", "planes");

	/* A dma-buf that outlives its device. */
	fd = get_dmabuf(&device, 2);
	destroy(&device);
	ok(fd >= 0 && !close(fd), "planes: a dma-buf outlives its device");
}

/* ---------------------------------------------------------------- pixels */

static void put_or_bail(const char *name, const char *value)
{
	int error = put_parameter(name, value);

	if (error) {
		errno = -error;
		bail("no parameter %s=%s", name, value);
	}
}

static uint32_t fourcc(const char *name)
{
	uint32_t code = 0;
	int i;

	for (i = 0; i < 4; i++)
		code |= (uint32_t)(i < (int)strlen(name) ? name[i] : ' ') <<
			(8 * i);
	return code;
}

static const char * const format_names[] = {
	"XR24", "AR24", "XB24", "AB24", "RG16", "XR30", "XB30", "C8", "YUYV",
	"UYVY", "YVYU", "VYUY",
};

static unsigned int bytes_of(const char *format)
{
	if (!strcmp(format, "C8"))
		return 1;
	return !strcmp(format, "RG16") || strchr(format, 'Y') ? 2 : 4;
}

static uint64_t modifier_of(const char *tiling)
{
	const uint64_t intel = 1ULL << 56;

	if (!strcmp(tiling, "linear"))
		return 0;
	return !strcmp(tiling, "x") ? intel + 1 :
	       !strcmp(tiling, "y") ? intel + 2 : intel + 3;
}

/* Width in bytes, and lines, of what repeats. */
static void tile_of(const char *tiling, unsigned int bytes, unsigned int *width,
		    unsigned int *height)
{
	*width = 64;
	*height = 1;
	if (!strcmp(tiling, "x")) {
		*width = 512;
		*height = 8;
	} else if (!strcmp(tiling, "y") || (*tiling == 'y' && bytes > 1)) {
		*width = 128;
		*height = 32;
	} else if (*tiling == 'y') {
		*height = 64;
	}
}

/* Halves side by side, then halves one below the other, and so on. */
static size_t yf_offset(unsigned int x, unsigned int y, unsigned int width,
			unsigned int height)
{
	if (width == 16)
		return y * 16 + x;
	if (x >= width / 2)
		return width * height / 2 +
		       yf_offset(x - width / 2, y, width, height);
	width /= 2;
	if (width == 16)
		return y * 16 + x;
	if (y >= height / 2)
		return width * height / 2 +
		       yf_offset(x, y - height / 2, width, height / 2);
	return yf_offset(x, y, width, height / 2);
}

static size_t offset_of(const char *tiling, unsigned int bytes, unsigned int x,
			unsigned int y, unsigned int stride)
{
	unsigned int width, height;
	size_t tile;

	if (!strcmp(tiling, "linear"))
		return (size_t)y * stride + x;
	tile_of(tiling, bytes, &width, &height);
	tile = (size_t)(y / height) * (stride / width) + x / width;
	x %= width;
	y %= height;
	if (!strcmp(tiling, "x"))
		return tile * 4096 + y * 512 + x;
	if (!strcmp(tiling, "y"))
		return tile * 4096 + x / 16 * 512 + y * 16 + x % 16;
	return tile * 4096 + yf_offset(x, y, width, height);
}

struct shown {
	unsigned int width, height, stride, pipe, frame, first, draws;
};

struct rgb {
	int r, g, b;
};

/* What the guest has drawn there, cells included. */
static struct rgb colour_at(const struct shown *shown, unsigned int x,
			    unsigned int y)
{
	const unsigned int columns = shown->width / 8;
	const unsigned int cells = columns * (shown->height / 16);
	struct rgb rgb = {
		(x + shown->frame) % 256, (y + 2 * shown->frame) % 256,
		(shown->frame + 64 * shown->pipe) % 256,
	};
	unsigned int i;

	if (x / 8 >= columns)
		return rgb;
	for (i = shown->first; i < shown->draws; i++) {
		const uint32_t cell = i * 0x9e3779b1U;

		if (i % cells != y / 16 * columns + x / 8)
			continue;
		rgb.r = cell >> 24;
		rgb.g = cell >> 16 & 255;
		rgb.b = cell >> 8 & 255;
	}
	return rgb;
}

static int floor_256(int value)
{
	return value < 0 ? -((-value + 255) / 256) : value / 256;
}

/* The bytes of a pixel, in the format's own order. */
static uint32_t pixel_of(const char *format, const struct shown *shown,
			 unsigned int x, unsigned int y)
{
	const struct rgb c = colour_at(shown, x, y);
	const struct rgb left = colour_at(shown, x & ~1U, y);
	const uint32_t r10 = c.r * 4 + c.r / 64, g10 = c.g * 4 + c.g / 64,
		b10 = c.b * 4 + c.b / 64;
	int luma, difference;
	bool blue;

	if (!strcmp(format, "XR24") || !strcmp(format, "AR24"))
		return 0xff000000 | c.r << 16 | c.g << 8 | c.b;
	if (!strcmp(format, "XB24") || !strcmp(format, "AB24"))
		return 0xff000000 | c.b << 16 | c.g << 8 | c.r;
	if (!strcmp(format, "RG16"))
		return c.r / 8 * 2048 + c.g / 4 * 32 + c.b / 8;
	if (!strcmp(format, "XR30"))
		return 0xc0000000 | r10 << 20 | g10 << 10 | b10;
	if (!strcmp(format, "XB30"))
		return 0xc0000000 | b10 << 20 | g10 << 10 | r10;
	if (!strcmp(format, "C8"))
		return (c.r + c.g + c.b) & 255;
	luma = 16 + (66 * c.r + 129 * c.g + 25 * c.b + 128) / 256;
	blue = !(x & 1) == (strchr(format, 'U') < strchr(format, 'V'));
	difference = 128 + floor_256(128 + (blue ?
		112 * left.b - 38 * left.r - 74 * left.g :
		112 * left.r - 94 * left.g - 18 * left.b));
	return *format == 'Y' ? luma | difference << 8 :
				difference | luma << 8;
}

/* Compares a framebuffer with what should be in it. */
static bool pixels_are_right(const uint8_t *memory, const char *format,
			     const char *tiling, const struct shown *shown)
{
	const unsigned int bytes = bytes_of(format);
	unsigned int x, y;

	for (y = 0; y < shown->height; y++) {
		for (x = 0; x < shown->width; x++) {
			const size_t offset = offset_of(tiling, bytes,
							x * bytes, y,
							shown->stride);
			uint32_t wanted = pixel_of(format, shown, x, y);
			uint32_t got = 0;

			memcpy(&got, memory + offset, bytes);
			if (got == wanted)
				continue;
			printf("# (%u,%u) is %08x, wanted %08x\n", x, y, got,
			       wanted);
			return false;
		}
	}
	return true;
}

/* The primary plane's memory, mapped; fetching it uses the id up. */
static uint8_t *map_primary(const struct device *device, struct plane *plane)
{
	void *memory;
	int fd;

	if (query(device, plane, 64, 2, 1))
		bail("no primary plane");
	fd = get_dmabuf(device, plane->id);
	memory = mmap(NULL, plane->size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		bail("cannot map %u bytes", plane->size);
	return memory;
}

static bool layout_is_right(const struct plane *plane, const char *format,
			    const char *tiling, unsigned int width,
			    unsigned int height)
{
	const unsigned int bytes = bytes_of(format);
	unsigned int tile_width, tile_height, stride;

	tile_of(tiling, bytes, &tile_width, &tile_height);
	stride = (width * bytes + tile_width - 1) / tile_width * tile_width;
	return plane->format == fourcc(format) &&
	       plane->modifier == modifier_of(tiling) &&
	       plane->width == width && plane->height == height &&
	       plane->stride == stride &&
	       plane->size == (height + tile_height - 1) / tile_height *
			      tile_height * stride;
}

static void check_format(const char *format, const char *tiling,
			 unsigned int width, unsigned int height)
{
	struct shown shown = { .width = width, .height = height };
	struct device device;
	struct plane plane;
	uint8_t *memory;
	char mode[40];
	bool right;

	put_or_bail("format", format);
	put_or_bail("modifier", tiling);
	device = make("v6", 1);
	snprintf(mode, sizeof(mode), "%ux%u", width, height);
	must_put(&device, "mode", mode);
	must_put(&device, "draw", "A");
	must_put(&device, "draw", "A");
	must_put(&device, "draw", "A");
	memory = map_primary(&device, &plane);
	shown.stride = plane.stride;
	shown.frame = 1;
	shown.draws = 3;
	right = layout_is_right(&plane, format, tiling, width, height) &&
		pixels_are_right(memory, format, tiling, &shown);
	/* What is drawn into memory that is there. */
	must_put(&device, "draw", "A");
	shown.draws = 4;
	right = right && pixels_are_right(memory, format, tiling, &shown);
	munmap(memory, plane.size);
	must_put(&device, "flip", "A");
	memory = map_primary(&device, &plane);
	shown.frame = 2;
	shown.first = 4;
	right = right && pixels_are_right(memory, format, tiling, &shown);
	ok(right, "pixels: %s, %s, %s", format, tiling, mode);
	munmap(memory, plane.size);
	destroy(&device);
}

static void check_formats(void)
{
	static const char * const tilings[] = { "linear", "x", "y", "yf" };
	size_t i, j;

	is(put_parameter("format", "XR42"), -EINVAL, "XR42", "pixels");
	is(put_parameter("format", "XR2"), -EINVAL, "XR2", "pixels");
	is(put_parameter("modifier", "z"), -EINVAL, "modifier z", "pixels");
	is(put_parameter("plane", "both"), -EINVAL, "plane both", "pixels");
	is(put_parameter("format", "C8  "), 0, "C8 with blanks", "pixels");
	ok(!strcmp(get("/sys/module/vgpu_mdev/parameters/format"), "C8"),
	   "pixels: which is C8");
	put_or_bail("dmabuf_mmap", "1");
	/* Odd, and more than a tile in either direction. */
	for (i = 0; i < COUNT(format_names); i++)
		for (j = 0; j < COUNT(tilings); j++)
			check_format(format_names[i], tilings[j], 157, 75);
	check_format("YUYV", "linear", 640, 480);
	check_format("C8", "yf", 1030, 65);
	check_format("XR24", "y", 8, 16);
	put_or_bail("format", "XR24");
	put_or_bail("modifier", "linear");
	put_or_bail("dmabuf_mmap", "0");
}

/* ------------------------------------------------------- planes as regions */

static int region_info(const struct device *device, uint32_t index,
		       struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, info) < 0 ?
		-errno : 0;
}

static void check_region_planes(void)
{
	struct shown shown = { .width = 640, .height = 480, .stride = 2560 };
	const uint64_t at = 16ULL << 40, cursor_at = 17ULL << 40;
	struct vfio_device_info info = { .argsz = sizeof(info) };
	const uint32_t wanted_size = (7680 * 1200 + 4095) / 4096 * 4096;
	struct vfio_region_info region;
	struct device device;
	struct plane plane;
	uint32_t flags, word, *cursor;
	uint8_t *memory, *copy = malloc(wanted_size);
	bool right = true;

	put_or_bail("plane", "region");
	device = make("v6", 1);
	for (flags = 0; flags < 16; flags++)
		right &= query(&device, &plane, 64, flags, 1) ==
			(flags == 4 || flags == 5 ? 0 : -EINVAL);
	ok(right, "region: flags 4 and 5, and no other");
	is(query(&device, &plane, 64, 4, 0), -EINVAL, "overlay", "region");
	query(&device, &plane, 64, 4, 1);
	ok(plane.id == 16 && plane.flags == 4 && plane.x_hot == 0 &&
	   layout_is_right(&plane, "XR24", "linear", 640, 480),
	   "region: the primary plane is region 16");
	is(get_dmabuf(&device, 16), -EINVAL, "no dma-buf", "region");
	ok(!ioctl(device.fd, VFIO_DEVICE_GET_INFO, &info) &&
	   info.num_regions == 11, "region: which is not counted");
	ok(!region_info(&device, 16, &region) && region.flags == 7 &&
	   region.offset == at && region.size == wanted_size &&
	   region.argsz == 32, "region: with room for 1920x1200");
	is(region_info(&device, 15, &region), -EINVAL, "no 15", "region");
	is(region_info(&device, 18, &region), -EINVAL, "no 18", "region");

	memory = mmap(NULL, wanted_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      device.fd, at);
	ok(memory != MAP_FAILED &&
	   pixels_are_right(memory, "XR24", "linear", &shown),
	   "region: its picture");
	ok(pread(device.fd, copy, wanted_size, at) == (ssize_t)wanted_size &&
	   !memcmp(copy, memory, wanted_size), "region: the same by read");
	ok(pread(device.fd, copy, 7, at + 4093) == 7 &&
	   !memcmp(copy, memory + 4093, 7), "region: from anywhere");
	is(pread(device.fd, copy, 2, at + wanted_size - 1) < 0 ? errno : 0,
	   EFAULT, "but not beyond its end", "region");
	word = 0x12345678;
	ok(pwrite(device.fd, &word, 3, at + 4097) == 3 &&
	   !memcmp(memory + 4097, &word, 3), "region: it can be written");
	memory[9999] = 42;
	ok(pread(device.fd, copy, 1, at + 9999) == 1 && copy[0] == 42,
	   "region: either way");
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, device.fd, at) ==
	   MAP_FAILED && errno == EINVAL, "region: not mapped privately");
	ok(mmap(NULL, 8192, PROT_READ, MAP_SHARED, device.fd,
		at + wanted_size - 4096) == MAP_FAILED && errno == EINVAL,
	   "region: nor beyond its end");

	must_put(&device, "draw", "A");
	must_put(&device, "flip", "A");
	must_put(&device, "draw", "A");
	shown.frame = 1;
	shown.first = 1;
	shown.draws = 2;
	ok(pixels_are_right(memory, "XR24", "linear", &shown),
	   "region: a flip changes it in place");
	must_put(&device, "pipe", "A off");
	ok(!query(&device, &plane, 64, 4, 1) && plane.format == 0xeeeeeeee,
	   "region: without a pipe nothing is shown");
	must_put(&device, "pipe", "B on");
	shown = (struct shown){ .width = 640, .height = 480, .stride = 2560,
				.pipe = 1 };
	ok(pixels_are_right(memory, "XR24", "linear", &shown),
	   "region: another pipe, another picture");
	must_put(&device, "mode", "1000x33");
	shown = (struct shown){ .width = 1000, .height = 33, .stride = 4032,
				.pipe = 1, .frame = 1 };
	query(&device, &plane, 64, 4, 1);
	ok(layout_is_right(&plane, "XR24", "linear", 1000, 33) &&
	   pixels_are_right(memory, "XR24", "linear", &shown),
	   "region: another mode");
	ok(memory[4032 * 33] == 0 && memory[4000] == 0,
	   "region: of the old one nothing is left");

	query(&device, &plane, 64, 4, 2);
	ok(plane.id == 17 && plane.format == fourcc("AR24") &&
	   plane.width == 64 && plane.stride == 256 && plane.x_hot == ~0U,
	   "region: the cursor is region 17");
	cursor = mmap(NULL, 16384, PROT_READ, MAP_SHARED, device.fd, cursor_at);
	must_put(&device, "cursor", "B");
	ok(!region_info(&device, 17, &region) && region.size == 16384 &&
	   cursor != MAP_FAILED && cursor[5 * 64 + 3] == 0xff010305 &&
	   cursor[63 * 64 + 1] == 0, "region: with its image");
	is(put_attribute(&device, "scanout", "0 1 1 64 XR24"), -EINVAL,
	   "scanout", "region");
	munmap(cursor, 16384);
	munmap(memory, wanted_size);
	destroy(&device);

	put_or_bail("region_mmap", "0");
	put_or_bail("format", "RG16");
	put_or_bail("modifier", "yf");
	device = make("v6", 1);
	put_or_bail("format", "XR24");
	put_or_bail("modifier", "linear");
	put_or_bail("region_mmap", "1");
	put_or_bail("plane", "dmabuf");
	ok(!region_info(&device, 16, &region) && region.flags == 3,
	   "region: without mmap");
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, device.fd, at) ==
	   MAP_FAILED && errno == EINVAL, "region: which then is refused");
	query(&device, &plane, 64, 4, 1);
	shown = (struct shown){ .width = 640, .height = 480, .stride = 1280 };
	ok(layout_is_right(&plane, "RG16", "yf", 640, 480) &&
	   pread(device.fd, copy, plane.size, at) == plane.size &&
	   pixels_are_right(copy, "RG16", "yf", &shown),
	   "region: RG16, yf, by read");
	destroy(&device);
	free(copy);
}

/* ---------------------------------------------------------------- cursor */

static void check_cursor(void)
{
	static const struct {
		const char *position;
		uint32_t x, y;
	} places[] = {
		{ "12 34", 12, 34 }, { "-5 -63", 5, 63 }, { "0 0", 0, 0 },
		{ "-1 1199", 1, 1199 }, { "8193 4097", 1, 1 },
		{ "-8191 -4095", 8191, 4095 },
	};
	struct device device = make("v6", 1);
	int fd = new_eventfd();
	struct plane plane;
	size_t i;

	for (i = 0; i < COUNT(places); i++) {
		must_put(&device, "cursor_position", places[i].position);
		query(&device, &plane, 64, 2, 2);
		ok(plane.x == places[i].x && plane.y == places[i].y,
		   "cursor: at %s", places[i].position);
	}
	must_put(&device, "cursor_position", "-7 -9");
	ok(strstr(attribute(&device, "picture"), "cursor 0 at -7,-9"),
	   "cursor: the picture tells the signs");
	query(&device, &plane, 64, 2, 2);
	is(plane.id, 1, "it is the same image", "cursor");
	arm(&device, 5, fd);
	step(&device, 1);
	drain(fd);
	must_put(&device, "cursor_position", "1 1");
	step(&device, 1);
	is(drain(fd), lost_values ? 1 : CUR, "moving it is an event", "cursor");
	must_put(&device, "hot", "3 64");
	query(&device, &plane, 64, 2, 2);
	ok(plane.x_hot == 3 && plane.y_hot == 64, "cursor: hot spot 3 64");
	ok(!strcmp(attribute(&device, "hot"), "3 64"), "cursor: read back");
	must_put(&device, "hot", "3 65");
	query(&device, &plane, 64, 2, 2);
	ok(plane.x_hot == ~0U && plane.y_hot == ~0U,
	   "cursor: outside of it is unknown");
	must_put(&device, "hot", "0 0");
	query(&device, &plane, 64, 2, 2);
	ok(plane.x_hot == 0 && plane.y_hot == 0, "cursor: hot spot 0 0");
	must_put(&device, "hot", "unknown\n");
	query(&device, &plane, 64, 2, 2);
	ok(plane.x_hot == ~0U && plane.y_hot == ~0U, "cursor: unknown again");
	step(&device, 1);
	is(drain(fd), 0, "none of that is an event", "cursor");
	is(put_attribute(&device, "hot", "3"), -EINVAL, "hot 3", "cursor");
	is(put_attribute(&device, "hot", "-1 3"), -EINVAL, "hot -1 3",
	   "cursor");
	is(put_attribute(&device, "cursor_position", "1"), -EINVAL,
	   "position 1", "cursor");
	is(put_attribute(&device, "cursor_position", "1 99999"), -EINVAL,
	   "position 1 99999", "cursor");
	close(fd);
	destroy(&device);
}

/* ------------------------------------------------------------ mode, EDID */

/* An EDID of which nothing is right but what the guest looks at. */
static int plug(const struct device *device, unsigned int width,
		unsigned int height)
{
	const uint64_t edid = 10LL << 40;
	uint8_t blob[128] = { 0, 255, 255, 255, 255, 255, 255, 0 };
	uint32_t word = 2;
	uint8_t sum = 0;
	int i;

	blob[54] = 1;
	blob[56] = width;
	blob[58] = width >> 8 << 4;
	blob[59] = height;
	blob[61] = height >> 8 << 4;
	for (i = 0; i < 127; i++)
		sum += blob[i];
	blob[127] = -sum;
	if (pwrite(device->fd, &word, 4, edid + 20) != 4 ||
	    pwrite(device->fd, blob, 128, edid + 2048) != 128)
		bail("cannot write an EDID");
	word = 1;
	return pwrite(device->fd, &word, 4, edid + 20) == 4 ? 0 : -errno;
}

static void check_mode(void)
{
	struct shown shown = {};
	struct device device = make("v6", 1);
	int fd = new_eventfd();
	struct plane plane;
	uint8_t *memory;
	uint32_t word;

	ok(!strcmp(attribute(&device, "mode"), "640x480"), "mode: 640x480");
	query(&device, &plane, 64, 2, 1);
	arm(&device, 5, fd);
	step(&device, 1);
	drain(fd);
	is(plug(&device, 800, 601), 0, "a monitor of 800x601", "mode");
	ok(!strcmp(attribute(&device, "mode"), "800x601"),
	   "mode: is what the guest takes");
	step(&device, 1);
	is(drain(fd), lost_values ? 1 : PRI, "with a flip", "mode");
	query(&device, &plane, 64, 2, 1);
	ok(layout_is_right(&plane, "XR24", "linear", 800, 601) && plane.id == 2,
	   "mode: in a new framebuffer");
	put_or_bail("dmabuf_mmap", "1");
	memory = map_primary(&device, &plane);
	shown = (struct shown){ .width = 800, .height = 601,
				.stride = plane.stride, .frame = 1 };
	ok(pixels_are_right(memory, "XR24", "linear", &shown),
	   "mode: with its picture");
	is(plug(&device, 800, 601), 0, "the same monitor again", "mode");
	ok(strstr(attribute(&device, "picture"), "A frame 1 "),
	   "mode: changes nothing");
	is(plug(&device, 1920, 1200), 0, "1920x1200", "mode");
	ok(pixels_are_right(memory, "XR24", "linear", &shown),
	   "mode: the old framebuffer stays as it was");
	munmap(memory, plane.size);
	is(plug(&device, 1921, 1200), -EFAULT, "not 1921x1200", "mode");
	is(plug(&device, 1920, 1201), -EFAULT, "not 1920x1201", "mode");
	is(plug(&device, 0, 480), -EFAULT, "not 0x480", "mode");
	ok(pread(device.fd, &word, 4, (10LL << 40) + 20) == 4 && word == 2,
	   "mode: the link stays down then");
	ok(!strcmp(attribute(&device, "mode"), "1920x1200"),
	   "mode: and the mode as it was");

	must_put(&device, "mode", "640x480\n");
	ok(!strcmp(attribute(&device, "mode"), "640x480"), "mode: by sysfs");
	memory = map_primary(&device, &plane);
	shown = (struct shown){ .width = 640, .height = 480,
				.stride = 2560, .frame = 3 };
	ok(pixels_are_right(memory, "XR24", "linear", &shown),
	   "mode: back again, it is a new picture");
	munmap(memory, plane.size);
	put_or_bail("dmabuf_mmap", "0");
	is(put_attribute(&device, "mode", "7x16"), -EINVAL, "7x16", "mode");
	is(put_attribute(&device, "mode", "8x15"), -EINVAL, "8x15", "mode");
	is(put_attribute(&device, "mode", "1921x480"), -EINVAL, "1921x480",
	   "mode");
	is(put_attribute(&device, "mode", "640"), -EINVAL, "640", "mode");
	is(put_attribute(&device, "mode", "640x480x8"), -EINVAL, "640x480x8",
	   "mode");
	is(put_attribute(&device, "mode", "4294967936x480"), -EINVAL,
	   "4294967936x480", "mode");
	close(fd);
	destroy(&device);
}

/* Another mode takes other memory, whatever the guest reuses. */
static void check_mode_memory(void)
{
	struct shown old = { .width = 640, .height = 480, .stride = 2560 };
	struct shown now = { .width = 1024, .height = 768, .stride = 4096,
			     .frame = 1 };
	struct plane plane, other;
	struct device device;
	uint8_t *memory, *larger;

	put_or_bail("buffers", "1");
	put_or_bail("dmabuf_mmap", "1");
	device = make("v6", 1);
	put_or_bail("buffers", "3");
	memory = map_primary(&device, &plane);
	must_put(&device, "mode", "1024x768");
	larger = map_primary(&device, &other);
	must_put(&device, "draw", "A");
	now.draws = 1;
	ok(pixels_are_right(memory, "XR24", "linear", &old),
	   "mode: the only framebuffer stays as it was");
	ok(pixels_are_right(larger, "XR24", "linear", &now),
	   "mode: and the larger one is another");
	munmap(memory, plane.size);
	munmap(larger, other.size);
	put_or_bail("dmabuf_mmap", "0");
	destroy(&device);
}

/* --------------------------------------------------------------- scanout */

static ino_t inode_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		bail("no inode");
	return status.st_ino;
}

static int put_scanout(const struct device *device, int fd, const char *rest)
{
	char text[100];

	snprintf(text, sizeof(text), "%d %s", fd, rest);
	return put_attribute(device, "scanout", text);
}

/* FOREIGN is a dma-buf of SIZE bytes; MEMORY is what it holds. */
static void check_foreign(const char *maker, int foreign, size_t size,
			  uint32_t *memory)
{
	struct device device = make("v6", 1);
	int other = new_eventfd(), fd, stale;
	struct plane plane;
	uint32_t *got;
	char text[100];

	printf("# a dma-buf of %s\n", maker);
	is(id_of(&device, 1), 1, "the guest's own", "scanout");
	is(put_scanout(&device, foreign, "100 50 400 XR24"), 0, "ours",
	   "scanout");
	query(&device, &plane, 64, 2, 1);
	ok(plane.format == fourcc("XR24") && plane.modifier == 0 &&
	   plane.width == 100 && plane.height == 50 && plane.stride == 400 &&
	   plane.size == 20000 && plane.x == 0 && plane.x_hot == 0 &&
	   plane.id == 2, "scanout: is described, and has an id");
	is(id_of(&device, 1), 2, "always the same", "scanout");
	fd = get_dmabuf(&device, 2);
	ok(fd >= 0 && inode_of(fd) == inode_of(foreign),
	   "scanout: it is that very dma-buf");
	got = fd < 0 ? MAP_FAILED :
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memory[7] = 0xc0ffee;
	ok(got != MAP_FAILED && got[7] == 0xc0ffee,
	   "scanout: with its pixels, whatever dmabuf_mmap says");
	munmap(got, size);
	close(fd);
	fd = get_dmabuf(&device, 2);
	ok(fd >= 0, "scanout: its id lives as long as it is shown");
	close(fd);
	is(id_of(&device, 2), 3, "the cursor is the guest's", "scanout");
	must_put(&device, "flip", "A");
	is(id_of(&device, 1), 2, "a flip does not end it", "scanout");
	is(put_scanout(&device, foreign, "99 50 400 XR24"), 0, "narrower",
	   "scanout");
	is(id_of(&device, 1), 4, "is another framebuffer", "scanout");
	fd = get_dmabuf(&device, 2);
	ok(fd >= 0 && inode_of(fd) == inode_of(foreign),
	   "scanout: the old id, which was not fetched, is still good");
	close(fd);
	is(get_dmabuf(&device, 2), -EINVAL, "once", "scanout");

	/* The largest that fits, and what does not. */
	snprintf(text, sizeof(text), "64 %zu 256 AR24", size / 256);
	is(put_scanout(&device, foreign, text), 0, "as large as it is",
	   "scanout");
	snprintf(text, sizeof(text), "64 %zu 256 AR24", size / 256 + 1);
	is(put_scanout(&device, foreign, text), -EINVAL, "a line more",
	   "scanout");
	is(put_scanout(&device, foreign, "100 1 399 XR24"), -EINVAL,
	   "stride below width", "scanout");
	is(put_scanout(&device, foreign, "0 1 400 XR24"), -EINVAL, "width 0",
	   "scanout");
	is(put_scanout(&device, foreign, "1 0 400 XR24"), -EINVAL, "height 0",
	   "scanout");
	is(put_scanout(&device, foreign, "1 16384 4294967040 XR24"), -EINVAL,
	   "much too large", "scanout");
	is(put_scanout(&device, foreign, "1 1 64 NV12"), -EINVAL, "NV12",
	   "scanout");
	is(put_scanout(&device, foreign, "1 1 64"), -EINVAL, "no format",
	   "scanout");
	is(put_scanout(&device, foreign, "1 1 64 XR24 9"), -EINVAL,
	   "modifier 9", "scanout");
	is(put_scanout(&device, foreign, "1 1 64 XR24 0 0"), -EINVAL,
	   "a word more", "scanout");
	is(put_scanout(&device, foreign, "1 1 64 XR24 x"), -EINVAL,
	   "a stride that is no tile's", "scanout");
	is(put_scanout(&device, other, "1 1 64 XR24"), -EINVAL, "an eventfd",
	   "scanout");
	is(put_scanout(&device, 1023, "1 1 64 XR24"), -EBADF, "no descriptor",
	   "scanout");
	is(put_scanout(&device, -1, "1 1 64 XR24"), -EINVAL, "-1", "scanout");
	query(&device, &plane, 64, 2, 1);
	ok(plane.width == 64 && plane.height == size / 256,
	   "scanout: none of these did anything");
	is(put_scanout(&device, foreign,
		       "100 9 512 RG16 0x100000000000001"), 0, "tiled",
	   "scanout");
	query(&device, &plane, 64, 2, 1);
	ok(plane.modifier == modifier_of("x") && plane.size == 8192,
	   "scanout: a modifier by number");

	/* Closed, it is shown on. */
	stale = dup(foreign);
	close(stale);
	must_put(&device, "scanout", "none\n");
	query(&device, &plane, 64, 2, 1);
	ok(plane.width == 640 && plane.stride == 2560,
	   "scanout: none is the guest's own again");
	put_scanout(&device, foreign, "100 50 400 XR24");
	id_of(&device, 1);
	close_all(&device);
	is(counter(&device, "buffers_alive"), 0, "closing forgets it",
	   "scanout");
	close(other);
	destroy(&device);
}

/* Headers that are not everywhere: linux/udmabuf.h, drm/drm.h. */
struct udmabuf {
	uint32_t memfd, flags;
	uint64_t offset, size;
};

struct dumb {
	uint32_t height, width, bpp, flags, handle, pitch;
	uint64_t size;
};

struct prime {
	uint32_t handle, flags;
	int32_t fd;
};

#define UDMABUF_CREATE		_IOW('u', 0x42, struct udmabuf)
#define DRM_CREATE_DUMB		_IOWR('d', 0xb2, struct dumb)
#define DRM_PRIME_TO_FD		_IOWR('d', 0x2d, struct prime)

static int new_udmabuf(size_t size)
{
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("smoke", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct udmabuf create = { .memfd = memory, .flags = 1, .size = size };
	int fd = -1;

	if (device >= 0 && memory >= 0 && !ftruncate(memory, size) &&
	    !fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = ioctl(device, UDMABUF_CREATE, &create);
	close_fd(&memory);
	close_fd(&device);
	return fd;
}

static int new_vgem_buffer(size_t size)
{
	int card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	struct dumb dumb = { .width = 256, .height = size / 1024, .bpp = 32 };
	struct prime prime = { .flags = O_RDWR | O_CLOEXEC, .fd = -1 };

	if (card < 0)
		return -1;
	if (!ioctl(card, DRM_CREATE_DUMB, &dumb)) {
		prime.handle = dumb.handle;
		ioctl(card, DRM_PRIME_TO_FD, &prime);
	}
	close(card);
	return prime.fd;
}

/* How many refer to a dma-buf. */
static long references(int fd)
{
	char path[64], line[100];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && count < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "count: %ld", &count);
	if (count < 0)
		bail("no count in %s", path);
	fclose(file);
	return count;
}

static void check_maker(const char *maker, int fd, size_t size)
{
	uint32_t *memory;
	long before;

	if (fd < 0) {
		printf("# no %s in this kernel\n", maker);
		return;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		bail("cannot map a dma-buf of %s", maker);
	before = references(fd);
	check_foreign(maker, fd, size, memory);
	is(references(fd), before, "all references are given back", "scanout");
	munmap(memory, size);
	close(fd);
}

static void check_scanout(void)
{
	struct device device = make("v6", 2);
	struct plane plane;
	int fd;

	check_maker("udmabuf", new_udmabuf(65536), 65536);
	check_maker("vgem", new_vgem_buffer(65536), 65536);

	/* Another vGPU's, which every kernel has. */
	put_or_bail("dmabuf_mmap", "1");
	must_put(&device, "mode", "128x128");
	query(&device, &plane, 64, 2, 1);
	fd = get_dmabuf(&device, plane.id);
	check_maker("another vGPU", fd, 65536);
	put_or_bail("dmabuf_mmap", "0");

	/* And its own. */
	query(&device, &plane, 64, 2, 1);
	fd = get_dmabuf(&device, plane.id);
	is(put_scanout(&device, fd, "128 128 512 XR24"), 0, "its own",
	   "scanout");
	close(fd);
	ok(id_of(&device, 1) == 2 && counter(&device, "dmabufs_alive") == 1,
	   "scanout: and its own keeps itself");
	must_put(&device, "scanout", "none");
	destroy(&device);
}

/* ----------------------------------------------------- what is alive still */

static void check_alive(void)
{
	struct device device = make("v6", 1);
	int fds[3], i;

	is(counter(&device, "buffers_alive"), 0, "nothing", "alive");
	id_of(&device, 1);
	is(counter(&device, "buffers_alive"), 1, "queried", "alive");
	is(counter(&device, "dmabufs_alive"), 0, "not fetched", "alive");
	for (i = 0; i < 3; i++)
		fds[i] = get_dmabuf(&device, 1);
	is(counter(&device, "buffers_alive"), 1, "fetched", "alive");
	is(counter(&device, "dmabufs_alive"), 3, "three times", "alive");
	id_of(&device, 2);
	is(counter(&device, "buffers_alive"), 2, "and the cursor", "alive");
	for (i = 0; i < 2; i++)
		close(fds[i]);
	is(counter(&device, "dmabufs_alive"), 1, "two closed", "alive");
	close_all(&device);
	is(counter(&device, "buffers_alive"), 1, "the device closed", "alive");
	close(fds[2]);
	is(counter(&device, "buffers_alive"), 0, "and the last", "alive");
	is(counter(&device, "dmabufs_alive"), 0, "nothing is left", "alive");
	open_file(&device);
	open_device(&device);
	for (i = 0; i < 100; i++) {
		id_of(&device, 1);
		close(get_dmabuf(&device, 1));
		must_put(&device, "flip", "A");
	}
	is(counter(&device, "buffers_alive"), 0, "100 fetched and closed",
	   "alive");
	destroy(&device);
}

/* A removal while everything is in use: it waits for the device only. */
static void check_removal(void)
{
	struct device device, other;
	uint8_t *region, *pixels;
	struct plane plane;
	char path[200];
	pid_t child;
	int fd, status;

	put_or_bail("dmabuf_mmap", "1");
	put_or_bail("plane", "region");
	other = make("v6", 2);
	put_or_bail("plane", "dmabuf");
	device = make("v6", 1);
	region = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other.fd,
		      16LL << 40);
	pixels = map_primary(&device, &plane);
	query(&device, &plane, 64, 2, 1);
	fd = get_dmabuf(&device, plane.id);
	is(put_scanout(&device, fd, "640 480 2560 XR24"), 0, "scanout",
	   "removal");
	id_of(&device, 1);
	id_of(&device, 2);
	must_put(&device, "mode", "800x600");
	must_put(&device, "scenario", "flip");
	must_put(&device, "stepped", "0");
	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/remove",
		 device.uuid);
	fflush(stdout);
	child = fork();
	if (!child) {
		close_all(&device);
		close_all(&other);
		_exit(put(path, "1") ? 1 : 0);
	}
	while (!access(path, F_OK) && !put_attribute(&device, "draw", "A"))
		usleep(1000);
	ok(!query(&device, &plane, 64, 2, 1) && plane.width == 640,
	   "removal: an open device answers on");
	close_all(&device);
	waitpid(child, &status, 0);
	is(status, 0, "it goes when it is closed", "removal");
	ok(pixels[0] == 0 && pixels[1] == 0 && pixels[4 * 5 + 2] == 5,
	   "removal: its pixels are there as long as they are mapped");
	munmap(pixels, 640 * 480 * 4);
	ok(lseek(fd, 0, SEEK_END) == 640 * 480 * 4,
	   "removal: and so is its dma-buf");
	close(fd);
	region[0] = 1;
	ok(!access("/sys/bus/mdev/devices", F_OK) && region[0] == 1,
	   "removal: its neighbour has noticed nothing");
	munmap(region, 4096);
	destroy(&other);
	put_or_bail("dmabuf_mmap", "0");
}

/* --------------------------------------------------------------- regions */

static void check_regions(void)
{
	static const struct {
		uint64_t size;
		uint32_t flags, argsz;
	} wanted[11] = {
		[0] = { 0x1000000, 3, 32 }, [2] = { 0x10000000, 0xf, 64 },
		[7] = { 4096, 3, 32 }, [9] = { 8192, 9, 48 },
		[10] = { 128, 0xb, 48 },
	};
	struct device device = make("v6", 1);
	const off_t config = 7LL << 40, opregion = 9LL << 40,
		edid = 10LL << 40, bar2 = 2LL << 40;
	struct {
		struct vfio_region_info info;
		uint8_t caps[64];
	} region;
	uint8_t blob[128], bytes[64];
	uint32_t words[6], word;
	uint8_t *memory;
	unsigned int i;

	for (i = 0; i < 11; i++) {
		memset(&region, 0, sizeof(region));
		region.info.argsz = sizeof(region);
		region.info.index = i;
		ok(!ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &region) &&
		   region.info.size == wanted[i].size &&
		   region.info.flags == wanted[i].flags &&
		   region.info.offset == (uint64_t)i << 40 &&
		   region.info.cap_offset == (wanted[i].argsz > 32 ? 32 : 0),
		   "regions: %u", i);
		region.info.argsz = 32;
		region.info.cap_offset = 0;
		ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &region);
		ok(region.info.argsz == (wanted[i].argsz ? wanted[i].argsz : 32) &&
		   region.info.cap_offset == 0, "regions: %u, too small", i);
	}
	region.info.argsz = 32;
	region.info.index = 11;
	ok(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0 &&
	   errno == EINVAL, "regions: 11 is EINVAL");

	ok(pread(device.fd, bytes, 64, config) == 64 && bytes[0] == 0x86 &&
	   bytes[1] == 0x80 && bytes[11] == 3, "regions: configuration space");
	word = UINT32_MAX;
	ok(pwrite(device.fd, &word, 4, config + 0x18) == 4 &&
	   pread(device.fd, &word, 4, config + 0x18) == 4 && word == 0xf000000c,
	   "regions: BAR 2 tells its size");
	ok(pread(device.fd, bytes, 16, opregion) == 16 &&
	   !memcmp(bytes, "IntelGraphicsMem", 16), "regions: OpRegion");
	ok(pwrite(device.fd, bytes, 16, opregion) < 0 && errno == EFAULT,
	   "regions: OpRegion is read only: EFAULT");
	ok(pread(device.fd, bytes, 4, 3LL << 40) < 0 && errno == EFAULT,
	   "regions: an absent BAR: EFAULT");

	ok(pread(device.fd, words, 24, edid) == 24 && words[0] == 2048 &&
	   words[1] == 128 && words[2] == 128 && words[3] == 1920 &&
	   words[4] == 1200 && words[5] == 1, "regions: EDID registers");
	ok(pread(device.fd, blob, 128, edid + 2048) == 128 &&
	   !memcmp(blob, "\0\377\377\377\377\377\377\0", 8),
	   "regions: the EDID is beyond the region's size");
	word = 129;
	ok(pwrite(device.fd, &word, 4, edid + 8) < 0 && errno == EFAULT,
	   "regions: an EDID that is too long: EFAULT");
	ok(pwrite(device.fd, &word, 4, edid) < 0 && errno == EFAULT,
	   "regions: edid_offset is read only: EFAULT");
	ok(pwrite(device.fd, &word, 2, edid + 8) < 0 && errno == EFAULT,
	   "regions: registers want 4 bytes: EFAULT");
	word = 2;
	ok(pwrite(device.fd, &word, 4, edid + 20) == 4, "regions: link down");
	blob[20]++;
	ok(pwrite(device.fd, blob, 128, edid + 2048) == 128,
	   "regions: write an EDID");
	word = 1;
	ok(pwrite(device.fd, &word, 4, edid + 20) < 0 && errno == EFAULT,
	   "regions: link up with a bad checksum: EFAULT");
	blob[127]--;
	pwrite(device.fd, blob, 128, edid + 2048);
	ok(pwrite(device.fd, &word, 4, edid + 20) == 4, "regions: link up");

	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, device.fd,
		      bar2 + 0x1000000);
	if (ok(memory != MAP_FAILED, "regions: BAR 2's slice can be mapped")) {
		memory[4097] = 42;
		ok(pread(device.fd, bytes, 1, bar2 + 0x1001001) == 1 &&
		   bytes[0] == 42, "regions: and is the same by read");
		munmap(memory, 8192);
	}
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, device.fd, bar2) ==
	   MAP_FAILED && errno == EINVAL, "regions: not outside of the slice");
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, device.fd,
		bar2 + 0x1000000) == MAP_FAILED && errno == EINVAL,
	   "regions: nor privately");
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, device.fd, 0) ==
	   MAP_FAILED && errno == EINVAL, "regions: nor BAR 0");
	ok(ioctl(device.fd, 0x3bff, 0) < 0 && errno == ENOTTY,
	   "regions: an unknown ioctl is ENOTTY");
	destroy(&device);
}

/* -------------------------------------------------------------- REQ, KVM */

static void check_request(void)
{
	struct device device;
	uint8_t info[16] = { 16, 0, 0, 0, 0, 0, 0, 0, 4 };
	uint64_t value;
	int fd = eventfd(0, EFD_CLOEXEC);
	pid_t child;
	char path[200];
	int status;

	put_parameter("req_irq", "1");
	device = make("v5", 1);
	put_parameter("req_irq", "0");
	ok(!ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, info) && info[4] == 9 &&
	   info[12] == 1, "req: is offered");
	is(arm(&device, 4, fd), 0, "arm", "req");
	is(arm(&device, 4, -1), 0, "-1 disarms", "req");
	is(arm(&device, 4, fd), 0, "arm again", "req");
	is(set_irqs(&device, 20, SET_MASK, 4, 0, 1, 0), -ENOTTY, "mask", "req");
	is(counter(&device, "forbidden_calls"), 0, "is not forbidden", "req");

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/remove",
		 device.uuid);
	fflush(stdout);
	child = fork();
	if (!child) {
		close_all(&device);
		_exit(put(path, "1") ? 1 : 0);
	}
	ok(read(fd, &value, 8) == 8 && value >= 1, "req: a removal signals");
	close_all(&device);
	waitpid(child, &status, 0);
	is(status, 0, "and ends when we close", "req");
	close(fd);
}

static void check_kvm(void)
{
	struct device one, two;
	struct kvm_create_device vfio = { .type = KVM_DEV_TYPE_VFIO };
	/* Since Linux 6.4 they are called FILE, FILE_ADD and FILE_DEL. */
	struct kvm_device_attr add = {
		.group = KVM_DEV_VFIO_GROUP, .attr = KVM_DEV_VFIO_GROUP_ADD,
	};
	struct kvm_device_attr del = {
		.group = KVM_DEV_VFIO_GROUP, .attr = KVM_DEV_VFIO_GROUP_DEL,
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm;

	put_parameter("kvm_required", "1");
	one = new_device(1);
	two = new_device(2);
	put_parameter("kvm_required", "0");
	open_file(&one);
	open_file(&two);
	is(open_device(&one), -ESRCH, "without a VM", "kvm");
	is(counter(&one, "opens"), 0, "that is no open", "kvm");
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0) {
		printf("# no KVM in here: the rest is skipped\n");
	} else {
		if (ioctl(vm, KVM_CREATE_DEVICE, &vfio))
			bail("no KVM-VFIO device");
		add.addr = (uintptr_t)&one.file;
		if (ioctl(vfio.fd, KVM_SET_DEVICE_ATTR, &add))
			bail("cannot add the first vGPU to the VM");
		add.addr = (uintptr_t)&two.file;
		if (ioctl(vfio.fd, KVM_SET_DEVICE_ATTR, &add))
			bail("cannot add the second vGPU to the VM");
		is(open_device(&one), 0, "with a VM", "kvm");
		is(counter(&one, "opens"), 1, "is an open", "kvm");
		is(open_device(&two), -EEXIST, "a second vGPU of the VM", "kvm");
		if (by_cdev) {
			/* KVM has the cdev open, too: that keeps the device. */
			del.addr = (uintptr_t)&one.file;
			if (ioctl(vfio.fd, KVM_SET_DEVICE_ATTR, &del))
				bail("cannot take the vGPU from the VM");
		}
		close_device(&one);
		is(open_device(&two), 0, "once the first is closed", "kvm");
		close(vfio.fd);
		close(vm);
		close(kvm);
	}
	destroy(&one);
	destroy(&two);
}

static void check_control(void)
{
	struct device device = make("v5", 1);

	is(put_parameter("dialect", "v7"), -EINVAL, "dialect v7", "control");
	is(put_parameter("dialect", "\n"), -EINVAL, "no dialect", "control");
	ok(!strcmp(attribute(&device, "dialect"), "v5"), "control: dialect");
	is(put_attribute(&device, "flip", "D"), -EINVAL, "flip D", "control");
	is(put_attribute(&device, "flip", "A now"), -EINVAL, "flip A now",
	   "control");
	is(put_attribute(&device, "cursor", "\n"), -EINVAL, "no pipe",
	   "control");
	is(put_attribute(&device, "pipe", "A"), -EINVAL, "pipe A", "control");
	is(put_attribute(&device, "pipe", "A on off"), -EINVAL,
	   "pipe A on off", "control");
	is(put_attribute(&device, "scenario", "x"), -EINVAL, "scenario x",
	   "control");
	is(put_attribute(&device, "step", "-1"), -EINVAL, "step -1", "control");
	is(put_attribute(&device, "step", "x"), -EINVAL, "step x", "control");
	is(put_attribute(&device, "step", "0"), 0, "step 0", "control");
	is(counter(&device, "vblanks"), 0, "does nothing", "control");
	step(&device, 1000);
	is(counter(&device, "vblanks"), 1000, "step 1000", "control");
	is(counter(&device, "opens"), 1, "opens", "control");
	destroy(&device);
}

/* ------------------------------------------------------------- iommufd */

/* What is different when a device is opened without its group. */
static void check_cdev(void)
{
	struct device device = new_device(1);
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};
	struct ioas_map map = {
		.size = sizeof(map), .flags = IOAS_MAP_FIXED_READ_WRITE,
		.length = 4096, .iova = 1 << 20,
	};
	struct ioas_unmap unmap = {
		.size = sizeof(unmap), .iova = 1 << 20, .length = 4096,
	};
	char path[64];
	int group;

	open_file(&device);
	group_path(&device, path);
	is(ioctl(device.file, VFIO_DEVICE_GET_INFO, &info) < 0 ? errno : 0,
	   EINVAL, "no ioctl before it is bound", "cdev");
	is(counter(&device, "opens"), 0, "that is no open", "cdev");
	is(bind_iommufd(device.file, -1), -EINVAL, "no iommufd", "cdev");
	group = open(path, O_RDWR | O_CLOEXEC);
	ok(group >= 0, "cdev: its group can be opened");
	is(bind_iommufd(device.file, device.container), -EBUSY,
	   "but not both", "cdev");
	close(group);
	is(bind_iommufd(device.file, device.container), 0, "bind", "cdev");
	is(counter(&device, "opens"), 1, "is an open", "cdev");
	is(bind_iommufd(device.file, device.container), -EINVAL,
	   "only once", "cdev");
	ok(open(path, O_RDWR | O_CLOEXEC) < 0 && errno == EBUSY,
	   "cdev: its group is busy");
	ok(!ioctl(device.file, VFIO_DEVICE_GET_INFO, &info) &&
	   info.num_regions == 11 && info.num_irqs == 6,
	   "cdev: it answers");

	device.fd = device.file;
	map.ioas_id = unmap.ioas_id = attach_ioas(&device);
	map.user_va = (uintptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(!ioctl(device.container, IOAS_MAP, &map), "cdev: map");
	ok(ioctl(device.container, IOAS_MAP, &map) < 0 && errno == EEXIST,
	   "cdev: not twice");
	ok(!ioctl(device.container, IOAS_UNMAP, &unmap) &&
	   unmap.length == 4096, "cdev: unmap");
	ok(!ioctl(device.fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach),
	   "cdev: detach");
	attach_ioas(&device);
	munmap((void *)(uintptr_t)map.user_va, 4096);
	destroy(&device);
}

static void check_all(void)
{
	static const char * const dialects[] = {
		"v2", "v3", "v4", "v5", "v6", "pageflip", "port",
		"port-display", "none",
	};
	size_t i;

	for (i = 0; i < COUNT(dialects); i++) {
		const char *dialect = dialects[i];
		struct device device = make(dialect, 1);

		check_info(&device, dialect);
		if (strcmp(dialect, "none"))
			check_set(&device, dialect);
		else
			check_set_none(&device);
		if (!strcmp(dialect, "v2"))
			check_v2(&device);
		else if (!strcmp(dialect, "v3"))
			check_v3(&device);
		else if (!strcmp(dialect, "v4"))
			check_v4(&device);
		else if (!strcmp(dialect, "v5") || !strcmp(dialect, "v6"))
			check_or(&device, dialect, !lost_values);
		else if (!strncmp(dialect, "port", 4))
			check_or(&device, dialect, false);
		else if (!strcmp(dialect, "pageflip"))
			check_pageflip(&device);
		if (strcmp(dialect, "none"))
			check_survival(&device, dialect);
		destroy(&device);
	}
	/* 5 for the flip, 3 pipes of each: the last one is below 0 again. */
	check_neighbours("v4", 1);
	check_neighbours("v5", 0);
	check_neighbours("v6", 3);
	check_neighbours("port", 3);
	check_timer("v5");
	check_timer("port");
	check_races();
	check_planes();
	check_formats();
	check_region_planes();
	check_cursor();
	check_mode();
	check_mode_memory();
	check_scanout();
	check_alive();
	check_removal();
	check_regions();
	check_request();
	check_kvm();
	check_control();
	if (by_cdev)
		check_cdev();
}

static void check_through(const char *way)
{
	by_cdev = !strcmp(way, "cdev");
	if (!by_cdev && strcmp(way, "group")) {
		fprintf(stderr, "smoke: group or cdev, not %s\n", way);
		exit(2);
	}
	printf("# through the device's %s\n", way);
	check_all();
}

int main(int argc, char **argv)
{
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	lost_values = !strcmp(get("/sys/module/vgpu_mdev/parameters/dialect"),
			      "port");
	printf("TAP version 13\n# eventfd_signal() %s\n",
	       lost_values ? "adds 1" : "takes a value");

	for (i = 1; i < argc; i++)
		check_through(argv[i]);
	if (argc == 1) {
		check_through("group");
		/* Linux 6.1 has the class in sysfs, but no cdevs. */
		if (!access("/dev/iommu", F_OK))
			check_through("cdev");
	}

	printf("1..%d\n# %d passed, %d failed\n", passed + failed, passed,
	       failed);
	return failed ? 1 : 0;
}

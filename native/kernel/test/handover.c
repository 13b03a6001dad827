// SPDX-License-Identifier: GPL-2.0
/*
 * Owns a mediated device, as a VMM does, and hands its descriptor to whoever
 * connects to a UNIX socket:
 *
 *	handover UUID [SOCKET]
 *
 * Right after accept() it sends one message: the bytes "vfio-device UUID\n",
 * and with them, by SCM_RIGHTS, a duplicate of the device's descriptor. The
 * connection then stays open until the client closes it. SOCKET is a stream
 * socket, /run/vfio-UUID.sock if none is given.
 *
 * Prints "ready" once it listens. On SIGTERM, SIGINT, or the end of standard
 * input where that is a pipe, it asks the device once more, prints "device
 * still answers" and exits with 0, or with 1 if it does not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 60

static _Noreturn void die(const char *what, const char *name)
{
	fprintf(stderr, "handover: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

/* ----------------------------------------------------------------- device */

static int open_group(const char *uuid)
{
	char link[128], target[256], path[64];
	ssize_t n;
	int fd;

	snprintf(link, sizeof(link), "/sys/bus/mdev/devices/%s/iommu_group",
		 uuid);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		die("cannot find the group of", uuid);
	target[n] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%.40s",
		 strrchr(target, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("cannot open", path);
	return fd;
}

/* Group and container stay open as long as the process runs. */
static int open_device(const char *uuid)
{
	int group = open_group(uuid);
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int device;

	if (container < 0)
		die("cannot open", "/dev/vfio/vfio");
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		die("no container for", uuid);
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, uuid);
	if (device < 0)
		die("cannot open", uuid);
	return device;
}

static bool answers_info(int device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return !ioctl(device, VFIO_DEVICE_GET_INFO, &info) && info.num_regions;
}

static bool query_plane(int device, __u32 type)
{
	struct vfio_device_gfx_plane_info plane = {
		.argsz = sizeof(plane),
		.flags = type,
		.drm_plane_type = 1,	/* primary */
	};

	return !ioctl(device, VFIO_DEVICE_QUERY_GFX_PLANE, &plane);
}

/* mbochs of Linux answers the first query of a new mode with ENOMEM. */
static bool answers_plane(int device)
{
	return query_plane(device, VFIO_GFX_PLANE_TYPE_DMABUF) ||
	       query_plane(device, VFIO_GFX_PLANE_TYPE_DMABUF) ||
	       query_plane(device, VFIO_GFX_PLANE_TYPE_REGION);
}

/* ---------------------------------------------------------------- clients */

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat status;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die("cannot listen at", path);
	}
	strcpy(address.sun_path, path);
	if (!lstat(path, &status) && S_ISSOCK(status.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 8))
		die("cannot listen at", path);
	return fd;
}

static bool hand_over(int client, int device, const char *uuid)
{
	char line[256];
	struct iovec data = { .iov_base = line };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} rights = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = sizeof(rights.space),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	data.iov_len = snprintf(line, sizeof(line), "vfio-device %s\n", uuid);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &device, sizeof(int));
	return sendmsg(client, &message, MSG_NOSIGNAL) ==
	       (ssize_t)data.iov_len;
}

/* Whether the client has closed its end; what it says is not for us. */
static bool has_gone(int client)
{
	char ignored[256];
	ssize_t n = recv(client, ignored, sizeof(ignored), MSG_DONTWAIT);

	return !n || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void serve(int device, const char *uuid, int listener, int signals)
{
	enum { SIGNAL, INPUT, LISTENER, FIRST };
	struct pollfd fds[FIRST + CLIENTS];
	struct stat input;
	nfds_t n = FIRST, i;

	fds[SIGNAL] = (struct pollfd){ .fd = signals, .events = POLLIN };
	fds[INPUT] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[LISTENER] = (struct pollfd){ .fd = listener, .events = POLLIN };
	if (!fstat(STDIN_FILENO, &input) &&
	    (S_ISFIFO(input.st_mode) || S_ISSOCK(input.st_mode)))
		fds[INPUT].fd = STDIN_FILENO;

	for (;;) {
		if (poll(fds, n, -1) < 0 && errno != EINTR)
			die("cannot wait for", "clients");
		if (fds[SIGNAL].revents)
			return;
		if (fds[INPUT].revents) {
			char ignored[256];

			if (read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
				return;
		}
		for (i = FIRST; i < n; i++) {
			if (!fds[i].revents || !has_gone(fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i--] = fds[--n];
		}
		if (fds[LISTENER].revents) {
			int client = accept4(listener, NULL, NULL,
					     SOCK_CLOEXEC);

			if (client < 0)
				continue;
			if (n == FIRST + CLIENTS ||
			    !hand_over(client, device, uuid)) {
				close(client);
				continue;
			}
			fds[n++] = (struct pollfd){ .fd = client,
						    .events = POLLIN };
		}
	}
}

int main(int argc, char **argv)
{
	int device, listener, signals;
	sigset_t ends;
	char path[108];
	bool has_display, good;

	if (argc < 2 || argc > 3 || strlen(argv[1]) != 36) {
		fprintf(stderr, "usage: handover UUID [SOCKET]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/run/vfio-%s.sock", argv[1]);

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	if (signals < 0)
		die("cannot wait for", "signals");

	device = open_device(argv[1]);
	has_display = answers_plane(device);
	listener = listen_at(argc > 2 ? argv[2] : path);
	printf("ready\n");
	fflush(stdout);

	serve(device, argv[1], listener, signals);

	unlink(argc > 2 ? argv[2] : path);
	good = answers_info(device) && (!has_display || answers_plane(device));
	printf("device %s\n", good ? "still answers" :
	       "does not answer any more");
	return good ? 0 : 1;
}

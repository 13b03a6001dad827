/*
 * Many VNC clients in one process, as cheap as can be: they read updates and ask for the next, but decode nothing.
 *
 *   vnc_load PORT CLIENTS raw|zlib|tight|zrle SECONDS
 *
 * RFB 3.8 without security, 32 bits a pixel with blue lowest, one encoding, compression level 2, no losses, no pseudo-encodings. As soon as
 * all clients have their first picture it prints "ready", and then a line for each second: how many updates and bytes all clients
 * got, and the least and the most updates that a client got. The next update is asked for when one is complete. Bytes that need
 * not be looked at are discarded by the kernel (MSG_TRUNC).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RAW = 0, COPY_RECT = 1, ZLIB = 6, TIGHT = 7, ZRLE = 16, COMPRESS_LEVEL_2 = -254, PIXEL = 4, TPIXEL = 3 };
enum { MOST_EVENTS = 64, BUFFER = 4096, FAIR_SHARE = 1 << 20, MIN_TO_COMPRESS = 12 };

enum state {
	MESSAGE,
	UPDATE,
	COMPLETE,
	RECTANGLE,
	LENGTH,
	TIGHT_CONTROL,
	TIGHT_FILTER,
	TIGHT_PALETTE,
	TIGHT_LENGTH,
	CUT_TEXT,
	COLOUR_MAP,
};

struct client {
	int socket;
	enum state state;
	/* How many bytes the state wants to see, and those that are there. */
	int wanted;
	int have;
	unsigned char bytes[16];
	/* Nobody needs to see the next ones. */
	int64_t skip;
	int rectangles;
	int width, height;
	int64_t tight_size;
	long updates;
	long reported;
	int drawn;
};

static int64_t received;
static int screen_width, screen_height;

static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "vnc_load: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static unsigned int u16(const unsigned char *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static uint32_t u32(const unsigned char *bytes)
{
	return (uint32_t)u16(bytes) << 16 | u16(bytes + 2);
}

/* The handshake blocks; servers are given ten seconds. */

static void get(int socket, void *bytes, size_t length)
{
	if (recv(socket, bytes, length, MSG_WAITALL) != (ssize_t)length)
		fail("the server ended the handshake: %s", strerror(errno));
}

static void put(int socket, const void *bytes, size_t length)
{
	if (send(socket, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
		fail("the server takes nothing: %s", strerror(errno));
}

static void ask(struct client *client, int incremental)
{
	unsigned char request[10] = { 3, incremental, 0, 0, 0, 0, screen_width >> 8, screen_width, screen_height >> 8,
				      screen_height };

	put(client->socket, request, sizeof(request));
}

static void await(struct client *client, enum state state, int wanted)
{
	client->state = state;
	client->wanted = wanted;
	client->have = 0;
}

static int connect_to(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { .tv_sec = 10 };
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("port %d: %s", port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void open_client(struct client *client, int port, int encoding)
{
	static const unsigned char format[20] = { 0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 };
	unsigned char encodings[12] = { 2, 0, 0, 2 };
	unsigned char bytes[256];
	int32_t level = COMPRESS_LEVEL_2;
	int i;

	client->socket = connect_to(port);
	get(client->socket, bytes, 12);
	put(client->socket, "RFB 003.008\n", 12);
	get(client->socket, bytes, 1);
	if (bytes[0] == 0)
		fail("the server refuses");
	get(client->socket, bytes + 1, bytes[0]);
	for (i = 1; i <= bytes[0] && bytes[i] != 1; i++)
		;
	if (i > bytes[0])
		fail("the server wants a password");
	put(client->socket, "\001", 1);
	get(client->socket, bytes, 4);
	if (u32(bytes) != 0)
		fail("the server refuses");
	put(client->socket, "\001", 1);
	get(client->socket, bytes, 24);
	screen_width = u16(bytes);
	screen_height = u16(bytes + 2);
	for (uint32_t name = u32(bytes + 20); name > 0;) {
		uint32_t piece = name < sizeof(bytes) ? name : sizeof(bytes);

		get(client->socket, bytes, piece);
		name -= piece;
	}
	put(client->socket, format, sizeof(format));
	encodings[7] = encoding;
	for (i = 0; i < 4; i++)
		encodings[8 + i] = (uint32_t)level >> (24 - 8 * i);
	put(client->socket, encodings, sizeof(encodings));
	fcntl(client->socket, F_SETFL, O_NONBLOCK);
	await(client, MESSAGE, 1);
}

static void next_rectangle(struct client *client)
{
	if (client->rectangles > 0) {
		await(client, RECTANGLE, 12);
		return;
	}
	await(client, COMPLETE, 0);
}

static void skip(struct client *client, int64_t bytes)
{
	client->skip = bytes;
	next_rectangle(client);
}

static void rectangle(struct client *client, const unsigned char *bytes)
{
	int32_t encoding = u32(bytes + 8);

	client->rectangles--;
	client->width = u16(bytes + 4);
	client->height = u16(bytes + 6);
	switch (encoding) {
	case RAW:
		skip(client, (int64_t)client->width * client->height * PIXEL);
		break;
	case COPY_RECT:
		skip(client, 4);
		break;
	case ZLIB:
	case ZRLE:
		await(client, LENGTH, 4);
		break;
	case TIGHT:
		await(client, TIGHT_CONTROL, 1);
		break;
	default:
		fail("a rectangle of encoding %d, which was not asked for", encoding);
	}
}

static void tight_data(struct client *client, int64_t size)
{
	if (size < MIN_TO_COMPRESS)
		skip(client, size);
	else
		await(client, TIGHT_LENGTH, 1);
}

static void tight_control(struct client *client, unsigned int control)
{
	int64_t whole = (int64_t)client->width * client->height * TPIXEL;

	switch (control >> 4) {
	case 8:
		skip(client, TPIXEL);
		break;
	case 9:
		await(client, TIGHT_LENGTH, 1);
		break;
	default:
		if (control & 0x80)
			fail("tight control %u", control);
		else if (control & 0x40)
			await(client, TIGHT_FILTER, 1);
		else
			tight_data(client, whole);
	}
}

/* One to three bytes, seven bits in each but the last. */
static void tight_length(struct client *client)
{
	const unsigned char *bytes = client->bytes;
	int last = client->have - 1;

	if (last < 2 && bytes[last] & 0x80) {
		client->wanted++;
		return;
	}
	skip(client, (bytes[0] & 0x7f) | (last > 0 ? (bytes[1] & 0x7f) << 7 : 0) | (last > 1 ? bytes[2] << 14 : 0));
}

static void tight_palette(struct client *client, int colours)
{
	int64_t line = colours == 2 ? (client->width + 7) / 8 : client->width;

	client->tight_size = line * client->height;
	tight_data(client, client->tight_size);
	if (client->state == TIGHT_LENGTH)
		client->skip = colours * TPIXEL;
	else
		client->skip += colours * TPIXEL;
}

static void message(struct client *client, int type)
{
	switch (type) {
	case 0:
		await(client, UPDATE, 3);
		break;
	case 1:
		await(client, COLOUR_MAP, 5);
		break;
	case 2:
		await(client, MESSAGE, 1);
		break;
	case 3:
		await(client, CUT_TEXT, 7);
		break;
	default:
		fail("a message of type %d", type);
	}
}

static void step(struct client *client)
{
	const unsigned char *bytes = client->bytes;

	switch (client->state) {
	case MESSAGE:
		message(client, bytes[0]);
		break;
	case UPDATE:
		client->rectangles = u16(bytes + 1);
		next_rectangle(client);
		break;
	case COMPLETE:
		client->updates++;
		client->drawn = 1;
		ask(client, 1);
		await(client, MESSAGE, 1);
		break;
	case RECTANGLE:
		rectangle(client, bytes);
		break;
	case LENGTH:
		skip(client, u32(bytes));
		break;
	case TIGHT_CONTROL:
		tight_control(client, bytes[0]);
		break;
	case TIGHT_FILTER:
		if (bytes[0] == 1)
			await(client, TIGHT_PALETTE, 1);
		else
			tight_data(client, (int64_t)client->width * client->height * TPIXEL);
		break;
	case TIGHT_PALETTE:
		tight_palette(client, bytes[0] + 1);
		break;
	case TIGHT_LENGTH:
		tight_length(client);
		break;
	case CUT_TEXT:
		client->skip = u32(bytes + 3);
		await(client, MESSAGE, 1);
		break;
	case COLOUR_MAP:
		client->skip = u16(bytes + 3) * 6;
		await(client, MESSAGE, 1);
		break;
	}
}

static void advance(struct client *client)
{
	while (client->skip == 0 && client->have == client->wanted)
		step(client);
}

static void consume(struct client *client, const unsigned char *bytes, ssize_t length)
{
	while (length > 0) {
		int64_t piece = client->skip;

		if (piece > 0) {
			piece = piece < length ? piece : length;
			client->skip -= piece;
		} else {
			piece = client->wanted - client->have;
			piece = piece < length ? piece : length;
			memcpy(client->bytes + client->have, bytes, piece);
			client->have += piece;
		}
		advance(client);
		bytes += piece;
		length -= piece;
	}
}

/* Reads what is there, but not for ever from one: the others wait. */
static void read_some(struct client *client)
{
	unsigned char buffer[BUFFER];

	for (int64_t taken = 0; taken < FAIR_SHARE;) {
		ssize_t got;

		if (client->skip > BUFFER)
			got = recv(client->socket, NULL, client->skip, MSG_TRUNC);
		else
			got = recv(client->socket, buffer, sizeof(buffer), 0);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			fail("the server closed a connection: %s", got ? strerror(errno) : "end of stream");
		taken += got;
		received += got;
		if (client->skip > BUFFER) {
			client->skip -= got;
			advance(client);
		} else {
			consume(client, buffer, got);
		}
	}
}

static int all_drawn(const struct client *clients, int count)
{
	for (int i = 0; i < count; i++)
		if (!clients[i].drawn)
			return 0;
	return 1;
}

static void report(struct client *clients, int count)
{
	static int64_t reported;
	long all = 0, least = 0, most = 0;

	for (int i = 0; i < count; i++) {
		long updates = clients[i].updates - clients[i].reported;

		clients[i].reported = clients[i].updates;
		all += updates;
		least = i == 0 || updates < least ? updates : least;
		most = updates > most ? updates : most;
	}
	printf("updates=%ld bytes=%lld least=%ld most=%ld\n", all, (long long)(received - reported), least, most);
	fflush(stdout);
	reported = received;
}

static void run(int epoll, struct client *clients, int count, int seconds)
{
	int64_t next = 0;

	while (next == 0 || seconds > 0) {
		struct epoll_event events[MOST_EVENTS];
		int64_t left = next ? (next - now() + 999999) / 1000000 : 100;
		int ready = epoll_wait(epoll, events, MOST_EVENTS, left < 0 ? 0 : left);

		for (int i = 0; i < ready; i++)
			read_some(events[i].data.ptr);
		if (next == 0 && all_drawn(clients, count)) {
			next = now() + 1000000000;
			for (int i = 0; i < count; i++)
				clients[i].reported = clients[i].updates;
			printf("ready\n");
			fflush(stdout);
		} else if (next != 0 && now() >= next) {
			report(clients, count);
			next += 1000000000;
			seconds--;
		}
	}
}

static int encoding_named(const char *name)
{
	return strcmp(name, "raw") == 0	  ? RAW
	       : strcmp(name, "zlib") == 0  ? ZLIB
	       : strcmp(name, "tight") == 0 ? TIGHT
	       : strcmp(name, "zrle") == 0  ? ZRLE
					    : -1;
}

int main(int argc, char **argv)
{
	int count = argc == 5 ? atoi(argv[2]) : 0;
	int encoding = argc == 5 ? encoding_named(argv[3]) : -1;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct client *clients = calloc(count + 1, sizeof(*clients));

	if (count < 1 || encoding < 0 || epoll < 0 || !clients) {
		fprintf(stderr, "usage: vnc_load PORT CLIENTS raw|zlib|tight|zrle SECONDS\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = clients + i };

		open_client(clients + i, atoi(argv[1]), encoding);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].socket, &event))
			fail("epoll_ctl: %s", strerror(errno));
	}
	/* Not before: a server with one thread would wait for somebody to read the first picture. */
	for (int i = 0; i < count; i++)
		ask(clients + i, 0);
	run(epoll, clients, count, atoi(argv[4]));
	return 0;
}

/* support/segments.c: see segments.h. The layout is that of RFC 791, 3.1 and RFC 9293, 3.1. */
#include "support/segments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/time.h>

#include "support/must.h"

#define CLIENT "10.9.0.2"

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	char data[2048];
};

static int name_space(void)
{
	if (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
		return 0;
	return -errno;
}

static int configure(const char *name)
{
	struct ifreq request = {.ifr_name = ""};
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	(void)inet_pton(AF_INET, SEGMENTS_SERVER, &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	if (ioctl(fd, SIOCSIFADDR, &request))
		error = -errno;
	(void)inet_pton(AF_INET, "255.255.255.0", &address.sin_addr);
	memcpy(&request.ifr_netmask, &address, sizeof(address));
	if (!error && ioctl(fd, SIOCSIFNETMASK, &request))
		error = -errno;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (!error && ioctl(fd, SIOCSIFFLAGS, &request))
		error = -errno;
	(void)close(fd);
	return error;
}

int segments_open(struct segments *link)
{
	struct ifreq request = {.ifr_name = "far0"};
	int error = name_space();

	if (error)
		return error;
	link->tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (link->tun < 0)
		return -errno;
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	error = ioctl(link->tun, TUNSETIFF, &request) ? -errno : configure(request.ifr_name);
	if (error)
		(void)close(link->tun);
	return error;
}

void segments_close(struct segments *link)
{
	(void)close(link->tun);
}

static uint32_t add_up(uint32_t sum, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

void segments_peer(struct segments_peer *peer, struct segments *link, uint16_t port)
{
	*peer = (struct segments_peer){.link = link, .port = port, .next = 1000};
}

void segments_send(struct segments_peer *peer, int flags, const char *text)
{
	struct packet packet = {.tcp = {.doff = sizeof(packet.tcp) / 4}};
	size_t size = text ? strlen(text) : 0, segment = sizeof(packet.tcp) + size;
	size_t all = sizeof(packet.ip) + segment;

	must(size <= sizeof(packet.data), "too much for one segment: %zu bytes", size);
	memcpy(packet.data, text ? text : "", size);
	packet.tcp.source = htons(peer->port);
	packet.tcp.dest = htons(peer->link->server_port);
	packet.tcp.seq = htonl(peer->next);
	packet.tcp.ack_seq = htonl(flags & SEGMENT_ACK ? peer->acked : 0);
	packet.tcp.th_flags = (uint8_t)flags;
	packet.tcp.window = htons(65535);
	packet.ip = (struct iphdr){.version = 4,
				   .ihl = sizeof(packet.ip) / 4,
				   .tot_len = htons((uint16_t)all),
				   .ttl = 64,
				   .protocol = IPPROTO_TCP};
	(void)inet_pton(AF_INET, CLIENT, &packet.ip.saddr);
	(void)inet_pton(AF_INET, SEGMENTS_SERVER, &packet.ip.daddr);
	packet.ip.check = folded(add_up(0, &packet.ip, sizeof(packet.ip)));
	/* The pseudo header: both addresses, the protocol, the size. */
	packet.tcp.check =
		folded(add_up(add_up((uint32_t)(IPPROTO_TCP + segment), &packet.ip.saddr, 8),
			      &packet.tcp, segment));
	peer->next += (uint32_t)size + (flags & (SEGMENT_SYN | SEGMENT_FIN) ? 1 : 0);
	must(write(peer->link->tun, &packet, all) == (ssize_t)all, "the segment was not taken");
}

static void take(struct segments_peer *peer, const struct packet *packet, size_t size)
{
	size_t header = packet->ip.ihl * 4u + packet->tcp.doff * 4u;
	size_t data = ntohs(packet->ip.tot_len) - header;
	int flags = packet->tcp.th_flags;

	must(packet->ip.ihl == 5 && size >= header + data, "a packet of %zu bytes", size);
	if (flags & SEGMENT_SYN)
		peer->acked = ntohl(packet->tcp.seq) + 1;
	peer->flags |= flags;
	if (flags & SEGMENT_RST || (data == 0 && !(flags & SEGMENT_FIN)))
		return;
	if (ntohl(packet->tcp.seq) != peer->acked)
		return; /* again */
	must(peer->size + data < sizeof(peer->text), "too much to keep");
	memcpy(peer->text + peer->size, (const char *)packet + header, data);
	peer->size += (unsigned)data;
	peer->text[peer->size] = '\0';
	peer->acked += (uint32_t)data + (flags & SEGMENT_FIN ? 1 : 0);
	segments_send(peer, SEGMENT_ACK, NULL);
}

bool segments_await(struct segments_peer *peer, int flags, int milliseconds)
{
	weir_time until = weir_after(milliseconds * WEIR_MILLISECOND);

	while ((peer->flags & flags) != flags) {
		struct pollfd ready = {peer->link->tun, POLLIN, 0};
		weir_time left = until - weir_now();
		struct packet packet;
		ssize_t got;

		if (left <= 0)
			return false;
		(void)poll(&ready, 1, (int)(left / WEIR_MILLISECOND) + 1);
		got = read(peer->link->tun, &packet, sizeof(packet));
		if (got >= (ssize_t)(sizeof(packet.ip) + sizeof(packet.tcp)) &&
		    packet.ip.version == 4 && packet.ip.protocol == IPPROTO_TCP &&
		    ntohs(packet.tcp.dest) == peer->port)
			take(peer, &packet, (size_t)got);
	}
	return true;
}

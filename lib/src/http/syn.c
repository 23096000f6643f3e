/* syn.c: see syn.h.
 *
 * The filter is classic BPF (Documentation/networking/filter.rst, socket(7) SO_ATTACH_FILTER).
 * A TCP socket's filter sees segments from the TCP header on; a listener's sees those of its
 * handshakes, too. Byte 13 of the header has the flags (RFC 9293, 3.1): SYN without ACK opens a
 * connection.
 *
 * Handshakes under way are asked for by sock_diag(7): sockets in SYN_RECV, sorted out by port here.
 * (With SYN cookies, that is in a flood, the kernel keeps none, and nothing is known of them.)
 */
#include "http/syn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLAGS_OFFSET 13
#define FLAG_SYN 0x02
#define FLAG_ACK 0x10
#define STATE_SYN_RECV 3 /* TCP_SYN_RECV of the kernel's net/tcp_states.h */

int weir__syn_refuse(int listener)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FLAG_SYN | FLAG_ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAG_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog filter = {sizeof(program) / sizeof(program[0]),
					  (struct sock_filter *)program};

	return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ? -errno
											   : 0;
}

void weir__syn_unfilter(int connection)
{
	int unused = 0;

	(void)setsockopt(connection, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}

static int ask(int netlink, int family)
{
	const struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = {.nlmsg_len = sizeof(message),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = (uint8_t)family,
			    .sdiag_protocol = IPPROTO_TCP,
			    .idiag_states = 1U << STATE_SYN_RECV},
	};
	ssize_t sent = send(netlink, &message, sizeof(message), 0);

	return sent == (ssize_t)sizeof(message) ? 0 : -EIO;
}

static bool has_port(const struct weir__syn_ports *ports, in_port_t port)
{
	unsigned n = ntohs(port);

	return ports->bits[n / 8] & 1U << n % 8;
}

/* Counts those of one datagram. True when there are more. */
static bool count_answers(const char *data, size_t size, const struct weir__syn_ports *ports,
			  unsigned *count)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)data;
	uint32_t left = (uint32_t)size;

	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		const struct inet_diag_msg *socket = NLMSG_DATA(header);

		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return false;
		if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(*socket)))
			*count += has_port(ports, socket->id.idiag_sport);
	}
	return true;
}

static unsigned count_pending(int netlink, int family, const struct weir__syn_ports *ports)
{
	_Alignas(struct nlmsghdr) char data[16384];
	unsigned count = 0;
	bool more = ask(netlink, family) == 0;

	while (more) {
		ssize_t got = recv(netlink, data, sizeof(data), 0);

		if (got < 0 && errno == EINTR)
			continue;
		more = got > 0 && count_answers(data, (size_t)got, ports, &count);
	}
	return count;
}

void weir__syn_ports_add(struct weir__syn_ports *ports, int listener)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t size = sizeof(address);
	unsigned port;

	if (getsockname(listener, &address.any, &size) ||
	    (address.any.sa_family != AF_INET && address.any.sa_family != AF_INET6))
		return;
	if (address.any.sa_family == AF_INET) {
		ports->v4 = true;
		port = ntohs(address.in.sin_port);
	} else {
		ports->v6 = true;
		port = ntohs(address.in6.sin6_port);
	}
	ports->bits[port / 8] |= (unsigned char)(1U << port % 8);
}

unsigned weir__syn_pending(const struct weir__syn_ports *ports)
{
	unsigned count = 0;
	int netlink;

	if (!ports->v4 && !ports->v6)
		return 0;
	netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (netlink < 0)
		return 0;
	if (ports->v4)
		count += count_pending(netlink, AF_INET, ports);
	if (ports->v6)
		count += count_pending(netlink, AF_INET6, ports);
	(void)close(netlink);
	return count;
}

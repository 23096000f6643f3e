/* conn.h: one client connection, as long as libmicrohttpd owns its socket.
 *
 * Small, because idle connections are many. Acceptor thread only.
 */
#ifndef WEIR_HTTP_CONN_H
#define WEIR_HTTP_CONN_H

#include "http/acceptor.h"

struct MHD_Connection;

/* Seconds of libmicrohttpd's own inactivity timeout: never reached, because the deadlines
 * here are shorter; its list of connections is kept sorted only if there is one. */
#define WEIR__MHD_TIMEOUT 86400u

struct weir__conn {
	struct weir__watch watch; /* the client watch: hang-ups only */
	struct weir__list all;
	struct weir__deadline deadline;
	struct MHD_Connection *mhd;
	weir_request *request; /* the current one; NULL while idle */
	struct weir__listener *listener;
	struct weir__tls *tls;       /* NULL: it speaks none */
	struct weir__client *client; /* among whose connections it counts; NULL: nobody's */
	weir_time came;              /* when it was accepted */
	int fd;
	uint8_t scope;        /* enum weir_scope of its listener */
	bool used : 1;        /* has had a request */
	bool asked_stop : 1;  /* ... which asked for the stop: it may ask for the report, too */
	bool half_closed : 1; /* the client will send no more */
	bool gone : 1;        /* the client has gone */
	bool read_shut : 1;   /* we have shut down its reading side */
	bool closing : 1;     /* libmicrohttpd is to close it when it next asks */
	bool bad_end : 1;     /* a request on it did not end well */
	bool idle_end : 1;    /* ends with the acceptor's thread, nothing being on it */
	bool upgraded : 1;    /* has left HTTP: counted elsewhere */
	bool leaving : 1;     /* could not, over TLS: one of acceptor->leaving */
	bool unread : 1;      /* closes with part of a request unread: linger */
	bool probed : 1;
	union weir__address peer;
};

/* Hands an accepted socket to libmicrohttpd. Takes `fd`; counts. */
void weir__conn_add(struct weir__acceptor *acceptor, int fd, const union weir__address *peer,
		    socklen_t peer_size, struct weir__listener *listener);

void weir__conn_deadline(struct weir__acceptor *acceptor, struct weir__conn *conn,
			 enum weir__deadline_class class);

/* expire.c: a deadline of the connection has passed. */
void weir__conn_expire(struct weir__acceptor *acceptor, struct weir__conn *conn,
		       enum weir__deadline_class class);

/* conn.c: no more will come: the client has half-closed, or it is too late for it. Its last request
 * may still lie unread in the socket. */
void weir__conn_expire_hangup(struct weir__acceptor *acceptor, struct weir__conn *conn);

/* Makes libmicrohttpd close it, whatever state it is in, with the answer not sent. */
void weir__conn_close(struct weir__acceptor *acceptor, struct weir__conn *conn);

/* A stop has begun and nothing is being answered on it: closes it cleanly, once what has
 * already been received was looked at. Ordinary connections only. */
void weir__conn_stop_reading(struct weir__acceptor *acceptor, struct weir__conn *conn);

/* A request is about to wait for its handler: its client may have gone before there was a
 * request that this could have been told to. May close the connection. */
void weir__conn_recheck(struct weir__acceptor *acceptor, struct weir__conn *conn);

/* Lets a suspended request go on. */
void weir__conn_resume(struct weir__acceptor *acceptor, weir_request *request);
void weir__conn_suspend(struct weir__acceptor *acceptor, weir_request *request);

/* libmicrohttpd's notification of a connection's begin and end. */
void weir__conn_started(struct weir__acceptor *acceptor, struct MHD_Connection *mhd,
			void **context);
void weir__conn_closed(struct weir__acceptor *acceptor, void **context);

#endif

/* front.c: see front.h. Their patience with a client is short: some cases end by it. */
#include "front.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/must.h"

/* Connections to the server are shared among clients, so that what one leaves behind on them
 * would reach another. */
static const char haproxy_text[] = "global\n"
				   "	maxconn 100\n"
				   "defaults\n"
				   "	mode http\n"
				   "	timeout client 1s\n"
				   "	timeout http-request 1s\n"
				   "	timeout http-keep-alive 1s\n"
				   "	timeout connect 10s\n"
				   "	timeout server 10s\n"
				   "frontend front\n"
				   "	bind unix@%s/front.sock\n"
				   "	%s\n"
				   "	default_backend weir\n"
				   "backend weir\n"
				   "	http-reuse always\n"
				   "	server weir %s\n";

static const char nginx_text[] = "daemon off;\n"
				 "master_process off;\n"
				 "pid %1$s/nginx.pid;\n"
				 "error_log stderr notice;\n"
				 "events { worker_connections 100; }\n"
				 "http {\n"
				 "	access_log off;\n"
				 "	client_body_temp_path %1$s/body;\n"
				 "	proxy_temp_path %1$s/proxy;\n"
				 "	fastcgi_temp_path %1$s/fastcgi;\n"
				 "	uwsgi_temp_path %1$s/uwsgi;\n"
				 "	scgi_temp_path %1$s/scgi;\n"
				 "	client_header_timeout 1s;\n"
				 "	client_body_timeout 1s;\n"
				 "	keepalive_timeout 1s;\n"
				 "	upstream weir { server %3$s; keepalive 2; }\n"
				 "	server {\n"
				 "		listen unix:%1$s/front.sock;\n"
				 "		%2$s\n"
				 "		location / {\n"
				 "			proxy_pass http://weir;\n"
				 "			proxy_http_version 1.1;\n"
				 "			proxy_set_header Connection \"\";\n"
				 "		}\n"
				 "	}\n"
				 "}\n";

static const char *const unbuffered = "proxy_request_buffering off; ignore_invalid_headers off; "
				      "underscores_in_headers on; merge_slashes off;";

static void write_config(struct front *front, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void write_config(struct front *front, const char *format, ...)
{
	char *text;
	va_list args;
	int size;

	va_start(args, format);
	size = vasprintf(&text, format, args);
	va_end(args);
	must(size > 0, "no memory");
	scratch_write(&front->scratch, "config", text, (size_t)size);
	free(text);
}

static void await(struct front *front, const char *word)
{
	const char *line;

	do {
		line = process_line(&front->process);
		must(line != NULL, "it ended: %s", front->process.text ? front->process.text : "");
	} while (strstr(line, word) == NULL);
}

static void start_haproxy(struct front *front, const char *program, const char *kind,
			  const char *address)
{
	char config[PATH_MAX + 16];
	const char *const argv[] = {program, "-W", "-db", "-f", config, NULL};

	write_config(front, haproxy_text, front->scratch.path,
		     strstr(kind, "lenient") ? "option accept-invalid-http-request"
					     : "no option accept-invalid-http-request",
		     address);
	(void)snprintf(config, sizeof(config), "%s/config", front->scratch.path);
	process_start(&front->process, front->scratch.path, argv);
	await(front, "[NOTICE]");
}

static void start_nginx(struct front *front, const char *program, const char *kind,
			const char *address)
{
	char config[PATH_MAX + 16];
	const char *const argv[] = {program, "-c", config, "-e", "stderr", NULL};

	write_config(front, nginx_text, front->scratch.path,
		     strstr(kind, "unbuffered") ? unbuffered : "", address);
	(void)snprintf(config, sizeof(config), "%s/config", front->scratch.path);
	process_start(&front->process, front->scratch.path, argv);
	await(front, "using the \"epoll\"");
}

bool front_start(struct front *front, const char *kind, const char *address)
{
	bool haproxy = strncmp(kind, "haproxy", 7) == 0;
	const char *program = haproxy ? "/usr/sbin/haproxy" : "/usr/sbin/nginx";

	if (access(program, X_OK) != 0)
		return false;
	*front = (struct front){0};
	scratch_make(&front->scratch);
	(void)snprintf(front->url, sizeof(front->url), "unix:%s/front.sock", front->scratch.path);
	(haproxy ? start_haproxy : start_nginx)(front, program, kind, address);
	return true;
}

void front_stop(struct front *front)
{
	process_signal(&front->process, SIGTERM);
	(void)process_wait(&front->process);
	process_free(&front->process);
	scratch_remove(&front->scratch);
}
